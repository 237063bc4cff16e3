"""Pins of agents' cards: one file for each agent in the state folder, written whole or not."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Final

from a2a_mcp.store.whole_files import add_file, replace_file

FOLDER: Final = "pins"


class PinFile:
    """The pin of the agent `name`; without a folder it lasts as long as this object."""

    def __init__(self, state_folder: Path | None, name: str) -> None:
        self._folder = state_folder / FOLDER if state_folder else None
        # A name may hold what no file's name may; two names that differ in case are two agents.
        self._name = hashlib.sha256(name.encode()).hexdigest()[:32] + ".json"
        self._unstored: str | None = None

    def read(self) -> str | None:
        """Return what is pinned, None where nothing is; raises OSError and ValueError."""
        if self._folder is None:
            return self._unstored
        try:
            return (self._folder / self._name).read_text("utf-8")
        except FileNotFoundError:
            return None

    def add(self, text: str) -> str:
        """Pin `text` if nothing is pinned yet; return what is pinned now. Raises OSError."""
        if self._folder is None:
            self._unstored = self._unstored or text
            return self._unstored
        path = self._path(self._folder)
        with suppress(FileExistsError):  # of two first pins one stays
            add_file(path, text.encode())
        return self.read() or text

    def replace(self, text: str) -> None:
        """Pin `text` in the place of what is pinned; raises OSError."""
        if self._folder is None:
            self._unstored = text
            return
        replace_file(self._path(self._folder), text.encode())

    def _path(self, folder: Path) -> Path:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / self._name
