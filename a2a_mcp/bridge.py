"""The use cases: send, get, cancel, follow, list. No MCP types, no HTTP.

Every access to a task passes `Router` with its owner. What comes out is a view; what fails is a
`BridgeError` or an `A2AError`, and only the layer above words it as a result.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

import anyio

from a2a_mcp import views
from a2a_mcp.a2a.errors import A2AError, Delivery
from a2a_mcp.a2a.types import (
    JSON,
    CancelTaskRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    Task,
    TaskState,
)
from a2a_mcp.errors import BridgeError
from a2a_mcp.follow import Follow, Follower
from a2a_mcp.progress import Notice, Updates
from a2a_mcp.reading import DEFAULT_HISTORY, Reader
from a2a_mcp.registry import Registry
from a2a_mcp.routing import Route, Router, checked, unknown_task
from a2a_mcp.tasks import TaskMap, TaskRecord
from a2a_mcp.text import scrub
from a2a_mcp.views import TaskView

DEFAULT_MODES: Final = (
    "text/plain",
    "text/markdown",
    "application/json",
    "image/png",
    "image/jpeg",
)
FIRST_WORD_SECONDS: Final = 0.4  # beyond the budget: a real task id is worth more than a handle
NOTHING_HEARD: Final = (
    "Nothing was heard from the agent yet. The message is on its way or being worked on: do not "
    "send it again. Call get_task or subscribe with this task_id later."
)
BROKEN_OFF: Final = (
    "The agent broke off its answer; this is the state it has reported since. If it stays so, tell "
    "the user."
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a caller wants to say; `parts` are the files and data beside the text."""

    text: str
    agent: str | None = None
    task_id: str | None = None
    context_id: str | None = None
    parts: tuple[Part, ...] = ()
    metadata: dict[str, JSON] = field(default_factory=dict)
    wait_seconds: float | None = None


