"""The task-to-agent map: which agent a task belongs to, for whom, and where it last stood.

Every row belongs to one owner and every question names the owner: nothing here answers across
owners, except that it says whether a foreign row exists. No map may stop the event loop while it
waits, or fail a call because its store does: `problem` says so instead. `tasks_sqlite` is the one
there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from a2a_mcp.a2a.model import TaskState

PENDING: Final = "pending-"


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """What is known of one task; times are Unix seconds.

    `message_id` is that of the first message, empty for an adopted task. `handle` is an id the
    bridge minted while the agent's was unknown. `interface` is opaque text: what the task was made
    with.
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

    @property
    def pending_id(self) -> str:
        """The handle of a message whose task is not known; a map finds it even where it is not set.

        It is that of the message, so that a list can tell it after a crash.
        """
        return self.handle or PENDING + self.message_id

    @property
    def kept_id(self) -> str:
        """The id under which a result is kept, also that of an answer without a task."""
        return self.task_id or PENDING + self.message_id


Records: TypeAlias = list[TaskRecord]


class TaskStore(Protocol):
    """What the bridge asks of a task map, whatever is behind it.

    `ValueError` for a task or context id that is too long (512 bytes) or not Unicode, on writing.
    """

    @property
    def problem(self) -> str | None:
        """None, or one sentence why tasks are not remembered after a restart."""

    async def begin(
        self,
        *,
        owner: str,
        agent: str,
        message_id: str,
        context_id: str | None = None,
        interface: str | None = None,
    ) -> TaskRecord:
        """Note, durably, that a message is about to leave (DESIGN section 6)."""

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
        """Note a task found at its agent; the owner's own row of it is brought up to date."""

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
        """Set what is not None; an ended task stays ended. An empty `context_id` takes it away.

        A `task_id` that another row of the owner and agent has (a follow-up) joins the two: the
        older row stays and answers to both handles. A row that is gone is written again.
        """

    async def claim(self, message_id: str) -> bool:
        """Take up an answer that may come twice; False for all but the first, in all processes."""

    async def claimed(self, message_id: str) -> bool:
        """Whether `claim` was called for it within the last weeks, in any process."""

    async def find(self, owner: str, task_id: str, agent: str | None = None) -> Records:
        """Find the owner's tasks of that id, the agent's or ours (`pending_id`); newest first."""

    async def find_context(self, owner: str, context_id: str, agent: str | None = None) -> Records:
        """Find the owner's tasks of a conversation, newest first, at most 20."""

    async def held_by_other(
        self, owner: str, agent: str, task_id: str, *, going_on: bool = False
    ) -> bool:
        """Whether somebody else has that task at that agent; `going_on`: one that has not ended."""

    async def context_held_by_other(self, owner: str, agent: str, context_id: str) -> bool:
        """Whether somebody else has that conversation at that agent."""

    async def list(
        self,
        owner: str,
        *,
        agent: str | None = None,
        context_id: str | None = None,
        state: TaskState | None = None,
        updated_after: float | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> tuple[Records, str | None]:
        """Give a page, last updated first, and the next cursor; ValueError for a bad one."""

    async def close(self) -> None:
        """Give back what is held."""


class InterfaceOverrides(Protocol):
    """Corrections of agents' cards, kept over restarts: the interfaces that calls have shown."""

    async def interface_overrides(self, agent: str) -> list[str]:
        """Return the stored interfaces of an agent as opaque texts, the latest first."""
        ...

    async def set_interface_override(self, agent: str, url: str, interface: str) -> None:
        """Store an interface of an agent; it replaces an earlier one of the same URL."""
        ...
