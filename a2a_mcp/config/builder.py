"""A configuration while it is being read: the agents so far, and the faults so far.

Agents come as tables of the file, as entries of `$A2A_AGENTS` and as URL arguments, in that order.
`load` passes in what it has read; this module reads nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from a2a_mcp.config.agent_tables import AgentTables, is_plain
from a2a_mcp.config.faults import Fault, faults_in, shown
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.secrets import ValidationContext
from a2a_mcp.config.values import agent_name, agent_url

ENVIRONMENT: Final = "$A2A_AGENTS"
_WELL_KNOWN: Final = re.compile(r"/\.well-known/agent(-card)?\.json$")


class ConfigBuilder:
    """What has been read so far.

    `faults` holds the agents that cannot be used, with the reasons; `cards` the files of cards,
    `catalogs` the tables that are lists of agents.
    `errors` are lines of `file: key: reason` that stop the start; `strict_errors` stop it only in
    strict mode.
    """

    def __init__(self, context: ValidationContext) -> None:
        self.context = context
        self.agents = AgentTables()
        self.catalogs: dict[str, AgentConfig] = {}
        self.cards: set[Path] = set()
        self.faults: dict[str, str] = {}
        self.errors: list[str] = []
        self.strict_errors: list[str] = []
        self.notes: list[str] = []
        self._names: dict[str, str] = {}  # by the name in one case of letters
        self._urls: dict[tuple[str, ...], set[str]] | None = None  # unless one is added by its URL

    def find(self, name: str) -> str | None:
        """Return the configured name that equals `name` in any case of letters, else None."""
        return self._names.get(name.casefold())

    def add_table(self, name: str, table: object, path: Path) -> None:
        """Add the agent that a table of the file describes."""
        taken = self.find(name)
        if taken is None and isinstance(table, dict) and is_plain(name, table):
            self.agents.add(name, table)
            self._names[name.casefold()] = name
        else:
            self._check_table(name, table, path, taken)

    def _check_table(self, name: str, table: object, path: Path, taken: str | None) -> None:
        found = []
        if taken is not None:
            found.append(Fault("", f"{taken} has the same name but for the case of letters"))
        is_table = isinstance(table, dict)
        if not isinstance(table, dict):
            found.append(Fault("", "must be a table"))
            table = {}
        elif "name" in table:
            found.append(Fault("name", "unknown key; the table's own name is the agent's"))
        self.context.resolve = table.get("enabled") is not False
        try:
            agent = AgentConfig.model_validate({**table, "name": name}, context=self.context)
        except ValidationError as error:
            found += faults_in(error, AgentConfig) if is_table else []
        self.context.resolve = True
        if found:
            self._add_fault(shown(name), found, str(path), f"agents.{shown(name)}")
        elif agent.catalog:
            self._add_catalog(agent)
        else:
            self._add(agent)

    def _add_catalog(self, agent: AgentConfig) -> None:
        if agent.enabled:
            self.catalogs[agent.name] = agent
        self._names[agent.name.casefold()] = agent.name

    def add_entries(self, entries: str) -> None:
        """Add the agents of `name=url,name=url` or bare URLs; a fault disables only its agent."""
        for number, entry in enumerate(filter(None, map(str.strip, entries.split(","))), 1):
            name, url = named(entry)
            try:
                self._add_url(name, url)
            except ValueError as error:
                called = self._free_name(shown(name) or f"A2A_AGENTS-{number}")
                self._add_fault(called, [Fault("", str(error))], ENVIRONMENT, f"entry {number}")

    def add_arguments(self, urls: Sequence[str]) -> None:
        """Add the agents of the command line, as `name=url` or bare URLs; a fault is an error."""
        for number, entry in enumerate(urls, 1):
            try:
                self._add_url(*named(entry))
            except ValueError as error:
                self.errors.append(f"argument: URL {number}: {error}")

    def _add_url(self, wanted: str, url: str) -> None:
        """Add an agent of which only the URL is known, unless it has been added already."""
        agent_url(url)
        name = agent_name(wanted) if wanted else slug(url)
        same_url = self._names_by_url().get(_plain(url), set())
        if same_url and (not wanted or name.casefold() in same_url):
            return
        free = self._free_name(name)
        if wanted and free != name:
            self.notes.append(f"{ENVIRONMENT}: {name} is another agent; this one is named {free}")
        try:
            self._add(AgentConfig(name=free, url=url))
        except ValidationError as error:
            raise ValueError("; ".join(map(str, faults_in(error, AgentConfig)))) from None

    def _add(self, agent: AgentConfig) -> None:
        self.agents.add(agent.name, agent)
        self._names[agent.name.casefold()] = agent.name
        if isinstance(agent.card, Path):
            self.cards.add(agent.card)
        if agent.url and self._urls is not None:
            self._urls.setdefault(_plain(agent.url), set()).add(agent.name.casefold())

    def _names_by_url(self) -> dict[tuple[str, ...], set[str]]:
        if self._urls is None:
            self._urls = {}
            for name, url in self.agents.urls():
                self._urls.setdefault(_plain(url), set()).add(name.casefold())
        return self._urls

    def _add_fault(self, name: str, found: list[Fault], source: str, table: str) -> None:
        self.faults[name] = "; ".join(map(str, found))
        self._names.setdefault(name.casefold(), name)
        self.strict_errors += [fault.at(source, table) for fault in found]

    def _free_name(self, name: str) -> str:
        number, found = 1, name
        while self.find(found) is not None:
            number += 1
            found = f"{name[:60]}-{number}"
        return found


def named(entry: str) -> tuple[str, str]:
    """Split `name=url`; the name is empty where only a URL is given."""
    name, equals, url = map(str.strip, entry.partition("="))
    if not equals or not name or "://" in name:  # a bare URL may hold = in its query
        return "", entry
    return name, url


def same_url(one: str, other: str) -> bool:
    """Return whether two URLs lead to one agent, however they are written."""
    return _plain(one) == _plain(other)


def slug(url: str) -> str:
    """Return a name made of a URL's host, port and path."""
    parts = urlsplit(url)
    port = f"-{parts.port}" if parts.port else ""
    text = f"{parts.hostname}{port}{_WELL_KNOWN.sub('', parts.path)}".lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:64].rstrip("-") or "agent"


def _plain(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), parts.query
