"""The use cases: send, get, cancel, follow, list. No MCP types, no HTTP.

Every access to a task passes `Router` with its owner. What comes out is a view; what fails is a
`BridgeError` or an `A2AError`, and only the layer above words it as a result.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

import anyio

from a2a_mcp import views
from a2a_mcp.a2a.errors import A2AError, Delivery, TaskNotFound
from a2a_mcp.a2a.types import (
    JSON,
    CancelTaskRequest,
    GetTaskRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    StreamEvent,
    Task,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a_mcp.errors import BridgeError, NotAllowed
from a2a_mcp.follow import Follow, Follower
from a2a_mcp.registry import Registry
from a2a_mcp.routing import Route, Router, checked, unknown_task
from a2a_mcp.tasks import TaskMap, TaskRecord
from a2a_mcp.text import scrub
from a2a_mcp.views import TaskView, UpdateView

DEFAULT_MODES: Final = (
    "text/plain",
    "text/markdown",
    "application/json",
    "image/png",
    "image/jpeg",
)
DEFAULT_HISTORY: Final = 10
FIRST_WORD_SECONDS: Final = 0.4  # beyond the budget: a real task id is worth more than a handle
NOTHING_HEARD: Final = (
    "Nothing was heard from the agent yet. The message is on its way or being worked on: do not "
    "send it again. Call get_task or subscribe with this task_id later."
)
BROKEN_OFF: Final = (
    "The agent broke off its answer; this is the state it has reported since. If it stays so, tell "
    "the user."
)
Notice = Callable[[UpdateView], Awaitable[None]]


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
        self._follower = follower

    async def send(self, owner: str, outgoing: Outgoing, notice: Notice | None = None) -> TaskView:
        """Send a message, wait within the budget, and view what came of it."""
        began = anyio.current_time()
        follow, note = await self._begin(owner, outgoing)
        left = self._budget(follow.agent, outgoing) - (anyio.current_time() - began)
        await follow.wait(left, _told(notice))
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
        updates: list[UpdateView] = []
        state = TaskState.WORKING

        async def collect(event: StreamEvent) -> bool:
            nonlocal state
            state = state_of(event) or state
            update = views.of_event(state, event)
            if update and says_more(update, updates):
                updates.append(update)
                if notice:
                    await notice(update)
            return len(updates) >= max_updates

        left = self._budget(follow.agent, outgoing) - (anyio.current_time() - began)
        await follow.wait(left, collect)
        await follow.first_word(min(left, 0) + FIRST_WORD_SECONDS)
        return replace(await self._view(follow, note), updates=tuple(updates))

    async def get(
        self, owner: str, task_id: str, agent: str | None, history_length: int | None = None
    ) -> TaskView:
        """Read a task as it is now."""
        record, task = await self.read(owner, task_id, agent, history_length)
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
        record, task = await self.read(owner, task_id, agent)
        if task is None:
            raise self.nameless(record)
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
        record, after = await self.read(owner, task.id, record.agent)
        return self._after_cancel(record, after or task, refusal)

    async def read(
        self, owner: str, task_id: str, agent: str | None, history_length: int | None = None
    ) -> tuple[TaskRecord, Task | None]:
        """Find a task and read it at its agent; None while the agent has not named it.

        An id that is not known here is looked up at `agent` and adopted, unless another owner
        holds it. Raises UnknownTask and A2AError.
        """
        name = self.registry.resolve(agent) if agent else None
        records = await self.tasks.find(owner, checked(task_id), name)
        if not records and name:
            return await self._adopt(owner, task_id, name, history_length)
        record = await self.router.task(owner, task_id, agent)
        if record.task_id is None:
            follow = self._follower.of(record)
            return record, follow.task if follow else None
        return await self._fetch(record, history_length)

    async def _fetch(
        self, record: TaskRecord, history_length: int | None
    ) -> tuple[TaskRecord, Task | None]:
        connection = self.registry.connection(record.agent)
        client = await connection.client(record.interface)
        try:
            task = await client.get(_get(record.task_id or "", history_length))
        except A2AError as error:
            connection.failed(error)
            follow = self._follower.of(record)
            if follow and follow.task and isinstance(error, TaskNotFound):
                return (
                    record,
                    follow.task,
                )  # it is still read here: a2a-sdk 0.x forgets crashed tasks
            raise
        connection.succeeded()
        await self._follower.settle(record, task)
        update = await self.tasks.update(record, context_id=task.context_id, state=task.state)
        return update, _with_history(task, history_length)

    async def _adopt(
        self, owner: str, task_id: str, agent: str, history_length: int | None
    ) -> tuple[TaskRecord, Task | None]:
        if await self.tasks.held_by_other(owner, agent, task_id):
            raise unknown_task(task_id, agent)
        client = await self.registry.connection(agent).client()
        try:
            task = await client.get(_get(task_id, history_length))
        except TaskNotFound:
            raise unknown_task(task_id, agent) from None
        record = await self.tasks.adopt(
            owner=owner,
            agent=agent,
            task_id=task.id,
            context_id=task.context_id,
            state=task.state,
            interface=client.made_with,
        )
        return record, _with_history(task, history_length)

    async def _begin(self, owner: str, outgoing: Outgoing) -> tuple[Follow, str | None]:
        """Write the message down, then let it go; a note says where it went if not as asked."""
        route = await self._route(owner, outgoing)
        note, before, continued = None, None, route.record
        connection = self.registry.connection(route.agent)
        if continued or not connection.ready:
            with anyio.move_on_after(self._budget(route.agent, outgoing) + FIRST_WORD_SECONDS):
                # An agent that cannot be called leaves no trace in the map; one that is slow to
                # show its card is called in the background.
                await connection.choice()
                if continued and continued.task_id and not continued.state.terminal:
                    continued, now = await self._fetch(continued, DEFAULT_HISTORY)
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
            record, _ = await self.read(owner, outgoing.task_id, outgoing.agent)
            outgoing = replace(outgoing, agent=record.agent)
        route = await self.router.message(
            owner, outgoing.agent, outgoing.task_id, outgoing.context_id
        )
        if route.record and route.record.task_id is None:
            raise self.nameless(route.record)
        return route

    async def _attach(self, owner: str, task_id: str, agent: str | None) -> Follow:
        name = self.registry.resolve(agent) if agent else None
        known = await self.tasks.find(owner, checked(task_id), name)
        running = self._follower.of(known[0]) if len(known) == 1 else None
        if running:
            return running
        record, task = await self.read(owner, task_id, agent)
        if task is None:
            raise unknown_task(task_id, record.agent)
        return self._follower.attach(self.registry.connection(record.agent), record, task)

    async def _waiting(self, owner: str, record: TaskRecord) -> TaskView:
        """View a task that its agent has not named: what is heard here, or that it was lost."""
        follow = self._follower.of(record)
        if follow:
            return await self._view(follow, None)
        lost = self.nameless(record)
        return TaskView(
            agent=record.agent,
            task_id=record.handle,
            context_id=record.context_id,
            state=TaskState.UNKNOWN,
            error=lost.message,
            next_step=lost.next_step,
            failed=True,
        )

    def nameless(self, record: TaskRecord) -> NotAllowed:
        """Say why nothing can be done with a message whose task is not known (yet)."""
        follow = self._follower.of(record)
        if follow and follow.message:
            message = f"The agent {record.agent} answered with a message: there is no task."
            next_step = "get_task with this task_id shows the answer."
        elif follow:
            message = f"The agent {record.agent} has not named the task yet."
            next_step = "Call get_task with this task_id until the agent has answered."
        else:
            message = (
                f"The answer of {record.agent} was lost: the bridge was restarted before the agent "
                "named a task. The message may have been carried out."
            )
            next_step = "Ask the agent what became of it before anything is sent again."
        return NotAllowed(message, next_step, agent=record.agent, task_id=record.handle)

    async def _view(self, follow: Follow, note: str | None) -> TaskView:
        """View what is known of a follow now; raises the error that ended it with nothing known."""
        agent, error = follow.agent, follow.error
        if follow.message is not None:
            return self._noted(views.of_message(agent, follow.message, note=note))
        if follow.task is None:
            if error:
                await self.tasks.update(follow.record, state=_state_after(error))
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


def _parts(outgoing: Outgoing) -> tuple[Part, ...]:
    """An empty text goes out only where there is nothing else: some agents refuse it (strands)."""
    if outgoing.parts and not outgoing.text:
        return outgoing.parts
    return (Part(kind="text", text=outgoing.text), *outgoing.parts)


def state_of(event: StreamEvent) -> TaskState | None:
    """The state that an event tells, if it tells one."""
    match event:
        case Task() | TaskStatusUpdateEvent():
            return event.status.state
        case _:
            return None


def _state_after(error: A2AError | BridgeError) -> TaskState:
    """Say what a message that was never answered has become: nothing, or nobody knows."""
    lost = isinstance(error, A2AError) and error.delivery is not Delivery.NEVER
    return TaskState.UNKNOWN if lost else TaskState.FAILED


def says_more(update: UpdateView, earlier: list[UpdateView]) -> bool:
    """Whether an update adds anything to those before it."""
    if not earlier or update.piece:
        return True
    return update != earlier[-1] and bool(update.text or update.state != earlier[-1].state)


def _ended(record: TaskRecord) -> str:
    return (
        f"The task {record.task_id} had ended ({record.state}), so this is a new task "
        "in the same conversation."
    )


def _get(task_id: str, history_length: int | None) -> GetTaskRequest:
    wanted = DEFAULT_HISTORY if history_length is None else history_length
    return GetTaskRequest(id=task_id, history_length=wanted)


def _with_history(task: Task, history_length: int | None) -> Task:
    """Keep at most the messages asked for: below 1.0 agents send all (a2a-wire 10.2)."""
    if history_length is None or len(task.history) <= history_length:
        return task
    kept = task.history[len(task.history) - history_length :]
    return task.model_copy(update={"history": kept})


def _told(notice: Notice | None) -> Callable[[StreamEvent], Awaitable[bool]] | None:
    if notice is None:
        return None

    state = TaskState.WORKING

    async def tell(event: StreamEvent) -> bool:
        nonlocal state
        state = state_of(event) or state
        update = views.of_event(state, event)
        if update:
            await notice(update)
        return False

    return tell
