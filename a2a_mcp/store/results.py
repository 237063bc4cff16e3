"""Results kept on disk: an ended task stays readable when its agent has forgotten it.

Each task has one file, written under another name and then renamed, so that no partial file is ever
read. It holds what the agent sent, byte for byte; secrets are masked when it is shown. A result is
written after its caller has the answer, except an answer without a task, which no agent can repeat.
No call fails because of the disk: a result that cannot be written or read is not kept. A running
task is never kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
from pydantic import ValidationError

from a2a_mcp.a2a.model import Task
from a2a_mcp.files.sweep import NEVER_SWEPT, SweptFile, is_due, sweep
from a2a_mcp.store.base import TaskRecord

log = logging.getLogger(__name__)

FOLDER: Final = "kept"
FORMAT: Final = 1
PAUSE_SECONDS: Final = 0.5  # after the first of a batch, so that its caller is answered first
MOST_PENDING: Final = 1_000

Key = tuple[str, str, str]
"""Owner, agent and task id."""


@dataclass(frozen=True, slots=True)
class KeptTask:
    """A task as its agent last sent it; `since` is when that was, in Unix seconds."""

    task: Task
    since: float


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
        self._writing = anyio.Lock()
        self._size = 0
        self._swept = NEVER_SWEPT
        self._warned = False

    def note(self, record: TaskRecord, task: Task | None) -> None:
        """Keep a task if it has ended; it is written a little later, by `run` or `flush`."""
        if self._folder is None or task is None or not task.state.terminal:
            return
        if len(self._pending) < MOST_PENDING:
            self._pending[record.owner, record.agent, task.id] = KeptTask(task, self._clock())
        self._wanted.set()

    @property
    def keeps(self) -> bool:
        """Return whether results are kept at all."""
        return self._folder is not None and self._keep_seconds > 0 and self._keep_bytes > 0

    async def run(self) -> None:
        """Write noted results in batches, until cancelled."""
        while True:
            await self._wanted.wait()
            await anyio.sleep(self._pause_seconds)
            self._wanted = anyio.Event()
            await self.flush()

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
        found = self._pending.get(key) or await anyio.to_thread.run_sync(
            _read, self._path(key), key
        )
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
        before = _read(path, key)
        if before and (before.task == kept.task or self._is_poorer(kept.task, before.task)):
            return 0
        text = _encoded(key, kept)
        if len(text) > self._keep_bytes:
            return 0
        _write(path, text, kept.since)
        return len(text)

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


def _write(path: str, text: bytes, since: float) -> None:
    part = f"{path}.{os.getpid()}.part"
    with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(text)
    os.utime(part, (since, since))  # the sweep goes by it
    os.replace(part, path)


def _read(path: str, key: Key) -> KeptTask | None:
    """Return one result; None if its file is missing, damaged, or belongs to another key."""
    try:
        with open(path, "rb") as file:
            document = json.load(file)
        if document["format"] != FORMAT or tuple(document["key"]) != key:
            return None
        return KeptTask(_decoded(document["task"]), float(document["since"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError) as fault:
        log.warning("a kept result cannot be read (%s): %s", type(fault).__name__, path)
        return None


def _encoded(key: Key, kept: KeptTask) -> bytes:
    task = kept.task.model_dump(exclude_defaults=True)
    document = {"format": FORMAT, "key": key, "since": kept.since, "task": task}
    # ASCII, because an agent's text may hold lone surrogates, which UTF-8 cannot encode.
    return json.dumps(document, default=_base64).encode("ascii")


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} is no part of a task")


def _decoded(task: dict[str, Any]) -> Task:
    said = task["status"].get("message")
    holders = [*task.get("artifacts", ()), *task.get("history", ()), *([said] if said else [])]
    for part in (part for holder in holders for part in holder.get("parts", ())):
        if "raw" in part:
            part["raw"] = b64decode(part["raw"], validate=True)
    return Task.model_validate(task)
