"""Pins of agents' cards: in the state folder one file for each agent, written whole or not."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from anyio import to_thread

from a2a_mcp.store.whole_files import add_file, replace_file

FOLDER: Final = "pins"


class PinPlace(Protocol):
    """Where pins are kept, as texts by the names of agents.

    Methods raise OSError and ValueError where a folder, StoreUnavailable where a database fails.
    """

    async def read(self, agent: str) -> str | None:
        """Return what is pinned, None where nothing is."""

    async def add(self, agent: str, text: str) -> str:
        """Pin `text` if nothing is pinned yet; return what is pinned now."""

    async def replace(self, agent: str, text: str) -> None:
        """Pin `text` in the place of what is pinned."""


class PinMemory(PinPlace):
    """Pins that last as long as this object, where there is no folder."""

    def __init__(self) -> None:
        self._pins: dict[str, str] = {}

    async def read(self, agent: str) -> str | None:
        """Return what is remembered."""
        return self._pins.get(agent)

    async def add(self, agent: str, text: str) -> str:
        """Remember the first pin."""
        return self._pins.setdefault(agent, text)

    async def replace(self, agent: str, text: str) -> None:
        """Remember another pin."""
        self._pins[agent] = text


class PinFolder(PinPlace):
    """Pins in files of the state folder."""

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder / FOLDER

    async def read(self, agent: str) -> str | None:
        """Read a file, if it is there."""
        return await to_thread.run_sync(_read, self._path(agent))

    async def add(self, agent: str, text: str) -> str:
        """Write a file; of two first pins one stays."""
        return await to_thread.run_sync(self._add, self._path(agent), text)

    async def replace(self, agent: str, text: str) -> None:
        """Write a file in the place of another."""
        await to_thread.run_sync(self._replace, self._path(agent), text)

    def _add(self, path: Path, text: str) -> str:
        self._make()
        with suppress(FileExistsError):
            add_file(path, text.encode())
        return _read(path) or text

    def _replace(self, path: Path, text: str) -> None:
        self._make()
        replace_file(path, text.encode())

    def _make(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, agent: str) -> Path:
        # A name may hold what no file's name may; two names that differ in case are two agents.
        return self._folder / f"{hashlib.sha256(agent.encode()).hexdigest()[:32]}.json"


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
