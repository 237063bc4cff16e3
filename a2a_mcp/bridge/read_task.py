"""A task found and read at its agent, as it is now.

Every access to a task passes here with its owner; an id that is not known is looked up only where
its agent is named, and adopted unless another owner holds it. Sends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.errors import A2AError, AgentError, AuthenticationRequired, TaskNotFound
from a2a_mcp.a2a.model import GetTaskRequest, Message, Task, TaskState, TaskStatus
from a2a_mcp.a2a.updates import as_task
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.routing import Router, checked, unknown_task
from a2a_mcp.errors import BridgeError, NotAllowed
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.store.results import ResultStore
from a2a_mcp.text.untrusted import scrub
from a2a_mcp.tracking.recovery import find_task
from a2a_mcp.tracking.tracker import TaskTracker

DEFAULT_HISTORY: Final = 10
RUNNING: Final = (TaskState.SUBMITTED, TaskState.WORKING)
NOT_SHOWN: Final = (
    "The agent does not show this task while it works on it; this is what it has said so far."
)
HIDDEN: Final = (
    "The agent shows a task only when its work is done, so it may be at work or have lost it; this "
    "is what was last heard. If it stays so for long, tell the user."
)
FORGOTTEN: Final = "The agent does not know this task any more; this is what it last said of it."


@dataclass(frozen=True, slots=True)
class Reading:
    """A task as it was found; None while its agent has not named it.

    `note` says what is special where it is not what the agent shows now. `message` is the answer of
    an agent that made no task of it.
    """

    record: TaskRecord
    task: Task | None
    note: str | None = None
    message: Message | None = None

    @property
    def contents(self) -> Task | None:
        """What was found, an answer without a task too, in the form of a task."""
        return as_task(self.record.pending_id, self.message) if self.message else self.task


class Reader:
    """Reads tasks for the callers of one process."""

    def __init__(
        self,
        registry: Registry,
        tasks: TaskStore,
        router: Router,
        follower: TaskTracker,
        kept: ResultStore,
    ) -> None:
        self._registry = registry
        self._tasks = tasks
        self._router = router
        self._follower = follower
        self._kept = kept

    async def read(
        self, owner: str, task_id: str, agent: str | None, history_length: int | None = None
    ) -> Reading:
        """Find a task and read it at its agent; where that fails, give the result that was kept.

        An id that is not known here is looked up at `agent` and adopted, unless another owner
        holds it. Raises UnknownTask and A2AError.
        """
        name = self._registry.resolve(agent) if agent else None
        records = await self._tasks.find(owner, checked(task_id), name)
        if not records and name:
            return Reading(*await self._adopt(owner, task_id, name, history_length))
        record = await self._router.task(owner, task_id, agent)
        if record.task_id is None:
            follow = self._follower.of(record)
            if follow and not follow.lost_before_task:
                return Reading(record, follow.task, message=follow.message)
            record = await self.find(record)
            if record.task_id is None:
                return Reading(record, None, message=await self._kept_message(record))
        try:
            return await self.fetch(record, history_length)
        except (A2AError, BridgeError) as error:
            return await self._recall(record, error)

    async def find(self, record: TaskRecord) -> TaskRecord:
        """Ask the agent which task a message began, where it can tell.

        Gives the record with the task's id, or as it was. Raises A2AError when the agent cannot be
        asked.
        """
        follow = self._follower.of(record)
        if (follow and follow.message) or record.state.terminal:
            return record
        client = await self._registry.connection(record.agent).client(record.interface)
        try:
            task = await find_task(client, record)
        except AuthenticationRequired:
            raise
        except AgentError:  # it cannot list, or not so
            task = None
        owner, agent = record.owner, record.agent
        if task is None or await self._tasks.held_by_other(owner, agent, task.id, active_only=True):
            return record
        return await self._tasks.update(
            record, task_id=task.id, state=task.state, interface=client.interface_key
        )

    @property
    def keeps(self) -> bool:
        """Whether an answer without a task can be read again."""
        return self._kept.keeps

    async def keep(self) -> None:
        """Write down now what was answered, where a crash must not lose it."""
        await self._kept.flush()

    async def _kept_message(self, record: TaskRecord) -> Message | None:
        """Give the answer that was kept of a message of which its agent made no task."""
        kept = await self._kept.find(record) if record.state.terminal else None
        return kept.task.status.message if kept else None

    async def _recall(self, record: TaskRecord, error: A2AError | BridgeError) -> Reading:
        """Give the result that was kept of a task that cannot be read; raises `error`."""
        kept = await self._kept.find(record)
        if kept is None:
            if record.state.terminal and isinstance(error, TaskNotFound):
                said = f"{error.message}; the bridge has kept no result of it (any more)"
                raise TaskNotFound(said, code=error.code, status=error.status, url=error.url)
            raise error
        if isinstance(error, TaskNotFound):
            why = "the agent does not know this task any more"
        else:
            why = f"the agent could not be asked: {scrub(error.message).rstrip('.')}"
        return Reading(record, kept.task, f"{self._kept.age(kept)}; {why}.")

    async def fetch(self, record: TaskRecord, history_length: int | None) -> Reading:
        """Read the task of a record at its agent; raises A2AError.

        What was seen to end stays as it ended, whatever the agent's store says since (DESIGN 7).
        """
        connection = self._registry.connection(record.agent)
        wanted = _get(record.task_id or "", history_length)
        try:
            client, task = await connection.read(record.interface, lambda c: c.get(wanted))
        except TaskNotFound as error:
            return await self._not_found(record, error)
        except A2AError as error:
            connection.failed(error)
            raise
        connection.succeeded()
        state = record.state if record.state.terminal else task.state
        update = await self._tasks.update(
            record, context_id=task.context_id, state=state, interface=client.interface_key
        )
        if update.state.terminal and update.state is not task.state:
            return await self._as_it_ended(update, task)
        await self._follower.settle(record, task)
        return Reading(update, task)

    async def _not_found(self, record: TaskRecord, error: TaskNotFound) -> Reading:
        """Give what is known here of a task that its agent does not show; raises `error`.

        a2a-sdk 0.x forgets tasks that crash, python-a2a shows none before its turn has ended.
        """
        follow = self._follower.of(record)
        if follow and not follow.ended:
            return Reading(record, follow.task, NOT_SHOWN)
        client = await self._registry.connection(record.agent).client(record.interface)
        if record.task_id and client.interface.dialect.hides_running and record.state in RUNNING:
            status = TaskStatus(state=record.state)
            task = Task(id=record.task_id, context_id=record.context_id, status=status)
            return Reading(record, task, HIDDEN)
        await self._tasks.update(record, state=TaskState.UNKNOWN)
        if follow and follow.task:
            return Reading(record, follow.task, FORGOTTEN)
        raise error

    async def _as_it_ended(self, record: TaskRecord, now: Task) -> Reading:
        """Give the end that was seen of a task that its agent shows otherwise `now`.

        PraisonAI's store never hears of a stream's end, and several overwrite it when asked to
        cancel (agents-in-the-wild 8, 12).
        """
        note = (
            f"The agent now reports this task as {now.state}, but it was seen to end: "
            f"{record.state}."
        )
        kept = await self._kept.find(record)
        if kept and kept.task.state is record.state:
            return Reading(record, kept.task, f"{note} {self._kept.age(kept)}.")
        ended = now.model_copy(update={"status": TaskStatus(state=record.state)})
        return Reading(record, ended, f"{note} What it said at its end is not kept (any more).")

    async def _adopt(
        self, owner: str, task_id: str, agent: str, history_length: int | None
    ) -> tuple[TaskRecord, Task | None]:
        if await self._tasks.held_by_other(owner, agent, task_id):
            raise unknown_task(task_id, agent)
        connection = self._registry.connection(agent)
        wanted = _get(task_id, history_length)
        try:
            client, task = await connection.read(None, lambda client: client.get(wanted))
        except TaskNotFound:
            raise unknown_task(task_id, agent) from None
        if task.id != task_id:  # an agent that is lenient with ids would open another owner's
            raise unknown_task(task_id, agent)
        # One under way may be named to nobody yet; its conversation has an owner all the same.
        context_id = task.context_id
        if context_id and await self._tasks.context_held_by_other(owner, agent, context_id):
            raise unknown_task(task_id, agent)
        record = await self._tasks.adopt(
            owner=owner,
            agent=agent,
            task_id=task.id,
            context_id=task.context_id,
            state=task.state,
            interface=client.interface_key,
        )
        await self._follower.settle(record, task)
        return record, task

    async def nameless(self, record: TaskRecord) -> NotAllowed:
        """Say why nothing can be done with a message whose task is not known (yet)."""
        follow = self._follower.of(record)
        if (follow and follow.message) or await self._kept_message(record):
            message = f"The agent {record.agent!r} answered with a message: there is no task."
            next_step = (
                "get_task with this task_id shows the answer; to go on, call send_task with the "
                "context_id that stands there."
            )
        elif follow and not follow.lost_before_task:
            message = (
                f"The agent {record.agent!r} has not named the task yet: until it does, the task "
                "can be neither continued nor cancelled."
            )
            next_step = (
                "Call get_task with this task_id later; once it shows the task's own task_id, try "
                "again with that."
            )
        elif record.state is TaskState.COMPLETED:
            message = f"The agent {record.agent!r} answered with a message, which is not kept "
            message += "(any more)."
            next_step = "Ask again if the answer is still wanted."
        elif record.state is TaskState.FAILED:
            message = f"The agent {record.agent!r} did not take the message: there is no task."
            next_step = "Send it again if the work is still wanted."
        else:
            message = (
                f"Delivery unknown: contact was lost before the agent {record.agent!r} named a "
                f"task, and no task of the message (message_id {record.message_id}) can be found "
                "there. It may have been carried out."
            )
            next_step = "Ask the agent what became of it before anything is sent again."
        return NotAllowed(message, next_step, agent=record.agent, task_id=record.handle)


def _get(task_id: str, history_length: int | None) -> GetTaskRequest:
    wanted = max(DEFAULT_HISTORY, history_length or 0)  # an answer may stand in the history alone
    return GetTaskRequest(id=task_id, history_length=wanted)
