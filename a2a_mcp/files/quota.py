"""How much of agents' files stays on this disk, and for how long.

In the bridge's own folder what is too old goes, then the oldest of too much, as with results
(`kept`). A folder that the configuration names is the user's: nothing is ever removed there, and it
takes no more once it holds as much. Looked at only when a file is about to be written.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

SWEEP_SECONDS: Final = 3600.0
LOOK_AGAIN_SECONDS: Final = 10.0  # at a full folder, which its user may have cleared
ROOM_AFTER_SWEEP: Final = 0.9  # so that not every further file sweeps again
LEAST_BYTES: Final = 4096  # what even an empty file takes, so that many small ones are bounded too
TASK_FOLDER: Final = re.compile(r".+-[0-9a-f]{16}")


class Found(NamedTuple):
    """A file that is there; sorted, the oldest comes first."""

    changed: float
    size: int
    path: str


class DiskQuota:
    """The task folders below `root` (see `saving`), for one caller at a time.

    `own` tells that the bridge may remove what is in them.
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
        self._looked = float("-inf")

    def make(self, size: int) -> None:
        """See to it that a file of `size` bytes may be written; raises OSError where it may not."""
        size = max(size, LEAST_BYTES)
        now = self._clock()
        full = self._size + size > self._keep_bytes
        age = now - self._looked
        if not 0 <= age < SWEEP_SECONDS or (full and (self._own or age > LOOK_AGAIN_SECONDS)):
            self._looked, self._size = now, self._look(now, size)
        if self._size + size > self._keep_bytes:
            raise OSError(None, f"no more than {self._keep_bytes} bytes are kept (keep_bytes)")
        self._size += size

    def _look(self, now: float, wanted: int) -> int:
        """Count what is there, and remove what goes; gives the bytes that stay."""
        found = sorted(self._files(now))
        size = sum(file.size for file in found)
        if not self._own or wanted > self._keep_bytes:
            return size
        full = size + wanted > self._keep_bytes
        limit = self._keep_bytes * (ROOM_AFTER_SWEEP if full else 1) - wanted
        for file in found:
            if now - file.changed < self._keep_seconds and size <= max(limit, 0):
                break
            with suppress(FileNotFoundError):  # another process sweeps as well
                os.unlink(file.path)
            size -= file.size
        return size

    def _files(self, now: float) -> Iterator[Found]:
        """Give the files in the folders of tasks, links as such; takes old empty folders away."""
        try:
            with os.scandir(self.root) as entries:
                folders = [each for each in entries if TASK_FOLDER.fullmatch(each.name)]
        except FileNotFoundError:
            return
        for folder in folders:
            if not folder.is_dir(follow_symlinks=False):
                continue
            with os.scandir(folder) as entries:
                files = [(each.path, each.stat(follow_symlinks=False)) for each in entries]
            for path, seen in files:
                yield Found(seen.st_mtime, max(seen.st_size, LEAST_BYTES), path)
            changed = folder.stat(follow_symlinks=False).st_mtime
            if self._own and not files and now - changed > SWEEP_SECONDS:
                with suppress(OSError):
                    os.rmdir(folder)
