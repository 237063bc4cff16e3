"""Kept results of a state folder as rows, with the bytes that a database has."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any, Final

import anyio.to_thread

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.moving.places import Place, Row
from a2a_mcp.store.moving.tables import RESULTS
from a2a_mcp.store.result_files import KeptTask, Key, ResultFile, body_of, key_of, read, task_of
from a2a_mcp.store.result_folder import FOLDER, name_of

NAME: Final = re.compile(r"[0-9a-f]{64}")


class ResultRows(Place):
    """The results in a state folder, one file each; one that cannot be read is left out."""

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder / FOLDER

    async def count(self) -> int:
        """Return how many files there are."""
        return len(self._names())

    async def batches(self) -> AsyncGenerator[list[Row], None]:
        """Yield the results, some at a time, since one may be large."""
        names = self._names()
        for at in range(0, len(names), RESULTS.at_once):
            yield await anyio.to_thread.run_sync(self._read_all, names[at : at + RESULTS.at_once])

    async def find(self, rows: Sequence[Row]) -> list[Row | None]:
        """Return for each row the result of the same task."""
        return [await anyio.to_thread.run_sync(self._read, _key(row)) for row in rows]

    async def write(self, rows: Sequence[Row]) -> None:
        """Write a file for each row."""
        try:
            await anyio.to_thread.run_sync(self._write_all, rows)
        except OSError as fault:
            raise StoreUnavailable(
                f"Results cannot be written to {self._folder} ({fault.strerror}).",
                "Make room, and run the same command again: it goes on where it has stopped.",
            ) from fault

    def _names(self) -> list[str]:
        try:
            return sorted(filter(NAME.fullmatch, os.listdir(self._folder)))
        except FileNotFoundError:
            return []

    def _read_all(self, names: Sequence[str]) -> list[Row]:
        keys = filter(None, (key_of(str(self._folder / name)) for name in names))
        return [row for key in keys if (row := self._read(key))]

    def _read(self, key: Key) -> Row | None:
        path = self._folder / name_of(key)
        found = read(str(path), key) if path.exists() else None
        return (*key, found.since, body_of(key, found.task)) if found else None

    def _write_all(self, rows: Sequence[Row]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for *names, since, body in rows:
            key = _key(names)
            task = task_of(body, key)
            if task:
                ResultFile(key, KeptTask(task, since)).write(str(self._folder / name_of(key)))


def _key(row: Sequence[Any]) -> Key:
    owner, agent, task_id, *_ = row
    return owner, agent, task_id
