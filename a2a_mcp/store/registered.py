"""Agents that callers have added while the bridge runs: what is kept of each, and as files.

They have a URL, a description and an owner, and never credentials. A file is made whole under a
name that no other has, so two processes that share the folder never give one name twice.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from anyio import to_thread

from a2a_mcp.store.whole_files import add_file

FOLDER: Final = "registered"
CHECK_SECONDS: Final = 1.0
SETTLED_NANOSECONDS: Final = 1_000_000_000  # two changes within a clock's tick have one time
MOST_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True)
class KeptAgent:
    """An agent and the caller who has added it."""

    owner: str
    name: str
    url: str
    description: str | None


class RegisteredPlace(Protocol):
    """Where agents are kept that callers have added; names in any case of letters are one name."""

    def news(self, now: float) -> list[KeptAgent] | None:
        """Return all agents if one came or went since the last time, else None.

        `now` is in monotonic seconds.
        """

    async def look(self) -> None:
        """Let `news` know what other processes have changed. Raises StoreUnavailable."""

    async def add(self, agent: KeptAgent) -> bool:
        """Keep an agent; return False where its name is taken.

        Raises OSError and StoreUnavailable.
        """

    async def remove(self, name: str) -> None:
        """Remove an agent. Raises OSError and StoreUnavailable."""


class RegisteredFolder(RegisteredPlace):
    """Agents as files of the state folder: `news` looks at them once a second at most."""

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder / FOLDER
        self._stamp: int | None = None
        self._checked = float("-inf")

    def news(self, now: float) -> list[KeptAgent] | None:
        """Read the files again if one came or went."""
        if now - self._checked < CHECK_SECONDS:
            return None
        self._checked = now
        stamp = _changed_at(self._folder)
        if stamp == self._stamp:
            return None
        is_settled = stamp is None or time.time_ns() - stamp > SETTLED_NANOSECONDS
        self._stamp = stamp if is_settled else None
        found = map(_read, sorted(self._folder.glob("agent-*.json")))
        return [agent for agent in found if agent]

    async def look(self) -> None:
        """`news` looks at the files itself."""

    async def add(self, agent: KeptAgent) -> bool:
        """Write a file; of two with one name the first stays."""
        added = await to_thread.run_sync(self._add, agent)
        self._forget()
        return added

    async def remove(self, name: str) -> None:
        """Remove the file of an agent, if there is one."""
        await to_thread.run_sync(self._remove, name)
        self._forget()

    def _add(self, agent: KeptAgent) -> bool:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            add_file(self._place(agent.name), json.dumps(asdict(agent)).encode())
        except FileExistsError:
            return False
        return True

    def _remove(self, name: str) -> None:
        self._place(name).unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        return self._folder / f"agent-{name.casefold()}.json"

    def _forget(self) -> None:
        """Let the files be read again at once."""
        self._checked, self._stamp = float("-inf"), -1


def _changed_at(folder: Path) -> int | None:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return None


def _read(place: Path) -> KeptAgent | None:
    """Return what a file holds; None for one that this module did not write, or that is gone."""
    try:
        with place.open("rb") as file:
            facts = json.loads(file.read(MOST_BYTES))
        name, url, description = (facts[key] for key in ("name", "url", "description"))
        return KeptAgent(str(facts["owner"]), name, url, description)
    except (OSError, ValueError, KeyError, TypeError):
        return None
