"""What a store must do: the contracts, and the record of a task.

A new engine goes into `store/<engine>/`, with a class that implements these protocols; add it to
tests/store/test_contract.py. Every row belongs to one owner, and every query names the owner: no
row is returned to another owner, only whether one exists. A store must not block the event loop
while it waits. A file that fails must not fail a call: `problem` reports that instead. A database
that cannot be reached fails a call before anything is sent: methods then raise StoreUnavailable,
but for `update`, which is told what has happened already and writes it later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from a2a_mcp.a2a.model import TaskState

PENDING: Final = "pending-"
LOCAL_OWNER: Final = "local"
"""The owner of what the person at this machine does."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """What is known of one task; times are Unix seconds.

    `message_id` is the id of the first message, empty for an adopted task. `handle` is an id that
    the bridge made while the agent's id was unknown. `interface` is opaque text: the interface over
    which the task was made. `title` is the beginning of the first message, if titles are kept.
    """

    key: int
    owner: str
    agent: str
    message_id: str
    task_id: str | None
    handle: str | None
    context_id: str | None
    state: TaskState
    interface: str | None
    created: float
    updated: float
    title: str | None = None

    @property
    def pending_id(self) -> str:
        """The id of a message whose task id is unknown; `find` accepts it without a stored handle.

        It is made from the message id, so that a list can show it after a crash.
        """
        return self.handle or PENDING + self.message_id

    @property
    def result_id(self) -> str:
        """The id under which a result is kept, also for an answer without a task."""
        return self.task_id or PENDING + self.message_id


Records: TypeAlias = list[TaskRecord]


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """How many tasks of an agent are in a state, of all owners, and when the oldest was created."""

    agent: str
    state: str
    count: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Census:
    """What a store holds of all owners and processes, without naming any of them.

    `readers` are the processes that read tasks and have said lately that they live.
    """

    open_tasks: tuple[OpenTasks, ...]
    readers: int


class TaskStore(Protocol):
    """Which agent a task belongs to, for which owner, and its last known state.

    Methods that write raise ValueError for a task or context id that has more than 512 bytes or is
    not valid Unicode. Methods that read return nothing for such an id.
    """

    @property
    def problem(self) -> str | None:
        """None, or one sentence that says why tasks are forgotten at a restart."""

    async def begin(
        self,
        *,
        owner: str,
        agent: str,
        message_id: str,
        context_id: str | None = None,
        interface: str | None = None,
        title: str | None = None,
    ) -> TaskRecord:
        """Record that a message is about to be sent; return the new record.

        The row is on disk before this returns, so that a crash cannot lose a message that was sent.
        """

    async def adopt(
        self,
        *,
        owner: str,
        agent: str,
        task_id: str,
        context_id: str | None = None,
        state: TaskState,
        interface: str | None = None,
    ) -> TaskRecord:
        """Record a task that was found at its agent; update the owner's row if there is one."""

    async def update(
        self,
        record: TaskRecord,
        *,
        task_id: str | None = None,
        handle: str | None = None,
        context_id: str | None = None,
        state: TaskState | None = None,
        interface: str | None = None,
    ) -> TaskRecord:
        """Set what is not None and return the new record; an empty `context_id` removes it.

        An ended task stays ended. If another row of the owner and agent has the `task_id` (this
        message was a follow-up), the two become one: the older row stays, and both handles lead to
        it. A row that was removed meanwhile is written again, unless `forget` has removed it.
        """

    async def forget(self, record: TaskRecord) -> bool:
        """Remove a task with all its handles; return False if it has changed since, or is gone.

        What a process still writes of the task afterwards is dropped. Only `adopt` brings it back.
        """

    async def claim(self, message_id: str) -> bool:
        """Claim a reply that may arrive twice; return True to the first caller in any process."""

    async def claimed(self, message_id: str) -> bool:
        """Return whether `claim` was called for it in the last weeks, in any process."""

    async def note_reader(
        self, reader: str, begun: Collection[int], ended: Collection[int]
    ) -> None:
        """Write that the process `reader` lives, and by their keys which tasks it reads.

        `begun` are those since the last time, `ended` those that it reads no more.
        """

    async def leave(self, reader: str) -> None:
        """Write that the process `reader` reads nothing more: its tasks may be taken over now."""

    async def take_over(self, reader: str, *, after: int, limit: int) -> tuple[Records, int | None]:
        """Let `reader` read tasks of all owners that run and that no living process reads.

        No record goes to a caller from here. Return at most `limit` of them with a key above
        `after`, and the key after which to go on, None at the end.
        """

    async def exchange_posts(
        self, process: str, heard: Collection[str], after: int | None
    ) -> tuple[Collection[str], int | None]:
        """Write what agents have posted to `process`, by the names of the addresses.

        Return what was posted to other processes since position `after` (None: from now on), and
        the position to go on from.
        """

    async def hear_stops(self, tell: Callable[[int], None]) -> None:
        """Tell the keys of tasks that any process has seen stop, until cancelled.

        It is a hint, and may be lost: what is waited for must be polled as well. An engine whose
        processes do not tell each other returns at once.
        """

    async def running(self, owner: str) -> int | None:
        """Return how many tasks of an owner run and are read by any living process.

        None from an engine that leaves it to each process to count its own.
        """

    async def find(self, owner: str, task_id: str, agent: str | None = None) -> Records:
        """Return the owner's tasks with this task id, handle or pending id, newest first."""

    async def find_context(self, owner: str, context_id: str, agent: str | None = None) -> Records:
        """Return the owner's tasks of a conversation, newest first, at most 20."""

    async def held_by_other(
        self, owner: str, agent: str, task_id: str, *, active_only: bool = False
    ) -> bool:
        """Return whether another owner has that task at that agent.

        `active_only` ignores tasks known to have ended, and those whose state is unknown.
        """

    async def context_held_by_other(self, owner: str, agent: str, context_id: str) -> bool:
        """Return whether another owner has that conversation at that agent."""

    async def list(
        self,
        owner: str,
        *,
        agent: str | None = None,
        context_id: str | None = None,
        state: TaskState | None = None,
        unfinished: bool = False,
        updated_after: float | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> tuple[Records, str | None]:
        """Return a page, last updated first, and the cursor of the next page if there is one.

        `unfinished` leaves out the tasks that have ended.
        Raises ValueError for a cursor that is not from this list, and for a limit below 1.
        """

    async def look(self) -> None:
        """Use the file or database once, so that `problem` says how it fares now.

        Raises StoreUnavailable where it cannot be used now, and changes nothing.
        """

    async def census(self) -> Census:
        """Return what operators see of all owners and processes; no call waits for it."""

    async def tend(self) -> None:
        """Remove what is too old, and keep lists fast, in the background until cancelled."""

    async def close(self) -> None:
        """Release what is held; a later call opens it again."""


class InterfaceOverrides(Protocol):
    """Corrections of agents' cards, kept over restarts: the interfaces that calls have shown."""

    async def interface_overrides(self, agent: str) -> list[str]:
        """Return the stored interfaces of an agent as opaque texts, the latest first."""

    async def set_interface_override(self, agent: str, url: str, interface: str) -> None:
        """Store an interface of an agent; it replaces an earlier one of the same URL."""


class Store(TaskStore, InterfaceOverrides, Protocol):
    """All that an engine offers."""
