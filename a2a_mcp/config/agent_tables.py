"""The agents of a configuration by name; the model of a plain table is made when it is needed.

A file may hold thousands of agents of which few are called, and most tables are a URL and a
description. Such a table is known to be right by its shape, so the start makes no model of it. All
others are checked before they are put in here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from a2a_mcp.config.schema import AgentConfig

PlainTable: TypeAlias = dict[str, str]

_PLAIN_KEYS: Final = frozenset({"url", "description"})
_PLAIN_URL: Final = re.compile(
    r"https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[1-9][0-9]{0,3})?(?:/[\w./~-]*)?", re.ASCII
)
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class AgentTables(Mapping[str, AgentConfig]):
    """The usable agents, in the order in which they were added."""

    def __init__(self) -> None:
        self._found: dict[str, AgentConfig | PlainTable] = {}

    def __getitem__(self, name: str) -> AgentConfig:
        found = self._found[name]
        if isinstance(found, dict):
            found = self._found[name] = AgentConfig.model_validate({**found, "name": name})
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def add(self, name: str, found: AgentConfig | PlainTable) -> None:
        """Add a checked agent, or a table for which `is_plain` is true."""
        self._found[name] = found

    def joined(self, more: Iterable[AgentConfig]) -> AgentTables:
        """Return these agents, and after them some that are not among them."""
        both = AgentTables()
        both._found = self._found | {agent.name: agent for agent in more}
        return both

    def urls(self) -> Iterator[tuple[str, str]]:
        """Return each name with the URL of its agent, where it has one."""
        for name, found in self._found.items():
            url = found["url"] if isinstance(found, dict) else found.url
            if url:
                yield name, url

    def enabled(self) -> list[str]:
        """Return the names of the agents that are not switched off; a plain table cannot be."""
        return [name for name, found in self._found.items() if _is_enabled(found)]

    def switched_off(self) -> list[str]:
        """Return the names of the other agents."""
        return [name for name, found in self._found.items() if not _is_enabled(found)]

    def have_tenants(self) -> bool:
        """Return whether a call may name the tenant of an agent; a plain table has none."""
        return any(not isinstance(found, dict) and found.tenants for found in self._found.values())

    def exchanging(self) -> list[str]:
        """Return the names of the agents that take callers' own tokens; a plain table does not."""
        return [
            name
            for name, found in self._found.items()
            if not isinstance(found, dict) and found.enabled and found.exchanges
        ]

    def differs(self, name: str, other: AgentTables) -> bool:
        """Return whether an agent is another one there, or is in one of both only."""
        one, two = self._found.get(name), other._found.get(name)
        if isinstance(one, dict) and isinstance(two, dict):
            return one != two
        return self.get(name) != other.get(name)


def is_plain(name: str, table: Mapping[str, object]) -> bool:
    """Return whether a table is an ordinary URL, perhaps with a description, and nothing else."""
    url, description = table.get("url"), table.get("description", "")
    return (
        table.keys() <= _PLAIN_KEYS
        and isinstance(url, str)
        and isinstance(description, str)
        and _PLAIN_URL.fullmatch(url) is not None
        and _PLAIN_NAME.fullmatch(name) is not None
    )


def _is_enabled(found: AgentConfig | PlainTable) -> bool:
    return isinstance(found, dict) or found.enabled
