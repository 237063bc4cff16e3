"""Lists of tasks: those this caller started, or those an agent itself lists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from a2a_mcp.a2a.errors import MethodNotFound, UnsupportedOperation
from a2a_mcp.a2a.model import JSON, ListTasksRequest, Task, TaskState
from a2a_mcp.agents.registry import Registry
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation.budget import count_fitting_rows
from a2a_mcp.presentation.task_list_view import TaskListView
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.text.times import rfc3339
from a2a_mcp.text.untrusted import scrub

# What a message is that has no task, by its state.
NAMELESS: Final = {state.value: "no task is known" for state in TaskState} | {
    "submitted": "on its way, or lost at a restart",
    "completed": "answered without a task",
    "failed": "not taken",
    "unknown": "nobody knows whether it arrived",
}
LONGEST_TOKEN: Final = 2_000
LONGEST_TIME: Final = 40  # what is longer is no time, and is not cut to look like one
INSTEAD: Final = "Leave out remote: list_tasks then lists those started through this bridge."
AS_SEEN: Final = "States are as last seen."


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tasks are wanted; `updated_after` is RFC 3339."""

    agent: str | None = None
    context_id: str | None = None
    state: TaskState | None = None
    updated_after: str | None = None
    limit: int = 20
    cursor: str | None = None


class Listing:
    """Lists tasks for the callers of one process."""

    def __init__(self, registry: Registry, tasks: TaskStore) -> None:
        self._registry = registry
        self._tasks = tasks

    async def tasks(self, owner: str, wanted: Filter, *, remote: bool) -> TaskListView:
        """List the owner's tasks, or with `remote` the agent's own; raises both error trees.

        A page that would not fit into a result is asked for again, smaller, so that its cursor is
        right and nothing is lost.
        """
        agent = self._registry.resolve(wanted.agent) if wanted.agent or remote else None
        room = self._registry.config.server.result_bytes
        while True:
            if remote and agent:
                view = await self._remote(owner, agent, wanted)
            else:
                view = await self._own(owner, agent, wanted)
            count = count_fitting_rows(view, room)
            if count >= min(len(view.rows), wanted.limit) or wanted.limit == 1:
                return view
            wanted = replace(wanted, limit=max(count, 1))

    async def _own(self, owner: str, agent: str | None, wanted: Filter) -> TaskListView:
        try:
            records, cursor = await self._tasks.list(
                owner,
                agent=agent,
                context_id=wanted.context_id,
                state=wanted.state,
                updated_after=seconds(wanted.updated_after),
                limit=wanted.limit,
                cursor=wanted.cursor,
            )
        except ValueError as error:
            said = str(error)
            raise NotAllowed(
                f"{said[:1].upper()}{said[1:]}.", "Correct it, or list without it."
            ) from error
        notes = [AS_SEEN] if any(not record.state.terminal for record in records) else []
        notes += [self._tasks.problem] if self._tasks.problem else []
        rows = tuple(_row(record) for record in records)
        return TaskListView(rows, cursor, " ".join(notes) or None)

    async def _remote(self, owner: str, agent: str, wanted: Filter) -> TaskListView:
        client = await self._registry.connection(agent).client()
        after = seconds(wanted.updated_after)
        request = ListTasksRequest(
            context_id=wanted.context_id,
            state=wanted.state,
            page_size=wanted.limit,
            page_token=wanted.cursor,
            history_length=0,
            updated_after=rfc3339(after) if after is not None else None,
        )
        try:
            page = await client.list(request)
        except (MethodNotFound, UnsupportedOperation) as error:
            said = scrub(error.message).rstrip(".")
            raise NotAllowed(
                f"The agent {agent!r} cannot list its tasks: {said}.", INSTEAD, agent=agent
            ) from None
        own = [task for task in page.tasks if not await self._is_of_other(owner, agent, task)]
        rows = tuple(_remote_row(agent, task) for task in own)
        whole = page.total_size and len(own) == len(page.tasks)
        notes = [f"{page.total_size} tasks in all at {agent}."] if whole else []
        if len(rows) > wanted.limit:
            notes.append(f"{len(rows)} came although {wanted.limit} were asked for; cut.")
        cursor = scrub(page.next_page_token or "") or None
        if cursor and len(cursor.encode()) > LONGEST_TOKEN:
            cursor = None
            notes.append("The agent's mark of the next page is too long to be used.")
        return TaskListView(rows[: wanted.limit], cursor, " ".join(notes) or None)

    async def _is_of_other(self, owner: str, agent: str, task: Task) -> bool:
        """Whether a task is somebody else's; one that is under way is known by its conversation."""
        if await self._tasks.held_by_other(owner, agent, task.id):
            return True
        context_id = task.context_id
        if not context_id:
            return False
        return await self._tasks.context_held_by_other(owner, agent, context_id)


def _row(record: TaskRecord) -> dict[str, JSON]:
    nameless = record.handle if record.state is TaskState.FAILED else record.pending_id
    task_id = record.task_id or nameless
    row = {
        "agent": record.agent,
        "task_id": scrub(task_id) if task_id else None,
        "context_id": scrub(record.context_id) if record.context_id else None,
        "state": record.state.value,
        "updated": rfc3339(record.updated),
        "message_id": None if record.task_id else record.message_id,
        "note": None if record.task_id else NAMELESS[record.state.value],
    }
    return {name: value for name, value in row.items() if value}


def _remote_row(agent: str, task: Task) -> dict[str, JSON]:
    when = task.status.timestamp
    row = {
        "agent": agent,
        "task_id": scrub(task.id),
        "context_id": scrub(task.context_id) if task.context_id else None,
        "state": task.state.value,
        "updated": scrub(when) if when and len(when) <= LONGEST_TIME else None,
    }
    return {name: value for name, value in row.items() if value}


def seconds(when: str | None) -> float | None:
    """Read an RFC 3339 time as unix seconds; raises NotAllowed."""
    if when is None:
        return None
    try:
        moment = datetime.fromisoformat(when)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotAllowed(
            f"updated_after is not a time: {when[:40]!r}.", "Write it as 2026-01-31T00:00:00Z."
        ) from error
    return moment.timestamp()
