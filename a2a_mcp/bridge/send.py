"""Send a message: find its route, prepare it, record it, and hand it over to the tracker.

Nothing leaves before the message is in the task store. It never waits for an answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import uuid4

import anyio

from a2a_mcp.a2a.errors import A2AError, Delivery
from a2a_mcp.a2a.interface_text import tenant_in
from a2a_mcp.a2a.model import JSON, Message, Part, Role, TaskStatus
from a2a_mcp.a2a.requests import SendMessageRequest
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.deadlines import FIRST_WORD_SECONDS, call_within, seconds_to_wait
from a2a_mcp.bridge.extended_cards import merged
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.bridge.reading import DEFAULT_HISTORY
from a2a_mcp.bridge.routing import Route, Router, checked_id
from a2a_mcp.errors import ConsentNeeded, NotAllowed, SentBefore
from a2a_mcp.files.accepted_types import DEFAULT_MODES, refuse_unwanted
from a2a_mcp.presentation import sentences, tenant_sentences
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.text.titles import title_of
from a2a_mcp.tracking.tracked_task import TrackedTask
from a2a_mcp.tracking.tracker import TaskTracker


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What a caller wants to say; `parts` are the files and data beside the text.

    `message_id` marks an answer that may come twice: it goes to the task that asked, or nowhere.
    `past` is a stop that has been dealt with: the call waits for what comes after it.
    `confirmed` says that the person has agreed to the message, or has written it.
    `wait_seconds` is the budget of the call, of which `spent` seconds are used up.
    """

    text: str
    agent: str | None = None
    task_id: str | None = None
    context_id: str | None = None
    tenant: str | None = None
    parts: tuple[Part, ...] = ()
    metadata: dict[str, JSON] = field(default_factory=dict)
    wait_seconds: float | None = None
    message_id: str | None = None
    past: TaskStatus | None = None
    spent: float = 0.0
    confirmed: bool = False


