"""The followed tasks that calls find by the record of their message or task.

Those that are read now are all kept, of those that have ended the last ones.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.store.base import TaskRecord
from a2a_mcp.tracking.fairness import oldest_of_most
from a2a_mcp.tracking.tracked_task import TrackedTask

MOST_ENDED: Final = 256


class KnownTasks:
    """The followed tasks of one process; of too many that have ended, the owner of most gives way.

    A task that is no longer found keeps no updates.
    """

    def __init__(self) -> None:
        self._found: dict[int, TrackedTask] = {}
        self._ended: dict[int, str] = {}

    def of(self, record: TaskRecord) -> TrackedTask | None:
        """Return what follows or followed a task last; None when that was long ago."""
        found = self.with_key(record.key)
        return found if found and _is_same_row(found.record, record) else None

    def with_key(self, key: int) -> TrackedTask | None:
        """Return what follows or followed the task of a row, for words that name no owner."""
        return self._found.get(key)

    def add(self, tracked: TrackedTask) -> None:
        """Let a task be found by its record, instead of what followed it before."""
        key = tracked.record.key
        before = self._found.get(key)
        self._found[key] = tracked
        if before and self._ended.pop(key, None) is not None:
            before.forget_updates()

    def move(self, tracked: TrackedTask, key: int) -> None:
        """Let a task be found by its record, no longer by `key`: its task had a row already.

        A last read may still be under way when the task is read no more, so it may have ended.
        """
        if self._found.get(key) is tracked:
            del self._found[key]
            has_ended = self._ended.pop(key, None) is not None
            self.add(tracked)
            if has_ended:
                self.end(tracked)

    def end(self, tracked: TrackedTask) -> None:
        """Note that a task is read no more; without a handle, calls read it at its agent."""
        record = tracked.record
        if self._found.get(record.key) is not tracked:
            tracked.forget_updates()
        elif not record.handle:
            self._forget(record.key)
        else:
            self._ended[record.key] = record.owner
            while len(self._ended) > MOST_ENDED:
                self._forget(oldest_of_most(self._ended))

    def _forget(self, key: int) -> None:
        self._ended.pop(key, None)
        self._found.pop(key).forget_updates()


def _is_same_row(one: TaskRecord, other: TaskRecord) -> bool:
    """Return whether two records are of one row: SQLite gives the key of a removed one again."""
    return (one.owner, one.agent, one.created) == (other.owner, other.agent, other.created)
