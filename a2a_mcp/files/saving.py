"""Save agents' files on this machine, under names that are safe on every system.

An agent's name for a file is never trusted: only letters, digits and a few marks of it are kept. No
file is ever overwritten or executed, and no link followed; a file with the same bytes is reused.
Each file carries the platform's mark of a download.
"""

from __future__ import annotations

import mimetypes
import os
import re
import stat
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Final

from a2a_mcp.files.download_mark import mark_as_download

NAME_BYTES: Final = 120
SUFFIX_BYTES: Final = 16
MOST_TRIES: Final = 100
STEP: Final = 1024 * 1024
LONGEST_PATH: Final = 259 if sys.platform == "win32" else 1023  # Windows' MAX_PATH; macOS's
LONGEST_ADDITION: Final = len("-12345678-99")  # to the name of a file whose name is taken
SHORTEST_STEM: Final = 8
KEPT_MARKS: Final = frozenset(" ._-()+")
SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,10}")
RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])( *\..*)?", re.IGNORECASE)
CREATE: Final = (
    os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)


def folder_of(root: Path, owner: str, agent: str, task_id: str) -> Path:
    """Return the folder of one task; the task id may hold any character, so it is hashed."""
    key = sha256("\0".join((owner, agent, task_id)).encode("utf-8", "surrogatepass"))
    name = agent.replace("/", "-").lstrip(".")  # an agent of a catalogue has a slash
    return root / f"{name or 'agent'}-{key.hexdigest()[:16]}"


def safe_name(wanted: str, media_type: str) -> str:
    """Return a file name made from an agent's, valid on every system and never empty."""
    last = re.split(r"[/\\:]", unicodedata.normalize("NFC", wanted))[-1]
    kept = "".join(letter if _is_kept(letter) else "_" for letter in last).strip(" .-")
    stem, suffix = _split(kept)
    suffix = suffix or mimetypes.guess_extension(media_type) or ""
    return _named(_cut(stem, NAME_BYTES - SUFFIX_BYTES), suffix)


def save(
    folder: Path, name: str, data: bytes, reserve: Callable[[int], None] = lambda _: None
) -> Path:
    """Save `data` under a safe `name`, or a similar one if it is taken; return the path.

    A file with the same bytes is reused; before a new one is written, `reserve` is called with its
    size. Raises OSError.
    """
    if folder.is_symlink():
        raise NotADirectoryError(f"{folder} is a link")
    for candidate in _candidates(_fitting(folder, name), data):
        path = folder / candidate
        if not os.path.lexists(path):
            reserve(len(data))
            with suppress(FileExistsError):  # another process was first
                _write(path, data)
                return path
        if _holds(path, data):
            return path
    raise FileExistsError(f"too many files are named {name}")


def remove(folder: Path) -> None:
    """Remove the folder of a task with its files, if it is there. Raises OSError."""
    if not folder.is_dir() or folder.is_symlink():
        return
    for file in folder.iterdir():
        file.unlink(missing_ok=True)
    folder.rmdir()


def _write(path: Path, data: bytes) -> None:
    """Write a new file, whole or not at all."""
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(path, CREATE, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise
    mark_as_download(path, sys.platform)


def _holds(path: Path, data: bytes) -> bool:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size != len(data):
        return False
    with path.open("rb") as file:
        parts = iter(partial(file.read, STEP), b"")
        return all(part == data[at : at + STEP] for at, part in zip(count(0, STEP), parts))


def _fitting(folder: Path, name: str) -> str:
    """Return a name, its stem cut where the whole path would be too long for other programs."""
    stem, suffix = _split(name)
    room = LONGEST_PATH - len(f"{folder}/{suffix}") - LONGEST_ADDITION
    return _named(_cut(stem, max(room, SHORTEST_STEM)), suffix)


def _named(stem: str, suffix: str) -> str:
    """Return a name that is neither empty nor one of Windows' devices."""
    name = f"{stem or 'file'}{suffix}"
    return f"_{name}" if RESERVED.fullmatch(name) else name


def _candidates(name: str, data: bytes) -> Iterator[str]:
    yield name
    stem, suffix = _split(name)
    mark = sha256(data).hexdigest()[:8]
    yield f"{stem}-{mark}{suffix}"
    for number in range(2, MOST_TRIES):
        yield f"{stem}-{mark}-{number}{suffix}"


def _is_kept(letter: str) -> bool:
    return letter in KEPT_MARKS or unicodedata.category(letter)[0] in "LMN"


def _split(name: str) -> tuple[str, str]:
    """Return a name without its suffix, and the suffix, which is empty if unusual."""
    stem, dot, ending = name.rpartition(".")
    suffix = dot + ending
    return (stem.rstrip(" ."), suffix) if stem and SUFFIX.fullmatch(suffix) else (name, "")


def _cut(stem: str, room: int) -> str:
    return stem.encode("utf-8", "ignore")[:room].decode("utf-8", "ignore").strip(" .")
