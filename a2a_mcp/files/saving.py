"""Files of agents kept on this machine, under names that are safe everywhere.

A name is made of an agent's words and never trusted: letters, digits and a few marks of it are
left. Nothing is ever overwritten, followed, executed or opened; what is there already with the same
bytes is the same file (threats I9).
"""

from __future__ import annotations

import mimetypes
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

NAME_BYTES: Final = 120
SUFFIX_BYTES: Final = 16
MOST_TRIES: Final = 100
KEPT_MARKS: Final = frozenset(" ._-()+")
SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,10}")
RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])( *\..*)?", re.IGNORECASE)
CREATE: Final = (
    os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)


def folder_of(root: Path, owner: str, agent: str, task_id: str) -> Path:
    """Give the folder of one task; its id, which may hold anything, is only hashed."""
    key = sha256("\0".join((owner, agent, task_id)).encode("utf-8", "surrogatepass"))
    return root / f"{agent.lstrip('.') or 'agent'}-{key.hexdigest()[:16]}"


def safe_name(wanted: str, media_type: str) -> str:
    """Make a file's name of an agent's words, fit for every system; never empty."""
    last = re.split(r"[/\\:]", unicodedata.normalize("NFC", wanted))[-1]
    kept = "".join(letter if _is_kept(letter) else "_" for letter in last).strip(" .-")
    stem, suffix = _split(kept)
    suffix = suffix or mimetypes.guess_extension(media_type) or ""
    name = f"{_cut(stem, NAME_BYTES - SUFFIX_BYTES) or 'file'}{suffix}"
    return f"_{name}" if RESERVED.fullmatch(name) else name


def save(
    folder: Path, name: str, data: bytes, make_room: Callable[[int], None] = lambda _: None
) -> Path:
    """Keep `data` under a safe `name`, or under one like it where that is taken; raises OSError.

    What is there with the same bytes is given back as it is; for what is not, `make_room` is asked.
    """
    if folder.is_symlink():
        raise NotADirectoryError(f"{folder} is a link")
    for candidate in _candidates(name, data):
        path = folder / candidate
        if not os.path.lexists(path):
            make_room(len(data))
            with suppress(FileExistsError):  # somebody came first
                _write(path, data)
                return path
        if _holds(path, data):
            return path
    raise FileExistsError(f"too many files are named {name}")


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


def _holds(path: Path, data: bytes) -> bool:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size != len(data):
        return False
    return path.read_bytes() == data


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
    """Part a name from its ending, where it has a usual one."""
    stem, dot, ending = name.rpartition(".")
    suffix = dot + ending
    return (stem.rstrip(" ."), suffix) if stem and SUFFIX.fullmatch(suffix) else (name, "")


def _cut(stem: str, room: int) -> str:
    return stem.encode("utf-8", "ignore")[:room].decode("utf-8", "ignore").strip(" .")
