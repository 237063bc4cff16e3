"""Add the bridge to a host, or take it out: a change is planned, can be shown, and is then written.

The old file is kept beside the new one. A file that cannot be read is left as it is.
"""

from __future__ import annotations

import difflib
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from a2a_mcp.cli.hosts.documents import DOCUMENTS, Entry, Unreadable
from a2a_mcp.cli.hosts.table import HOSTS, Host

KEPT: Final = ".before-a2a-mcp"
COMMAND: Final = "a2a-mcp"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written: a file, its text now, its text then."""

    file: Path
    before: str
    after: str

    @property
    def is_one(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after

    def shown(self) -> str:
        """Return the change as a diff."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            str(self.file),
            str(self.file),
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def write(self) -> Path | None:
        """Write the file; return where the old one is kept. Raises OSError."""
        target = self.file.resolve()  # a link stays a link
        target.parent.mkdir(parents=True, exist_ok=True)
        kept = _keep(target) if target.exists() else None
        _replace(target, self.after)
        return kept


def place(
    host: Host,
    platform: str = sys.platform,
    home: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Path:
    """Return the file of a host on this machine."""
    return host.file(platform, home or Path.home(), environment)


def added(host: Host, name: str, entry: Entry, file: Path) -> Change:
    """Return the change that sets an entry; the other entries stay. Raises Unreadable, OSError."""
    before = _text(file)
    with _named(file):
        return Change(
            file, before, DOCUMENTS[host.format].with_entry(before, (*host.path, name), entry)
        )


def removed(host: Host, name: str, file: Path) -> Change:
    """Return the change that removes an entry, if there is one. Raises Unreadable, OSError."""
    before = _text(file)
    with _named(file):
        return Change(
            file, before, DOCUMENTS[host.format].without_entry(before, (*host.path, name))
        )


def entry_in(host: Host, name: str, file: Path) -> Entry | None:
    """Return the entry of a host's file; None without file or entry. Raises Unreadable, OSError."""
    with _named(file):
        return DOCUMENTS[host.format].entry(_text(file), (*host.path, name))


def entries_in(host: Host, file: Path) -> Entry:
    """Return all entries of a host's file by name. Raises Unreadable, OSError."""
    with _named(file):
        return DOCUMENTS[host.format].entry(_text(file), host.path) or {}


def hosts_here(
    platform: str = sys.platform,
    home: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> list[str]:
    """Return the hosts that have left a file or its folder on this machine."""
    folder = home or Path.home()
    return [
        name
        for name, host in HOSTS.items()
        if _has_been_here(host.file(platform, folder, environment), folder)
    ]


def command() -> tuple[str, list[str]]:
    """Return the command that starts this bridge by whole paths, as a windowed host needs it."""
    script = Path(sys.argv[0])
    found = str(script) if script.name.startswith(COMMAND) else shutil.which(COMMAND)
    if found and Path(found).exists():
        return os.path.abspath(found), []
    return sys.executable, ["-m", "a2a_mcp"]


def unpassed(host: Host, config: Path, given: Mapping[str, str]) -> list[str]:
    """Return the variables that a configuration reads and a host does not pass to the bridge."""
    if host.passes_environment or not config.is_file():
        return []
    with config.open("rb") as file:
        wanted = dict.fromkeys(_variables(tomllib.load(file)))
    return [name for name in wanted if name not in given]


def _variables(value: Any) -> Iterator[str]:
    """Return the names in all `{ env = NAME }` of a configuration."""
    match value:
        case {"env": str(name), **rest} if not rest:
            yield name
        case dict():
            for each in value.values():
                yield from _variables(each)
        case list():
            for each in value:
                yield from _variables(each)


def _has_been_here(file: Path, home: Path) -> bool:
    return file.exists() or (file.parent != home and file.parent.is_dir())


def _text(file: Path) -> str:
    if not file.exists():
        return ""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable([f"{file}: not text in UTF-8"]) from None


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Put the file's name before what is wrong with it."""
    try:
        yield
    except Unreadable as error:
        faults = [
            fault if str(file) in fault else f"{file}: {fault}; correct it first"
            for fault in error.faults
        ]
        raise Unreadable(faults) from None


def _keep(target: Path) -> Path:
    kept = target.with_name(target.name + KEPT)
    shutil.copy2(target, kept)
    return kept


def _replace(target: Path, text: str) -> None:
    """Write a file as a whole or not at all; a new one is readable by its owner only."""
    handle, fresh = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    if target.exists():
        shutil.copymode(target, fresh)
    os.replace(fresh, target)
