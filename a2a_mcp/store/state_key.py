"""The key that proves what is the bridge's own when it comes back; a file in the state folder.

It seals request state, and makes the addresses that agents post to. All processes of a folder share
one key. The first process makes it, readable by its user only. No process ever uses half a key, and
nothing is read or written at import.
"""

from __future__ import annotations

import logging
import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from a2a_mcp.store.whole_files import add_file

log = logging.getLogger(__name__)

NAME: Final = "state.key"
KEY_BYTES: Final = 32
MOST_READS: Final = 20
READ_PAUSE_SECONDS: Final = 0.01
OPEN: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


class StateKey:
    """The key of a folder, or a `configured` one in its place; it is looked for when needed."""

    def __init__(self, folder: Path | None, configured: str | None) -> None:
        self._folder = folder
        self._configured = configured
        self._known: bytes | None = None

    def find(self) -> bytes | None:
        """Return the key; None where none has been made yet."""
        if self._known is None:
            self._known = self._configured.encode() if self._configured else self._read()
        return self._known

    def make(self) -> bytes:
        """Return the key, and make it if there is none; it is forgotten where it cannot be kept."""
        if self.find() is None:
            self._known = self._made()
        return self._known or b""

    def _read(self) -> bytes | None:
        return read_key(self._folder) if self._folder else None

    def _made(self) -> bytes:
        try:
            if self._folder:
                return make_key(self._folder)
        except OSError as error:
            log.warning(
                "questions put to a person are forgotten at a restart: "
                "the key cannot be kept in %s (%s)",
                self._folder,
                error.strerror or error,
            )
        return secrets.token_bytes(KEY_BYTES)


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
    with suppress(FileExistsError):  # of two keys the first stays
        add_file(folder / NAME, secrets.token_bytes(KEY_BYTES))
    key = _awaited_key(folder)
    if key is None:
        raise OSError(
            f"{folder / NAME} holds no key of this user; remove it, and a new one is made"
        )
    return key


def _awaited_key(folder: Path) -> bytes | None:
    """Return the key; a file that is still empty is being written by another process."""
    for _ in range(MOST_READS):
        was_empty = _is_empty(folder / NAME)
        key = read_key(folder)
        if key or not was_empty:
            return key
        time.sleep(READ_PAUSE_SECONDS)
    return None


def _is_empty(place: Path) -> bool:
    try:
        return place.lstat().st_size == 0
    except OSError:
        return False
