"""The key that seals request state which travels through a client; a file in the state folder.

All processes of a folder share one key. The first process makes it, readable by its user only. No
process ever sees half a key, and nothing is read or written at import.
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

NAME: Final = "state.key"
KEY_BYTES: Final = 32
OPEN: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_key(folder: Path) -> bytes | None:
    """Return the folder's key; None when there is none, or none that can be used."""
    try:
        with os.fdopen(os.open(folder / NAME, OPEN), "rb") as file:
            key = file.read(KEY_BYTES + 1) if _is_own(os.fstat(file.fileno())) else b""
    except OSError:
        return None
    return key if len(key) == KEY_BYTES else None


def _is_own(found: os.stat_result) -> bool:
    """Return whether it is a file of this user: another user's key would let him seal state."""
    return stat.S_ISREG(found.st_mode) and (os.name == "nt" or found.st_uid == os.geteuid())


def make_key(folder: Path) -> bytes:
    """Return the folder's key, and make it if there is none; raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The key is written to another name, then linked: no process reads half a key, and of two keys
    # the first stays.
    descriptor, aside = tempfile.mkstemp(dir=folder, prefix=f"{NAME}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(aside, folder / NAME)
    finally:
        os.unlink(aside)
    key = read_key(folder)
    if key is None:
        raise OSError(
            f"{folder / NAME} holds no key of this user; remove it, and a new one is made"
        )
    return key
