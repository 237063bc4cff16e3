"""The use cases: send, get, cancel, follow, list. No MCP types, no HTTP.

Every access to a task passes `Router` with its owner. What comes out is a view; what fails is a
`BridgeError` or an `A2AError`, and only the layer above words it as a result.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

import anyio

from a2a_mcp.a2a.errors import A2AError, Delivery
from a2a_mcp.a2a.model import JSON, Message, Part, Role, SendMessageRequest, TaskStatus
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.cancel import Canceller, in_time
from a2a_mcp.bridge.read_task import DEFAULT_HISTORY, Reader
from a2a_mcp.bridge.routing import Route, Router, checked
from a2a_mcp.bridge.task_result import TaskResultBuilder
from a2a_mcp.bridge.updates import Notice, Updates
from a2a_mcp.errors import NotAllowed, SentBefore
from a2a_mcp.files.accepted_types import DEFAULT_MODES, refuse_unwanted
from a2a_mcp.presentation import task_view
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.store.results import ResultStore
from a2a_mcp.tracking.tracked_task import TrackedTask
from a2a_mcp.tracking.tracker import TaskTracker

FIRST_WORD_SECONDS: Final = 0.4  # beyond the budget: a real task id is worth more than a handle


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What a caller wants to say; `parts` are the files and data beside the text.

    `message_id` marks an answer that may come twice: it goes to the task that asked or nowhere.
    `past` is a stop that has been dealt with: what comes after it is waited for. `spent` are
    seconds of the budget that are used up.
    """

    text: str
    agent: str | None = None
    task_id: str | None = None
    context_id: str | None = None
    parts: tuple[Part, ...] = ()
    metadata: dict[str, JSON] = field(default_factory=dict)
    wait_seconds: float | None = None
    message_id: str | None = None
    past: TaskStatus | None = None
    spent: float = 0.0


