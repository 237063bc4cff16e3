"""How many bytes of agents' files stay on this disk, and for how long.

In the bridge's own folder old files are removed to make room. In a folder that the configuration
names, which is the user's, nothing is ever removed: when it is full, no more is written. The folder
is read only when a file is about to be written.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from a2a_mcp.files.sweep import NEVER_SWEPT, SWEEP_SECONDS, SweptFile, is_due, sweep

RECOUNT_SECONDS: Final = 10.0  # for a full folder of the user's, who may have removed files
SMALLEST_FILE: Final = 4096  # even an empty file takes a block; so the number of files is bounded
TASK_FOLDER: Final = re.compile(r".+-[0-9a-f]{16}")


class DiskQuota:
    """The quota of the task folders below `root` (see `saving`), for one caller at a time.

    `own` says that the bridge may remove files there.
    """

    def __init__(
        self,
        root: Path,
        *,
        own: bool,
        keep_seconds: float,
        keep_bytes: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root = root
        self._own = own
        self._keep_seconds = keep_seconds
        self._keep_bytes = keep_bytes
        self._clock = clock
        self._size = 0
        self._counted = NEVER_SWEPT

    def reserve(self, size: int) -> None:
        """Reserve `size` bytes for a file about to be written; raises OSError where it may not."""
        size = max(size, SMALLEST_FILE)
        now = self._clock()
        if self._must_recount(size, now):
            self._counted, self._size = now, self._recount(size, now)
        if self._is_full(size):
            raise OSError(None, f"no more than {self._keep_bytes} bytes are kept (keep_bytes)")
        self._size += size

    def _is_full(self, needed: int) -> bool:
        return self._size + needed > self._keep_bytes

    def _must_recount(self, needed: int, now: float) -> bool:
        if is_due(self._counted, now):
            return True
        if not self._is_full(needed):
            return False
        return self._own or now - self._counted > RECOUNT_SECONDS

    def _recount(self, needed: int, now: float) -> int:
        """Return the bytes of the files that are there, in an own folder after a sweep."""
        files = self._files(now)
        if not self._own or needed > self._keep_bytes:
            return sum(file.size for file in files)
        return sweep(
            files,
            now,
            keep_seconds=self._keep_seconds,
            keep_bytes=self._keep_bytes,
            needed_bytes=needed,
        )

    def _files(self, now: float) -> Iterator[SweptFile]:
        """Yield the files in all task folders, and remove old empty folders on the way."""
        for folder in self._task_folders():
            files = _files_in(folder)
            yield from files
            if not files:
                self._remove_if_old(folder, now)

    def _task_folders(self) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root) as entries:
                named = [entry for entry in entries if TASK_FOLDER.fullmatch(entry.name)]
        except FileNotFoundError:
            return []
        return [entry for entry in named if entry.is_dir(follow_symlinks=False)]

    def _remove_if_old(self, folder: os.DirEntry[str], now: float) -> None:
        """Remove an empty folder, unless another process may be about to write into it."""
        changed = folder.stat(follow_symlinks=False).st_mtime
        if self._own and now - changed > SWEEP_SECONDS:
            with suppress(OSError):
                os.rmdir(folder)


def _files_in(folder: os.DirEntry[str]) -> list[SweptFile]:
    """Return the entries of a folder; a link counts as itself and is never followed."""
    with os.scandir(folder) as entries:
        found = [(entry.path, entry.stat(follow_symlinks=False)) for entry in entries]
    return [SweptFile(it.st_mtime, max(it.st_size, SMALLEST_FILE), path) for path, it in found]
