"""The key with which state is sealed that travels through a client, kept in the state folder.

One key for all processes of a folder: whoever comes first makes it, whole or not at all, readable
by its owner alone. Nothing is read or written before somebody asks.
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
    """Give the folder's key; None when there is none (yet), or none that can be used."""
    try:
        with os.fdopen(os.open(folder / NAME, OPEN), "rb") as file:
            key = file.read(KEY_BYTES + 1) if _is_own(os.fstat(file.fileno())) else b""
    except OSError:
        return None
    return key if len(key) == KEY_BYTES else None


def _is_own(found: os.stat_result) -> bool:
    """Whether it is a file of this user: whoever else laid a key there could seal as we do."""
    return stat.S_ISREG(found.st_mode) and (os.name == "nt" or found.st_uid == os.geteuid())


def make_key(folder: Path) -> bytes:
    """Give the folder's key, made where there is none; raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Written aside and linked into its place: nobody reads half a key, and the first one stays.
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