class Bridge:
    """The use cases of one process, for any number of owners."""

    def __init__(
        self, registry: Registry, tasks: TaskStore, follower: TaskTracker, kept: ResultStore
    ) -> None:
        self.registry = registry
        self.tasks = tasks
        self.router = Router(registry, tasks)
        self.reader = Reader(registry, tasks, self.router, follower, kept)
        self.outcomes = TaskResultBuilder(tasks, self.reader, follower)
        self._canceller = Canceller(registry, self.reader, self.outcomes)
        self._follower = follower

    async def send(
        self, owner: str, outgoing: SendRequest, notice: Notice | None = None
    ) -> TaskView:
        """Send a message, wait within the budget, and view what came of it."""
        began = time.monotonic()
        follow, note = await self.begin(owner, outgoing)
        left = self._budget(follow.agent, outgoing) - (time.monotonic() - began)
        await self.wait(follow, left, Updates(notice) if notice else None)
        return await self.outcomes.of(follow, note)

    async def subscribe(
        self,
        owner: str,
        outgoing: SendRequest,
        max_updates: int,
        notice: Notice | None = None,
    ) -> TaskView:
        """Follow a running task, or start one and follow it; view the updates in order."""
        note, began = None, time.monotonic()
        joins = not (outgoing.text or outgoing.parts)
        if joins:
            joined = await self._joined(owner, outgoing)
            if isinstance(joined, TaskRecord):
                return await self.outcomes.of_nameless(joined)
            follow, note = joined
        else:
            follow, note = await self.begin(owner, outgoing)
        updates = Updates(notice, max_updates)
        left = self._budget(follow.agent, outgoing) - (time.monotonic() - began)
        missed = await self.wait(follow, left, updates, joins=joins)
        if missed:
            note = f"{note or ''} {missed} updates came too fast to be shown.".lstrip()
        return replace(await self.outcomes.of(follow, note), updates=tuple(updates.seen))

    async def wait(
        self,
        follow: TrackedTask,
        seconds: float,
        updates: Updates | None,
        *,
        joins: bool = False,
        longer: float = FIRST_WORD_SECONDS,
    ) -> int:
        """Wait for an answer, and `longer` for a first word; gives how many updates were missed."""
        try:
            missed = await follow.wait(seconds, updates, joins=joins)
            await follow.first_word(min(seconds, 0) + longer)
        except anyio.get_cancelled_exc_class():
            await self._canceller.call_off(follow)
            raise
        return missed

    async def get(
        self, owner: str, task_id: str, agent: str | None, history_length: int | None = None
    ) -> TaskView:
        """Read a task as it is now."""
        found = await self.reader.read(owner, task_id, agent, history_length)
        if found.message:
            return self.outcomes.of_message(found.record, found.message)
        if (task := found.task) is None:
            return await self.outcomes.of_nameless(found.record)
        view = await self.outcomes.of_reading(found.record, task, found.note)
        if history_length:
            view = replace(view, history=task_view.of_history(task, history_length))
        return self.outcomes.noted(view)

    async def followed(self, record: TaskRecord) -> TaskView | None:
        """View a task as its follow knows it; None for one that nobody reads just now."""
        follow = self._follower.of(record)
        if follow is None or follow.ended or follow.task is None:
            return None
        return await self.outcomes.of(follow)

    async def cancel(
        self, owner: str, task_id: str, agent: str | None, reason: str | None
    ) -> TaskView:
        """Ask the agent to stop a task, and say what state it is really in afterwards."""
        return await self._canceller.cancel(owner, task_id, agent, reason)

    async def begin(self, owner: str, outgoing: SendRequest) -> tuple[TrackedTask, str | None]:
        """Write the message down, then let it go; a note says where it went if not as asked."""
        route = await self._route(owner, outgoing)
        note, before, continued = None, None, route.record
        connection = self.registry.connection(route.agent)
        if continued or not connection.ready:
            seconds = self._budget(route.agent, outgoing) + FIRST_WORD_SECONDS
            with _nothing_sent(), anyio.move_on_after(seconds):
                # An agent that cannot be called leaves no trace in the map; one that is slow to
                # show its card is called in the background.
                await connection.choice()
                if continued and continued.task_id and not continued.state.terminal:
                    found = await self.reader.fetch(continued, DEFAULT_HISTORY)
                    continued, before = found.record, found.task.status if found.task else None
        connection.refuse_unmet()
        if outgoing.parts and connection.found:
            refuse_unwanted(route.agent, connection.found.card, outgoing.parts)
        reference = None
        if continued and continued.state.terminal:
            _may_begin_anew(outgoing, continued)
            reference, note = continued.task_id, _ended(continued)
            continued = None
        elif before and not before.state.stop:
            note = f"The task {outgoing.task_id} was at work already; the message went to it."
        elif route.waiting:
            note = (
                f"The task {route.waiting} of this conversation still waits for an answer; "
                "to answer it, give its task_id."
            )
        context_id = route.context_id or (None if continued else connection.new_context())
        message = Message(
            message_id=outgoing.message_id or uuid4().hex,
            role=Role.USER,
            parts=_parts(outgoing),
            task_id=continued.task_id if continued else None,
            context_id=route.context_id,
            metadata=outgoing.metadata,
            extensions=connection.config.extensions,
            reference_task_ids=(reference,) if reference else (),
        )
        self._follower.make_room(owner)
        if outgoing.message_id and not await self.tasks.claim(outgoing.message_id):
            raise SentBefore(route.agent, outgoing.task_id)
        record = await self.tasks.begin(
            owner=owner,
            agent=route.agent,
            message_id=message.message_id,
            context_id=context_id,
            interface=route.interface,
        )
        request = SendMessageRequest(
            message=message,
            accepted_output_modes=connection.config.output_modes or DEFAULT_MODES,
        )
        return self._follower.send(connection, record, request, before, continued), note

    async def _route(self, owner: str, outgoing: SendRequest) -> Route:
        """Find where a message goes; a task that is only known at its agent is adopted first."""
        if outgoing.task_id and outgoing.agent:
            name = self.registry.resolve(outgoing.agent)
            if not await self.tasks.find(owner, checked(outgoing.task_id), name):
                with _nothing_sent(), in_time(self._budget(name, outgoing) + FIRST_WORD_SECONDS):
                    await self.reader.read(owner, outgoing.task_id, name)
        route = await self.router.message(
            owner, outgoing.agent, outgoing.task_id, outgoing.context_id
        )
        if route.record and route.record.task_id is None:
            seconds = self._budget(route.agent, outgoing) + FIRST_WORD_SECONDS
            with _nothing_sent(), in_time(seconds):
                record = await self.reader.find(route.record)
            if record.task_id is None:
                raise await self.reader.nameless(record)
            return replace(route, record=record, interface=record.interface)
        return route

    async def attach(self, owner: str, outgoing: SendRequest) -> tuple[TrackedTask, str | None]:
        """Give the follow of a task, begun now where nobody follows it; raises as `get` does.

        A note says how old the task is where its agent could not be asked.
        """
        joined = await self._joined(owner, outgoing)
        if not isinstance(joined, TaskRecord):
            return joined
        ended = self._follower.of(joined)
        if ended is None:
            raise await self.reader.nameless(joined)
        return ended, None

    async def _joined(
        self, owner: str, outgoing: SendRequest
    ) -> tuple[TrackedTask, str | None] | TaskRecord:
        """Do what `attach` does; gives the record of a message that nobody can follow any more."""
        task_id, agent = outgoing.task_id or "", outgoing.agent
        name = self.registry.resolve(agent) if agent else None
        known = await self.tasks.find(owner, checked(task_id), name)
        running = self._live(known[0]) if len(known) == 1 else None
        if running and (running.message or not running.ended):
            running.pass_by(outgoing.past)
            return running, None
        asked = name or (self.registry.resolve(known[0].agent) if known else None)
        seconds = self._budget(asked, outgoing) + FIRST_WORD_SECONDS if asked else 0
        with in_time(seconds):
            found = await self.reader.read(owner, task_id, agent)
        record, task = found.record, found.task
        running = self._live(record)
        if running and not running.ended:
            running.pass_by(outgoing.past)
            return running, None
        if found.message:
            return TrackedTask.answered(record, found.message), None
        if task is None:
            return record
        self._follower.make_room(owner)
        connection = self.registry.connection(record.agent)
        return self._follower.attach(connection, record, task, outgoing.past), found.note

    def _live(self, record: TaskRecord) -> TrackedTask | None:
        """Give the follow of a task: of what was said to it last, where that is under way."""
        return self._follower.answering(record) or self._follower.of(record)

    def _budget(self, agent: str, outgoing: SendRequest) -> float:
        """Seconds to wait: what was asked, else the agent's or the server's, within the maximum."""
        own, server = self.registry.agent(agent), self.registry.config.server
        most = server.max_wait_seconds if own.max_wait_seconds is None else own.max_wait_seconds
        default = server.wait_seconds if own.wait_seconds is None else own.wait_seconds
        asked = outgoing.wait_seconds
        return max(min(default if asked is None else asked, most) - outgoing.spent, 0)


@contextlib.contextmanager
def _nothing_sent() -> Iterator[None]:
    """Say of every error in here that no message has left."""
    try:
        yield
    except A2AError as error:
        error.delivery = Delivery.NEVER
        raise


def _parts(outgoing: SendRequest) -> tuple[Part, ...]:
    """An empty text goes out only where there is nothing else: some agents refuse it (strands)."""
    if outgoing.parts and not outgoing.text:
        return outgoing.parts
    return (Part(kind="text", text=outgoing.text), *outgoing.parts)


def _may_begin_anew(outgoing: SendRequest, ended: TaskRecord) -> None:
    """Refuse an answer whose task has ended meanwhile: it must not begin another task."""
    if outgoing.message_id:
        raise NotAllowed(
            f"The task {ended.task_id} has ended ({ended.state}); the answer was not sent.",
            "Call get_task with this task_id.",
            agent=ended.agent,
            task_id=ended.task_id,
        )


def _ended(record: TaskRecord) -> str:
    return (
        f"The task {record.task_id} had ended ({record.state}), so this is a new task "
        "in the same conversation."
    )