class Tracked(NamedTuple):
    """A tracked task, and a note for its caller, such as where the message went."""

    task: TrackedTask
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The task that a message is sent to, None for a new one.

    `before` is the status that its agent showed last. `reference` is the ended task that a new one
    follows. `note` says where the message goes if that is not what the caller asked for.
    """

    continued: TaskRecord | None = None
    before: TaskStatus | None = None
    reference: str | None = None
    note: str | None = None


class Sender:
    """Sends the messages of the callers of one process."""

    def __init__(
        self,
        registry: Registry,
        tasks: TaskStore,
        router: Router,
        reader: Reader,
        tracker: TaskTracker,
    ) -> None:
        self._registry = registry
        self._tasks = tasks
        self._router = router
        self._reader = reader
        self._tracker = tracker

    async def start(self, owner: str, request: SendRequest) -> Tracked:
        """Record a message and start to deliver it in the background.

        Raises A2AError and BridgeError, ConsentNeeded among them; then nothing was sent.
        """
        route = await self._find_route(owner, request)
        self._registry.check_change(route.agent)
        self._check_tenant(route, request)
        self._check_consent(owner, route.agent, request)
        target = await self._prepare(owner, route, request)
        await self._refuse_unaccepted(owner, route.agent, request)
        target = _choose_target(target, route, request)
        message = self._make_message(owner, target, route, request)
        record = await self._record(owner, target, route, request, message)
        return self._deliver(record, target, message)

    def _check_tenant(self, route: Route, request: SendRequest) -> None:
        """Raise NotAllowed for a tenant that the configuration does not name, or another one."""
        if request.tenant is None:
            return
        allowed = self._registry.agent(route.agent).tenants
        if request.tenant not in allowed:
            raise NotAllowed(
                tenant_sentences.not_allowed(route.agent, allowed),
                tenant_sentences.NOT_ALLOWED_NEXT,
                agent=route.agent,
            )
        if route.interface and tenant_in(route.interface) != request.tenant:
            raise NotAllowed(
                tenant_sentences.OF_OTHER, tenant_sentences.OF_OTHER_NEXT, agent=route.agent
            )

    def _check_consent(self, owner: str, agent: str, request: SendRequest) -> None:
        connection = self._registry.connection(agent, owner)  # it may be gone since its task began
        if connection.config.confirm and not request.confirmed:
            raise ConsentNeeded(agent)

    async def _find_route(self, owner: str, request: SendRequest) -> Route:
        """Return where a message goes; a task that only its agent knows is adopted first."""
        if request.task_id and request.agent:
            await self._adopt_if_unknown(owner, request.task_id, request.agent, request)
        route = await self._router.route(owner, request.agent, request.task_id, request.context_id)
        if route.record is None or route.record.task_id is not None:
            return route
        record = await self._find_task_id(route.record, request)
        return replace(route, record=record, interface=record.interface)

    async def _adopt_if_unknown(
        self, owner: str, task_id: str, agent: str, request: SendRequest
    ) -> None:
        name = self._registry.resolve(agent)
        if await self._tasks.find(owner, checked_id(task_id), name):
            return
        with _nothing_sent(), call_within(self._seconds(name, request)):
            await self._reader.read(owner, task_id, name)

    async def _find_task_id(self, record: TaskRecord, request: SendRequest) -> TaskRecord:
        """Return the record with its task's id; raises NotAllowed where that is not known."""
        with _nothing_sent(), call_within(self._seconds(record.agent, request)):
            record = await self._reader.find_task_id(record)
        if record.task_id is None:
            raise await self._reader.explain_no_task(record)
        return record

    async def _prepare(self, owner: str, route: Route, request: SendRequest) -> Target:
        """Find out how the agent is called, and read the task that the message continues.

        An agent that cannot be called leaves no trace in the task store. An agent that is slow to
        show its card is called in the background.
        """
        target = Target(route.record)
        connection = self._registry.connection(route.agent, owner)
        if route.record is None and connection.ready:
            return target
        with _nothing_sent(), anyio.move_on_after(self._seconds(route.agent, request)):
            await connection.choice()
            return await self._read_target(target)
        return target

    async def _read_target(self, target: Target) -> Target:
        record = target.continued
        if record is None or record.task_id is None or record.state.terminal:
            return target
        found = await self._reader.fetch(record, DEFAULT_HISTORY)
        return Target(found.record, before=found.task.status if found.task else None)

    async def _refuse_unaccepted(self, owner: str, agent: str, request: SendRequest) -> None:
        """Raise an error for what the agent's card says it will not take."""
        connection = self._registry.connection(agent, owner)
        connection.refuse_unmet()
        if request.parts and connection.found:
            public = connection.found.card
            with _nothing_sent():
                extended = await connection.extended.known()
            found = extended.found if extended else None
            refuse_unwanted(agent, merged(public, found.card) if found else public, request.parts)

    def _make_message(
        self, owner: str, target: Target, route: Route, request: SendRequest
    ) -> Message:
        return Message(
            message_id=request.message_id or uuid4().hex,
            role=Role.USER,
            parts=_parts(request),
            task_id=target.continued.task_id if target.continued else None,
            context_id=route.context_id,
            metadata=request.metadata,
            extensions=self._registry.connection(route.agent, owner).config.extensions,
            reference_task_ids=(target.reference,) if target.reference else (),
        )

    async def _record(
        self, owner: str, target: Target, route: Route, request: SendRequest, message: Message
    ) -> TaskRecord:
        """Write the message to the task store, before it leaves.

        Raises NotAllowed where too many tasks are tracked, SentBefore for an answer that came
        before.
        """
        connection = self._registry.connection(route.agent, owner)
        context_id = route.context_id
        if context_id is None and target.continued is None:
            context_id = connection.new_context()
        await self._tracker.let_begin(owner)
        if request.message_id and not await self._tasks.claim(request.message_id):
            raise SentBefore(route.agent, request.task_id)
        return await self._tasks.begin(
            owner=owner,
            agent=route.agent,
            message_id=message.message_id,
            context_id=context_id,
            interface=route.interface or connection.new_conversation(request.tenant),
            title=self._title(request),
        )

    def _title(self, request: SendRequest) -> str | None:
        """Return the title of a task that a message begins; None where none are kept."""
        config = self._registry.config
        return title_of(request.text, config.secrets.pieces) if config.server.keep_titles else None

    def _deliver(self, record: TaskRecord, target: Target, message: Message) -> Tracked:
        connection = self._registry.connection_of(record)
        request = SendMessageRequest(
            message=message,
            accepted_output_modes=connection.config.output_modes or DEFAULT_MODES,
        )
        tracked = self._tracker.send(connection, record, request, target.before, target.continued)
        return Tracked(tracked, target.note)

    def _seconds(self, agent: str, request: SendRequest) -> float:
        """Return the seconds that may pass before the message leaves."""
        budget = seconds_to_wait(self._registry, agent, request.wait_seconds, request.spent)
        return budget + FIRST_WORD_SECONDS


def _choose_target(target: Target, route: Route, request: SendRequest) -> Target:
    """Return where the message really goes: after an ended task it starts a new one."""
    if target.continued and target.continued.state.terminal:
        return _follow_ended(target, target.continued, request)
    if target.before and not target.before.state.stop:
        note = sentences.SENT_TO_RUNNING_TASK.format(task_id=request.task_id)
        return replace(target, note=note)
    if route.waiting_task_id:
        note = sentences.CONVERSATION_WAITS.format(task_id=route.waiting_task_id)
        return replace(target, note=note)
    return target


def _follow_ended(target: Target, ended: TaskRecord, request: SendRequest) -> Target:
    """Return the target of a message to an ended task; raises NotAllowed for an answer to it."""
    if request.message_id:  # an answer must not start another task
        raise NotAllowed(
            sentences.ANSWER_AFTER_END.format(task_id=ended.task_id, state=ended.state),
            sentences.ANSWER_AFTER_END_NEXT,
            agent=ended.agent,
            task_id=ended.task_id,
        )
    note = sentences.SENT_AFTER_END.format(task_id=ended.task_id, state=ended.state)
    return replace(target, continued=None, before=None, reference=ended.task_id, note=note)


def _parts(request: SendRequest) -> tuple[Part, ...]:
    """Return the parts of a message; an empty text is left out, since strands agents refuse it."""
    if request.parts and not request.text:
        return request.parts
    return (Part(kind="text", text=request.text), *request.parts)


@contextlib.contextmanager
def _nothing_sent() -> Iterator[None]:
    """Let every error say that no message has left."""
    try:
        yield
    except A2AError as error:
        raise error.with_delivery(Delivery.NEVER) from error
