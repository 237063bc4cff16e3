"""Results kept on disk: an ended task stays readable when its agent has forgotten it.

Each task has one file. It holds what the agent sent, byte for byte; secrets are masked when it is
shown. A result is written after its caller has the answer, except an answer without a task, which
no agent can repeat. No call fails because of the disk: a result that cannot be written or read is
not kept. A running task is never kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from a2a_mcp.a2a.http.memory import give_back
from a2a_mcp.a2a.model import Task
from a2a_mcp.a2a.sizes import is_large
from a2a_mcp.files.sweep import NEVER_SWEPT, SweptFile, is_due, sweep
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.store.result_files import KeptTask, Key, ResultFile, read

log = logging.getLogger(__name__)

FOLDER: Final = "kept"
PAUSE_SECONDS: Final = 0.5  # after the first of a batch, so that its caller is answered first
MOST_PENDING: Final = 1_000


class ResultStore:
    """Results of all owners in `folder`; None keeps nothing, and so does a 0 for either limit.

    What is older than `keep_seconds` is removed, and of more than `keep_bytes` the oldest.
    `count_results` tells how many results a task shows: one that shows fewer than what is kept does
    not replace it.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        keep_seconds: float,
        keep_bytes: int,
        count_results: Callable[[Task], int],
        clock: Callable[[], float] = time.time,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._folder = None if folder is None else folder / FOLDER
        self._keep_seconds = keep_seconds
        self._keep_bytes = keep_bytes
        self._count_results = count_results
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._pending: dict[Key, KeptTask] = {}
        self._wanted = anyio.Event()
        self._frees = False
        self._writing = anyio.Lock()
        self._size = 0
        self._swept = NEVER_SWEPT
        self._warned = False

    def note(self, record: TaskRecord, task: Task | None) -> None:
        """Keep a task if it has ended; it is written a little later, by `run` or `flush`."""
        if task is None or not task.state.terminal:
            return
        self._frees = self._frees or is_large(task)
        if self._folder and len(self._pending) < MOST_PENDING:
            self._pending[record.owner, record.agent, task.id] = KeptTask(task, self._clock())
        if self._folder or self._frees:
            self._wanted.set()

    @property
    def keeps(self) -> bool:
        """Return whether results are kept at all."""
        return self._folder is not None and self._keep_seconds > 0 and self._keep_bytes > 0

    async def run(self) -> None:
        """Write noted results in batches, until cancelled.

        Whatever takes long with an ended task notes it first, so the memory that a large one took
        is given back here.
        """
        while True:
            await self._wanted.wait()
            await anyio.sleep(self._pause_seconds)
            self._wanted = anyio.Event()
            await self.flush()
            if self._frees:
                self._frees = False
                await anyio.to_thread.run_sync(give_back)

    async def flush(self) -> None:
        """Write the results that are noted and not written yet."""
        async with self._writing:
            if not self._pending:
                return
            batch = dict(self._pending)
            await anyio.to_thread.run_sync(self._write_all, batch)
            for key, written in batch.items():
                if self._pending.get(key) is written:
                    del self._pending[key]

    async def find(self, record: TaskRecord) -> KeptTask | None:
        """Return the kept result of a task or message, None if there is none."""
        if not self.keeps:
            return None
        key = record.owner, record.agent, record.result_id
        found = self._pending.get(key) or await anyio.to_thread.run_sync(read, self._path(key), key)
        if found is None or self._clock() - found.since >= self._keep_seconds:
            return None
        return found

    def seconds_kept(self, kept: KeptTask) -> float:
        """Return the seconds since a result was last seen at its agent."""
        return self._clock() - kept.since

    def _path(self, key: Key) -> str:
        # An agent chooses its ids, which may hold "../", so no id is part of a path.
        name = hashlib.sha256(json.dumps(key).encode()).hexdigest()
        return os.path.join(str(self._folder), name)

    def _write_all(self, batch: dict[Key, KeptTask]) -> None:
        try:
            if self._keep_seconds and self._keep_bytes:
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
        new = ResultFile(key, kept)
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
        assert self._folder is not None  # noqa: S101 - nothing is noted without one
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
