"""Changes that could not be written while the database was away, until it is back.

A message that has left cannot be taken back, so what its agent has answered must not be lost. What
is here is lost with the process; then another one finds the task by its message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from a2a_mcp.store.base import TaskRecord

MOST: Final = 10_000


class LateWrites:
    """The latest changes of each row, by its key."""

    def __init__(self) -> None:
        self._changes: dict[int, tuple[TaskRecord, dict[str, Any]]] = {}

    def note(self, record: TaskRecord, given: dict[str, Any]) -> None:
        """Keep the changes of a row; beyond MOST rows they are dropped."""
        before, earlier = self._changes.get(record.key, (record, {}))
        if record.key in self._changes or len(self._changes) < MOST:
            self._changes[record.key] = before, earlier | given

    def pending(self) -> Iterator[tuple[TaskRecord, dict[str, Any]]]:
        """Yield each row as it is in the database, and its changes."""
        yield from list(self._changes.values())

    def done(self, record: TaskRecord, given: dict[str, Any]) -> None:
        """Forget changes that are written; those noted meanwhile stay."""
        if self._changes.get(record.key) == (record, given):
            del self._changes[record.key]
