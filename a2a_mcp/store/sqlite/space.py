"""The space of `tasks.db` on disk: pages go from its log into it, and free ones back to the disk.

What takes long has a connection of its own, for a thread. It must never make a file, and it harms
nothing when it fails: the file is only larger than it need be.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, TypeVar

_T = TypeVar("_T")

MOST_REBUILD_SECONDS: Final = 1.0  # other processes wait meanwhile, and longer before they give up
_INCREMENTAL: Final = 2
FEW_PAGES: Final = 1_000
_STEPS_BETWEEN_LOOKS: Final = 1_000


def give_back(connection: sqlite3.Connection, size: int) -> bool:
    """Give at most `size` free pages back to the disk; return whether there are more.

    Some stay: the next rows need them.
    """
    if _pragma(connection, "auto_vacuum") != _INCREMENTAL or not is_loose(connection):
        return False
    connection.execute(f"PRAGMA incremental_vacuum({size})").fetchall()
    return True


def is_loose(connection: sqlite3.Connection) -> bool:
    """Return whether more than a fifth of the file is free."""
    free, pages = (_pragma(connection, name) for name in ("freelist_count", "page_count"))
    return free > max(FEW_PAGES, pages / 5)


def needs_rebuild(connection: sqlite3.Connection) -> bool:
    """Return whether much of a file is free that an earlier version made: it gives nothing back."""
    return _pragma(connection, "auto_vacuum") != _INCREMENTAL and is_loose(connection)


def checkpoint(path: Path) -> None:
    """Copy pages of the log into the file, as far as nobody is kept from writing."""
    with suppress(sqlite3.Error), closing(_opened(path)) as file:
        file.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def rebuild(path: Path, is_wanted: Callable[[], bool]) -> bool:
    """Write the file again without its free pages, and so that it gives back later ones.

    Nobody can write meanwhile, so it stops when the file `is_wanted`, or after a while. Return
    False if the time did not suffice.
    """
    end = time.monotonic() + MOST_REBUILD_SECONDS
    with suppress(sqlite3.Error), closing(_opened(path)) as file:
        file.set_progress_handler(
            lambda: is_wanted() or time.monotonic() > end, _STEPS_BETWEEN_LOOKS
        )
        file.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
        file.execute("VACUUM")
    return time.monotonic() <= end


def read(path: Path, question: Callable[[sqlite3.Connection], _T]) -> _T | None:
    """Return the answer to a question that may take long; None where the file does not give it."""
    with suppress(sqlite3.Error), closing(_opened(path)) as file:
        return question(file)
    return None


def _opened(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=0, isolation_level=None)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    ((value,),) = connection.execute(f"PRAGMA {name}").fetchall()
    return int(value)
