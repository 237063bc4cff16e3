"""List tasks: those that a caller started here, or those that an agent itself lists.

A caller never sees a task of another owner, in neither list.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import anyio

from a2a_mcp.a2a.errors import A2AError, MethodNotFound, UnsupportedOperation
from a2a_mcp.a2a.model import JSON, Task, TaskPage, TaskState
from a2a_mcp.a2a.requests import ListTasksRequest
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.errors import BridgeError, NotAllowed
from a2a_mcp.presentation import sentences
from a2a_mcp.presentation.budget import count_fitting_rows
from a2a_mcp.presentation.task_list_view import TaskListView
from a2a_mcp.store.base import TaskRecord, TaskStore
from a2a_mcp.text.times import rfc3339
from a2a_mcp.text.untrusted import scrub_line

REFRESH_SECONDS: Final = 1.0
REFRESHED_AT_ONCE: Final = 4
MOST_REFRESHED: Final = 20
LONGEST_TOKEN: Final = 2_000
LONGEST_TIME: Final = 40  # a longer text is no time; cut, it could look like one


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks are wanted: `updated_after` is an RFC 3339 time, `unfinished` leaves out ends."""

    agent: str | None = None
    context_id: str | None = None
    state: TaskState | None = None
    unfinished: bool = False
    updated_after: str | None = None
    limit: int = 20
    cursor: str | None = None


class TaskLister:
    """Lists tasks for the callers of one process."""

    def __init__(self, registry: Registry, tasks: TaskStore, reader: Reader) -> None:
        self._registry = registry
        self._tasks = tasks
        self._reader = reader

    async def list(self, owner: str, wanted: TaskFilter, *, remote: bool) -> TaskListView:
        """Return the owner's tasks, or with `remote` the agent's; raises BridgeError and A2AError.

        A page too large for a result is read again with fewer rows, so that its cursor is right
        and no row is lost.
        """
        agent = self._registry.resolve(wanted.agent, owner) if wanted.agent or remote else None
        limit = self._registry.config.server.result_bytes
        fresh = frozenset[int]() if remote else await self._refresh(owner, agent, wanted)
        while True:
            view = await self._page(owner, agent, wanted, fresh, remote=remote)
            count = count_fitting_rows(view, limit)
            if count >= min(len(view.rows), wanted.limit) or wanted.limit == 1:
                return view
            wanted = replace(wanted, limit=max(count, 1))

    async def _page(
        self,
        owner: str,
        agent: str | None,
        wanted: TaskFilter,
        fresh: frozenset[int],
        *,
        remote: bool,
    ) -> TaskListView:
        if remote and agent:
            return await self._remote_page(owner, agent, wanted)
        return await self._own_page(owner, agent, wanted, fresh)

    # --- tasks started here ---

    async def _refresh(self, owner: str, agent: str | None, wanted: TaskFilter) -> frozenset[int]:
        """Ask the agents of unfinished tasks for their states now, as far as a second goes.

        Return the keys of the tasks that were read. Behind a cursor nothing is asked: a task whose
        state changes goes to the front of the list, and would be on no page.
        """
        if wanted.cursor:
            return frozenset()
        records, _ = await self._stored(owner, agent, replace(wanted, state=None))
        running = [record for record in records if record.task_id and not record.state.terminal]
        fresh: set[int] = set()
        readers = anyio.CapacityLimiter(REFRESHED_AT_ONCE)
        with anyio.move_on_after(REFRESH_SECONDS):
            async with anyio.create_task_group() as group:
                for record in running[:MOST_REFRESHED]:
                    group.start_soon(self._refresh_one, record, readers, fresh)
        return frozenset(fresh)

    async def _refresh_one(
        self, record: TaskRecord, readers: anyio.CapacityLimiter, fresh: set[int]
    ) -> None:
        async with readers:
            with contextlib.suppress(A2AError, BridgeError):
                await self._reader.fetch(record, None)
                fresh.add(record.key)

    async def _own_page(
        self, owner: str, agent: str | None, wanted: TaskFilter, fresh: frozenset[int]
    ) -> TaskListView:
        records, cursor = await self._stored(owner, agent, wanted)
        may_change = any(not it.state.terminal and it.key not in fresh for it in records)
        note = sentences.join(
            sentences.STATES_AS_LAST_SEEN if may_change else None, self._tasks.problem
        )
        return TaskListView(tuple(_row(record) for record in records), cursor, note)

    async def _stored(
        self, owner: str, agent: str | None, wanted: TaskFilter
    ) -> tuple[Sequence[TaskRecord], str | None]:
        try:
            return await self._tasks.list(
                owner,
                agent=agent,
                context_id=wanted.context_id,
                state=wanted.state,
                unfinished=wanted.unfinished,
                updated_after=unix_seconds(wanted.updated_after),
                limit=wanted.limit,
                cursor=wanted.cursor,
            )
        except ValueError as error:
            reason = str(error)
            raise NotAllowed(
                f"{reason[:1].upper()}{reason[1:]}.", "Correct it, or list without it."
            ) from error

    # --- tasks that an agent lists ---

    async def _remote_page(self, owner: str, agent: str, wanted: TaskFilter) -> TaskListView:
        page = await self._asked(owner, agent, wanted)
        listed = [task for task in page.tasks if not (wanted.unfinished and task.state.terminal)]
        own = [task for task in listed if not await self._is_of_other(owner, agent, task)]
        rows = tuple(_remote_row(agent, task) for task in own)
        cursor = scrub_line(page.next_page_token or "") or None
        is_too_long = cursor is not None and len(cursor.encode()) > LONGEST_TOKEN
        # The total counts left out tasks too, so it is shown only where there are none.
        total = page.total_size if len(own) == len(page.tasks) else None
        too_many = len(rows) > wanted.limit
        note = sentences.join(
            sentences.total_at_agent(total, agent) if total else None,
            sentences.more_rows_than_asked(len(rows), wanted.limit) if too_many else None,
            sentences.NEXT_PAGE_UNUSABLE if is_too_long else None,
        )
        return TaskListView(rows[: wanted.limit], None if is_too_long else cursor, note)

    async def _asked(self, owner: str, agent: str, wanted: TaskFilter) -> TaskPage:
        """Return the page that the agent lists; raises NotAllowed where it lists none."""
        client = await self._registry.connection(agent, owner).client()
        try:
            return await client.list(_request(wanted))
        except (MethodNotFound, UnsupportedOperation) as error:
            reason = scrub_line(error.reason())
            raise NotAllowed(
                f"The agent {agent!r} cannot list its tasks: {reason}.",
                sentences.LIST_WITHOUT_REMOTE,
                agent=agent,
            ) from None

    async def _is_of_other(self, owner: str, agent: str, task: Task) -> bool:
        """Return whether a task is another owner's, by its id or by its conversation.

        The id of a task that was just started may not be stored yet; its conversation is.
        """
        if await self._tasks.held_by_other(owner, agent, task.id):
            return True
        if not task.context_id:
            return False
        return await self._tasks.context_held_by_other(owner, agent, task.context_id)


