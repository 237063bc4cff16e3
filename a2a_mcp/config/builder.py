"""A configuration while it is being read: the agents so far, and what is wrong so far.

Agents come as tables of the file, as entries of `$A2A_AGENTS` and as URL arguments, in that order.
This module is handed what `config` has read; it reads nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from a2a_mcp.config.faults import Mistake, mistakes_in, shown
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.secrets import Sources
from a2a_mcp.config.values import agent_name, agent_url

ENVIRONMENT: Final = "$A2A_AGENTS"
_WELL_KNOWN: Final = re.compile(r"/\.well-known/agent(-card)?\.json$")


class Draft:
    """What has been read so far.

    `faults` are the agents that cannot be used, with the reasons. Lines of `file: key: reason`:
    `stops` for mistakes that stop the start, `strict` for those that do where that is asked for.
    """

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.agents: dict[str, AgentConfig] = {}
        self.faults: dict[str, str] = {}
        self.stops: list[str] = []
        self.strict: list[str] = []
        self.notes: list[str] = []
        self._names: dict[str, str] = {}  # in one case of letters
        self._urls: dict[tuple[str, ...], set[str]] = {}

    def find(self, name: str) -> str | None:
        """Give the configured name that `name` means, in any case of letters."""
        return self._names.get(name.casefold())

    def add_table(self, name: str, table: object, path: Path) -> None:
        """Add the agent that a table of the file describes."""
        mistakes = []
        if (taken := self.find(name)) is not None:
            mistakes.append(Mistake("", f"{taken} has the same name but for the case of letters"))
        if not isinstance(table, dict):
            mistakes.append(Mistake("", "must be a table"))
            table = {}
        elif "name" in table:
            mistakes.append(Mistake("name", "unknown key; the table's own name is the agent's"))
        self.sources.resolve = table.get("enabled") is not False
        try:
            agent = AgentConfig.model_validate({**table, "name": name}, context=self.sources)
        except ValidationError as error:
            mistakes += mistakes_in(error, AgentConfig) if table else []
        self.sources.resolve = True
        if mistakes:
            self._fault(shown(name), mistakes, str(path), f"agents.{shown(name)}")
        else:
            self._keep(agent)

    def add_entries(self, entries: str) -> None:
        """Add the agents of `name=url,name=url` or bare URLs; a bad one costs that one."""
        for number, entry in enumerate(filter(None, map(str.strip, entries.split(","))), 1):
            name, url = _named(entry)
            try:
                self._add_url(name, url)
            except ValueError as error:
                called = self._free(shown(name) or f"A2A_AGENTS-{number}")
                self._fault(called, [Mistake("", str(error))], ENVIRONMENT, f"entry {number}")

    def add_arguments(self, urls: Sequence[str]) -> None:
        """Add the agents of the command line, as `name=url` or bare URLs; a bad one stops it."""
        for number, entry in enumerate(urls, 1):
            try:
                self._add_url(*_named(entry))
            except ValueError as error:
                self.stops.append(f"argument: URL {number}: {error}")

    def _add_url(self, wanted: str, url: str) -> None:
        """Add an agent of which only the URL is known, unless it is there already."""
        agent_url(url)
        name = agent_name(wanted) if wanted else slug(url)
        there = self._urls.get(_plain(url), set())
        if there and (not wanted or name.casefold() in there):
            return
        free = self._free(name)
        if wanted and free != name:
            self.notes.append(f"{ENVIRONMENT}: {name} is another agent; this one is named {free}")
        self._keep(AgentConfig(name=free, url=url))

    def _keep(self, agent: AgentConfig) -> None:
        self.agents[agent.name] = agent
        self._names[agent.name.casefold()] = agent.name
        if agent.url:
            self._urls.setdefault(_plain(agent.url), set()).add(agent.name.casefold())

    def _fault(self, name: str, mistakes: list[Mistake], source: str, table: str) -> None:
        self.faults[name] = "; ".join(map(str, mistakes))
        self._names.setdefault(name.casefold(), name)
        self.strict += [mistake.at(source, table) for mistake in mistakes]

    def _free(self, name: str) -> str:
        number, found = 1, name
        while self.find(found) is not None:
            number += 1
            found = f"{name[:60]}-{number}"
        return found


def _named(entry: str) -> tuple[str, str]:
    """Read `name=url`; the name is empty where only a URL is given."""
    name, mark, url = map(str.strip, entry.partition("="))
    return (name, url) if mark and name and "://" not in name else ("", entry)


def slug(url: str) -> str:
    """Make a name of a URL's host, port and path."""
    parts = urlsplit(url)
    port = f"-{parts.port}" if parts.port else ""
    text = f"{parts.hostname}{port}{_WELL_KNOWN.sub('', parts.path)}".lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:64].rstrip("-") or "agent"


def _plain(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), parts.query
