"""Kept results as files of a folder: one file for each task, bounded by age and by size.

No call fails because of the disk: a result that cannot be written or read is not kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import anyio.to_thread

from a2a_mcp.a2a.model import Task
from a2a_mcp.files.sweep import NEVER_SWEPT, SweptFile, is_due, sweep
from a2a_mcp.store.masked_texts import MaskText
from a2a_mcp.store.result_files import KeptTask, Key, ResultFile, read

log = logging.getLogger(__name__)

FOLDER: Final = "kept"


class ResultFolder:
    """Results in `folder`, a folder of the state folder.

    What is older than `keep_seconds` is removed, and of more than `keep_bytes` the oldest.
    `count_results` tells how many results a task shows: one that shows fewer than what is kept does
    not replace it. `mask` hides secrets. `clock` returns Unix seconds.
    """

    def __init__(
        self,
        state_folder: Path,
        *,
        keep_seconds: float,
        keep_bytes: int,
        count_results: Callable[[Task], int],
        mask: MaskText = str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = state_folder / FOLDER
        self._keep_seconds = keep_seconds
        self._keep_bytes = keep_bytes
        self._count_results = count_results
        self._mask = mask
        self._clock = clock
        self._size = 0
        self._swept = NEVER_SWEPT
        self._warned = False

    @property
    def keeps(self) -> bool:
        """Return whether results are kept at all."""
        return self._keep_seconds > 0 and self._keep_bytes > 0

    async def read(self, key: Key) -> KeptTask | None:
        """Return one result, None if there is none."""
        return await anyio.to_thread.run_sync(read, self._path(key), key)

    async def write(self, batch: Mapping[Key, KeptTask]) -> None:
        """Write results, and remove what is too old or too much."""
        await anyio.to_thread.run_sync(self._write_all, batch)

    async def remove(self, key: Key) -> None:
        """Remove one result, if there is one. Raises OSError."""
        await anyio.Path(self._path(key)).unlink(missing_ok=True)

    def _path(self, key: Key) -> str:
        return os.path.join(str(self._folder), name_of(key))

    def _write_all(self, batch: Mapping[Key, KeptTask]) -> None:
        try:
            if self.keeps:
                self._make_folders()
                for key, kept in batch.items():
                    self._size += self._write(self._path(key), key, kept)
            now = self._clock()
            if self._size > self._keep_bytes or is_due(self._swept, now):
                self._size, self._swept = self._sweep(now), now
        except OSError as fault:
            if not self._warned:
                log.warning("results are not kept (%s): %s", fault.strerror, self._folder)
            self._warned = True

    def _write(self, path: str, key: Key, kept: KeptTask) -> int:
        """Write one result; return its size, 0 if the file stays as it is or it is too large."""
        new = ResultFile(key, kept, self._mask)
        before = read(path, key, outline=True)
        if before and self._is_kept_already(new.outline(), before.task):
            return 0
        if new.size > self._keep_bytes:
            return 0
        new.write(path)
        return new.size

    def _is_kept_already(self, task: Task, before: Task) -> bool:
        return before == task or self._is_poorer(task, before)

    def _is_poorer(self, task: Task, before: Task) -> bool:
        """Return whether the agent has dropped results since, so that the kept ones must stay."""
        fewer = self._count_results(task) < self._count_results(before)
        return fewer and task.state is before.state

    def _make_folders(self) -> None:
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _sweep(self, now: float) -> int:
        """Remove expired results, then the oldest; return the bytes that stay."""
        return sweep(
            self._files(), now, keep_seconds=self._keep_seconds, keep_bytes=self._keep_bytes
        )

    def _files(self) -> list[SweptFile]:
        try:
            with os.scandir(str(self._folder)) as entries:
                found = [(entry.path, entry.stat()) for entry in entries]
        except FileNotFoundError:
            return []
        return [SweptFile(it.st_mtime, it.st_size, path) for path, it in found]


def name_of(key: Key) -> str:
    """Return the name of a result's file."""
    # An agent chooses its ids, which may hold "../", so no id is part of a path.
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()