class Bridge:
    """The use cases of one process, for any number of owners."""

    def __init__(self, registry: Registry, tasks: TaskMap, follower: Follower) -> None:
        self.registry = registry
        self.tasks = tasks
        self.router = Router(registry, tasks)
        self.reader = Reader(registry, tasks, self.router, follower)
        self._follower = follower

    async def send(self, owner: str, outgoing: Outgoing, notice: Notice | None = None) -> TaskView:
        """Send a message, wait within the budget, and view what came of it."""
        began = anyio.current_time()
        follow, note = await self._begin(owner, outgoing)
        left = self._budget(follow.agent, outgoing) - (anyio.current_time() - began)
        await follow.wait(left, Updates(notice) if notice else None)
        await follow.first_word(min(left, 0) + FIRST_WORD_SECONDS)
        return await self._view(follow, note)

    async def subscribe(
        self,
        owner: str,
        outgoing: Outgoing,
        max_updates: int,
        notice: Notice | None = None,
    ) -> TaskView:
        """Follow a running task, or start one and follow it; view the updates in order."""
        note, began = None, anyio.current_time()
        if outgoing.text or outgoing.parts:
            follow, note = await self._begin(owner, outgoing)
        else:
            follow = await self._attach(owner, outgoing.task_id or "", outgoing.agent)
        updates = Updates(notice, max_updates)
        left = self._budget(follow.agent, outgoing) - (anyio.current_time() - began)
        await follow.wait(left, updates)
        await follow.first_word(min(left, 0) + FIRST_WORD_SECONDS)
        return replace(await self._view(follow, note), updates=tuple(updates.seen))

    async def get(
        self, owner: str, task_id: str, agent: str | None, history_length: int | None = None
    ) -> TaskView:
        """Read a task as it is now."""
        record, task = await self.reader.read(owner, task_id, agent, history_length)
        if task is None:
            return await self._waiting(owner, record)
        view = views.of_task(record.agent, task)
        if history_length:
            view = replace(view, history=views.of_history(task))
        return self._noted(view)

    async def cancel(
        self, owner: str, task_id: str, agent: str | None, reason: str | None
    ) -> TaskView:
        """Ask the agent to stop a task, and say what state it is really in afterwards.

        A task that has ended is not cancelled: some servers overwrite its result (a2a-wire 17.12).
        """
        record, task = await self.reader.read(owner, task_id, agent)
        if task is None:
            raise self.reader.nameless(record)
        if task.state.terminal:
            ended = f"The task had already ended ({task.state}); nothing was cancelled."
            return replace(views.of_task(record.agent, task, note=ended), failed=False)
        client = await self.registry.connection(record.agent).client(record.interface)
        metadata: dict[str, JSON] = {"reason": reason} if reason else {}
        refusal: A2AError | None = None
        try:
            await client.cancel(CancelTaskRequest(id=task.id, metadata=metadata))
        except A2AError as error:
            refusal = error
        record, after = await self.reader.read(owner, task.id, record.agent)
        return self._after_cancel(record, after or task, refusal)

    async def _begin(self, owner: str, outgoing: Outgoing) -> tuple[Follow, str | None]:
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
                    continued, now = await self.reader.fetch(continued, DEFAULT_HISTORY)
                    before = now.status if now else None
        reference = None
        if continued and continued.state.terminal:
            reference, note = continued.task_id, _ended(continued)
            continued = None
        message = Message(
            message_id=uuid4().hex,
            role=Role.USER,
            parts=_parts(outgoing),
            task_id=continued.task_id if continued else None,
            context_id=route.context_id,
            metadata=outgoing.metadata,
            reference_task_ids=(reference,) if reference else (),
        )
        record = await self.tasks.begin(
            owner=owner,
            agent=route.agent,
            message_id=message.message_id,
            context_id=route.context_id,
            interface=route.interface,
        )
        request = SendMessageRequest(
            message=message, accepted_output_modes=self._modes(route.agent)
        )
        return self._follower.send(connection, record, request, before), note

    async def _route(self, owner: str, outgoing: Outgoing) -> Route:
        """Find where a message goes; a task that is only known at its agent is adopted first."""
        if outgoing.task_id and outgoing.agent:
            record, _ = await self.reader.read(owner, outgoing.task_id, outgoing.agent)
            outgoing = replace(outgoing, agent=record.agent)
        route = await self.router.message(
            owner, outgoing.agent, outgoing.task_id, outgoing.context_id
        )
        if route.record and route.record.task_id is None:
            raise self.reader.nameless(route.record)
        return route

    async def _attach(self, owner: str, task_id: str, agent: str | None) -> Follow:
        name = self.registry.resolve(agent) if agent else None
        known = await self.tasks.find(owner, checked(task_id), name)
        running = self._follower.of(known[0]) if len(known) == 1 else None
        if running:
            return running
        record, task = await self.reader.read(owner, task_id, agent)
        if task is None:
            raise unknown_task(task_id, record.agent)
        return self._follower.attach(self.registry.connection(record.agent), record, task)

    async def _waiting(self, owner: str, record: TaskRecord) -> TaskView:
        """View a task that its agent has not named: what is heard here, or that it was lost."""
        follow = self._follower.of(record)
        if follow:
            return await self._view(follow, None)
        lost = self.reader.nameless(record)
        return TaskView(
            agent=record.agent,
            task_id=record.handle,
            context_id=record.context_id,
            state=TaskState.UNKNOWN,
            error=lost.message,
            next_step=lost.next_step,
            failed=True,
        )

    async def _view(self, follow: Follow, note: str | None) -> TaskView:
        """View what is known of a follow now; raises the error that ended it with nothing known."""
        agent, error = follow.agent, follow.error
        if follow.message is not None:
            return self._noted(views.of_message(agent, follow.message, note=note))
        if follow.task is None:
            if error:
                await self.tasks.update(follow.record, state=_state_after(error))
                if isinstance(error, A2AError):
                    error.message_id = follow.record.message_id
                raise error
            return await self._silent(follow)
        if not follow.task.state.stop:
            follow.record = await self.tasks.update(follow.record, state=follow.task.state)
        view = views.of_task(agent, follow.task, reason=error.message if error else None, note=note)
        if follow.ended and error and not follow.task.state.stop:
            lost = f"Contact with the agent was lost: {scrub(error.message)}."
            view = replace(view, note=lost if note is None else f"{lost} {note}")
        elif follow.broken_off:
            view = replace(view, note=BROKEN_OFF if note is None else f"{BROKEN_OFF} {note}")
        return self._noted(view)

    async def _silent(self, follow: Follow) -> TaskView:
        """View a message of which nothing was heard: a handle stands for its task."""
        if follow.record.handle is None:
            follow.record = await self.tasks.update(follow.record, handle=f"pending-{uuid4().hex}")
        record = follow.record
        return TaskView(
            agent=record.agent,
            task_id=record.handle,
            context_id=record.context_id,
            state=TaskState.WORKING,
            next_step=NOTHING_HEARD,
        )

    def _after_cancel(self, record: TaskRecord, task: Task, refusal: A2AError | None) -> TaskView:
        if task.state is TaskState.CANCELED:
            note = "Cancelled: the agent confirms it."
        elif refusal:
            note = f"The agent did not cancel: {scrub(refusal.message)}"
        else:
            note = "The agent was asked to cancel; this is the state it reports."
        view = views.of_task(record.agent, task, note=note)
        return self._noted(replace(view, failed=bool(refusal) and not task.state.terminal))

    def _noted(self, view: TaskView) -> TaskView:
        """Add what the reader must know of this bridge."""
        if self.tasks.problem:
            note = f"{view.note} {self.tasks.problem}" if view.note else self.tasks.problem
            view = replace(view, note=note)
        return view

    def _budget(self, agent: str, outgoing: Outgoing) -> float:
        """Seconds to wait: what was asked, else the agent's or the server's, within the maximum."""
        own, server = self.registry.agent(agent), self.registry.config.server
        most = server.max_wait_seconds if own.max_wait_seconds is None else own.max_wait_seconds
        default = server.wait_seconds if own.wait_seconds is None else own.wait_seconds
        asked = outgoing.wait_seconds
        return min(default if asked is None else asked, most)

    def _modes(self, agent: str) -> tuple[str, ...]:
        return self.registry.agent(agent).output_modes or DEFAULT_MODES


@contextlib.contextmanager
def _nothing_sent() -> Iterator[None]:
    """Say of every error in here that no message has left."""
    try:
        yield
    except A2AError as error:
        error.delivery = Delivery.NEVER
        raise


def _parts(outgoing: Outgoing) -> tuple[Part, ...]:
    """An empty text goes out only where there is nothing else: some agents refuse it (strands)."""
    if outgoing.parts and not outgoing.text:
        return outgoing.parts
    return (Part(kind="text", text=outgoing.text), *outgoing.parts)


def _state_after(error: A2AError | BridgeError) -> TaskState:
    """Say what a message that was never answered has become: nothing, or nobody knows."""
    lost = isinstance(error, A2AError) and error.delivery is not Delivery.NEVER
    return TaskState.UNKNOWN if lost else TaskState.FAILED


def _ended(record: TaskRecord) -> str:
    return (
        f"The task {record.task_id} had ended ({record.state}), so this is a new task "
        "in the same conversation."
    )
