"""Small files of the state folder that no other process ever reads half written."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

CREATE: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)


def add_file(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, readable by its user only.

    Raises FileExistsError where it is there already: of two processes that add it, one succeeds.
    Raises OSError where it cannot be written.
    """
    aside = _written_aside(path, content)
    try:
        _link(aside, path, content)
    finally:
        with suppress(OSError):
            aside.unlink()


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in the place of the one that is there; raises OSError."""
    aside = _written_aside(path, content)
    try:
        os.replace(aside, path)
    except OSError:
        with suppress(OSError):
            aside.unlink()
        raise


def _written_aside(path: Path, content: bytes) -> Path:
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    _write(descriptor, content)
    return Path(aside)


def _link(aside: Path, path: Path, content: bytes) -> None:
    try:
        os.link(aside, path)
    except FileExistsError:
        raise
    except OSError:  # exFAT and many network shares have no hard links
        _write(os.open(path, CREATE, 0o600), content)


def _write(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
