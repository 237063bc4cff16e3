"""Agents that callers have added while the bridge runs: one file each in the state folder.

They have a URL, a description and an owner, and never credentials. A file is made whole under a
name that no other has, so two processes that share the folder never give one name twice. Names of
the configuration come first.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.store.whole_files import add_file
from a2a_mcp.text.url_patterns import matches_any

FOLDER: Final = "registered"
CHECK_SECONDS: Final = 1.0
SETTLED_NANOSECONDS: Final = 1_000_000_000  # two changes within a clock's tick have one time
MOST_BYTES: Final = 16_384
MOST_OF_ONE_OWNER: Final = 50
NO_LONGER_ALLOWED: Final = "it was registered, and registrable no longer allows its URL"


class NameTaken(Exception):
    """Another agent has this name."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An agent and the caller who has added it."""

    owner: str
    agent: AgentConfig


class RegisteredAgents:
    """The agents that callers of all processes of one state folder have added."""

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder / FOLDER
        self._known: dict[str, Registered] = {}  # by the name in one case of letters
        self._owners: dict[str, str] = {}
        self._stamp: int | None = None
        self._checked = float("-inf")

    def changed(self, now: float) -> bool:
        """Read the files again if one came or went; return whether they were read.

        They are looked at once a second at most; `now` is in monotonic seconds.
        """
        if now - self._checked < CHECK_SECONDS:
            return False
        self._checked = now
        stamp = _changed_at(self._folder)
        if stamp == self._stamp:
            return False
        is_settled = stamp is None or time.time_ns() - stamp > SETTLED_NANOSECONDS
        self._stamp = stamp if is_settled else None
        self._read()
        return True

    def _read(self) -> None:
        found = map(_read, sorted(self._folder.glob("agent-*.json")))
        self._known = {it.agent.name.casefold(): it for it in found if it}

    def joined(self, config: Config) -> Config:
        """Return the configuration with the added agents after its own."""
        taken = {name.casefold() for name in (*config.agents, *config.catalogs, *config.faults)}
        mine = [it for key, it in self._known.items() if key not in taken]
        self._owners = {it.agent.name: it.owner for it in mine}
        if not mine:
            return config
        agents = config.agents.joined(it.agent for it in mine if _is_allowed(it, config))
        faults = dict.fromkeys(self._owners.keys() - agents.keys(), NO_LONGER_ALLOWED)
        return replace(config, agents=agents, faults={**config.faults, **faults})

    def owner_of(self, name: str) -> str | None:
        """Return the caller who has added an agent; None for one of the configuration."""
        return self._owners.get(name)

    def of_owner(self, owner: str) -> list[AgentConfig]:
        """Return the agents that a caller has added."""
        return [it.agent for it in self._known.values() if it.owner == owner]

    def add(self, owner: str, agent: AgentConfig) -> None:
        """Keep an agent; raises NameTaken, and OSError where it cannot be stored."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = {"name": agent.name, "url": agent.url, "description": agent.description}
        text = json.dumps({"owner": owner, **facts})
        try:
            add_file(self._place(agent.name), text.encode())
        except FileExistsError:
            raise NameTaken from None
        self._forget()

    def remove(self, name: str) -> None:
        """Remove an agent; raises OSError."""
        self._place(name).unlink(missing_ok=True)
        self._forget()

    def _place(self, name: str) -> Path:
        return self._folder / f"agent-{name.casefold()}.json"

    def _forget(self) -> None:
        """Let the files be read again at once."""
        self._checked, self._stamp = float("-inf"), -1


def _is_allowed(registered: Registered, config: Config) -> bool:
    return matches_any(registered.agent.url or "", config.server.registrable)


def _changed_at(folder: Path) -> int | None:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return None


def _read(place: Path) -> Registered | None:
    """Return what a file holds; None for one that this module did not write, or that is gone."""
    try:
        with place.open("rb") as file:
            facts = json.loads(file.read(MOST_BYTES))
        known = {name: facts[name] for name in ("name", "url", "description")}
        return Registered(str(facts["owner"]), AgentConfig.model_validate(known))
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None