def _request(wanted: TaskFilter) -> ListTasksRequest:
    after = unix_seconds(wanted.updated_after)
    return ListTasksRequest(
        context_id=wanted.context_id,
        state=wanted.state,
        page_size=wanted.limit,
        page_token=wanted.cursor,
        history_length=0,
        updated_after=rfc3339(after) if after is not None else None,
    )


def _row(record: TaskRecord) -> dict[str, JSON]:
    is_failed = record.state is TaskState.FAILED
    task_id = record.task_id or (record.handle if is_failed else record.pending_id)
    row = {
        "agent": record.agent,
        "task_id": scrub_line(task_id) if task_id else None,
        "context_id": scrub_line(record.context_id) if record.context_id else None,
        "title": record.title,
        "state": record.state.value,
        "updated": rfc3339(record.updated),
    }
    if not record.task_id:
        # Where what became of the message is known, nobody has to look for it by this id.
        if record.state not in (TaskState.COMPLETED, TaskState.FAILED):
            row["message_id"] = record.message_id
        row["note"] = sentences.MESSAGE_WITHOUT_TASK.get(
            record.state.value, sentences.NO_TASK_KNOWN
        )
    return {name: value for name, value in row.items() if value}


def _remote_row(agent: str, task: Task) -> dict[str, JSON]:
    when = task.status.timestamp
    row = {
        "agent": agent,
        "task_id": scrub_line(task.id),
        "context_id": scrub_line(task.context_id) if task.context_id else None,
        "state": task.state.value,
        "updated": scrub_line(when) if when and len(when) <= LONGEST_TIME else None,
    }
    return {name: value for name, value in row.items() if value}


def unix_seconds(when: str | None) -> float | None:
    """Return an RFC 3339 time in Unix seconds, UTC if it names no zone; raises NotAllowed."""
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
