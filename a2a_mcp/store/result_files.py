"""One kept result as bytes: a line of JSON, and behind it the long texts and files, as they are.

So a large result is written and compared without a copy of it. A file is written under another name
and then renamed, so that no partial one is ever read. A database has the same bytes in a row.
"""

from __future__ import annotations

import io
import json
import logging
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO, Final, TypeAlias

from pydantic import ValidationError

from a2a_mcp.a2a.model import JSON, Task
from a2a_mcp.store.masked_texts import MaskText, without_secrets
from a2a_mcp.text.steps import STEP, steps

log = logging.getLogger(__name__)

FORMATS: Final = (1, 2)
"""1 has all in its JSON, 2 has something behind it."""

LEFT_OUT: Final = ("text", "raw")
"""Members of a part that stand behind the JSON where they are long, each with size and digest."""

Key = tuple[str, str, str]
"""Owner, agent and task id."""

Document: TypeAlias = dict[str, Any]

DAMAGED: Final = (ValueError, KeyError, TypeError, AttributeError, ValidationError)
"""What reading a damaged result raises."""


@dataclass(frozen=True, slots=True)
class KeptTask:
    """A task as its agent last sent it; `since` is when that was, in Unix seconds."""

    task: Task
    since: float


class ResultFile:
    """What is to be written of one result, and how large that is; `mask` hides secrets in it."""

    def __init__(self, key: Key, kept: KeptTask, mask: MaskText = str) -> None:
        self._since = kept.since
        document = without_secrets(kept.task.model_dump(exclude_defaults=True), mask)
        self._behind = [_take_out(part, name) for part, name in _long_members(document)]
        head: Document = {"format": FORMATS[bool(self._behind)], "key": key, "since": kept.since}
        # ASCII, because an agent's text may hold lone surrogates, which UTF-8 cannot encode.
        self._head = json.dumps(head | {"task": document}, default=_base64).encode("ascii")
        self.size = len(self._head) + sum(map(_size, self._behind))

    def outline(self) -> Task:
        """Return the task with digests instead of what is long, as `read` returns it."""
        return _outlined(json.loads(self._head)["task"])

    def write(self, path: str) -> None:
        """Write the file; raises OSError."""
        part = f"{path}.{os.getpid()}.part"
        with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.writelines(self.pieces())
        os.utime(part, (self._since, self._since))  # the sweep goes by it
        os.replace(part, path)

    def pieces(self) -> Iterator[bytes]:
        """Yield all bytes, in pieces."""
        yield self._head
        if self._behind:
            yield b"\n"
        for value in self._behind:
            yield from _octets(value)


def read(path: str, key: Key, *, outline: bool = False) -> KeptTask | None:
    """Return one result; None if its file is missing, damaged, or belongs to another key.

    Of an `outline` what is long is not read: its digest stands in its place.
    """
    try:
        with open(path, "rb") as file:
            return decoded(file, os.fstat(file.fileno()).st_size, key, outline=outline)
    except FileNotFoundError:
        return None
    except (OSError, *DAMAGED) as fault:
        log.warning("a kept result cannot be read (%s): %s", type(fault).__name__, path)
        return None


def key_of(path: str) -> Key | None:
    """Return whose result a file holds; None where that cannot be read."""
    try:
        with open(path, "rb") as file:
            owner, agent, task_id = json.loads(file.readline())["key"]
    except (OSError, *DAMAGED) as fault:
        log.warning("a kept result cannot be read (%s): %s", type(fault).__name__, path)
        return None
    return owner, agent, task_id


def body_of(key: Key, task: Task, mask: MaskText = str) -> bytes:
    """Return a result as bytes without its time, so that the same task is the same bytes."""
    return b"".join(ResultFile(key, KeptTask(task, 0.0), mask).pieces())


def task_of(body: bytes, key: Key) -> Task | None:
    """Return the task that `body_of` has encoded; None if it is damaged or another key's."""
    try:
        found = decoded(io.BytesIO(body), len(body), key)
    except DAMAGED as fault:
        log.warning("a kept result cannot be read (%s)", type(fault).__name__)
        return None
    return found.task if found else None


def decoded(file: BinaryIO, size: int, key: Key, *, outline: bool = False) -> KeptTask | None:
    """Return the result of `size` bytes; None if it belongs to another key.

    Raises one of DAMAGED.
    """
    document = json.loads(file.readline())
    if document["format"] not in FORMATS or tuple(document["key"]) != key:
        return None
    task = document["task"]
    _check_whole(task, size - file.tell())
    found = _outlined(task) if outline else _decoded(task, file)
    return KeptTask(found, float(document["since"]))


def _parts(task: Document) -> Iterator[Document]:
    said = task["status"].get("message")
    holders = [*task.get("artifacts", ()), *task.get("history", ()), *([said] if said else [])]
    return (part for holder in holders for part in holder.get("parts", ()))


def _long_members(task: Document) -> list[tuple[Document, str]]:
    found = ((part, name) for part in _parts(task) for name in LEFT_OUT)
    return [(part, name) for part, name in found if len(part.get(name, "")) > STEP]


def _take_out(part: Document, name: str) -> str | bytes:
    """Return a member of a part, which has its size and digest then."""
    value: str | bytes = part[name]
    digest = sha256()
    for octets in _octets(value):
        digest.update(octets)
    part[name] = {"size": _size(value), "sha256": digest.hexdigest()}
    return value


def _octets(value: str | bytes) -> Iterable[bytes]:
    if isinstance(value, bytes):
        return (value,)
    return (piece.encode("utf-8", "surrogatepass") for piece in steps(value))


def _size(value: str | bytes) -> int:
    return sum(map(len, _octets(value)))


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} is no part of a task")


def _decoded(task: Document, file: BinaryIO) -> Task:
    for part in _parts(task):
        for name in LEFT_OUT:
            if isinstance(part.get(name), dict):
                part[name] = _read_behind(name, part[name], file)
            elif name == "raw" and name in part:
                part[name] = b64decode(part[name], validate=True)
    return Task.model_validate(task)


def _check_whole(task: Document, behind: int) -> None:
    """Raise ValueError where not all stands behind the JSON that belongs there."""
    members = (part.get(name) for part in _parts(task) for name in LEFT_OUT)
    wanted = sum(member["size"] for member in members if isinstance(member, dict))
    if behind != wanted:
        raise ValueError("the result is cut")


def _read_behind(name: str, member: Document, file: BinaryIO) -> JSON:
    """Return what stands behind the JSON."""
    octets = file.read(member["size"])
    return octets if name == "raw" else octets.decode("utf-8", "surrogatepass")


def _outlined(task: Document) -> Task:
    for part in _parts(task):
        for name in LEFT_OUT:
            value = part.get(name)
            digest = value["sha256"] if isinstance(value, dict) else value
            if digest is not None:
                part[name] = digest.encode() if name == "raw" else digest
    return Task.model_validate(task)
