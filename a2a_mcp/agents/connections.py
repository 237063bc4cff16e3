"""The connections to agents while the bridge runs: each made on first use, and closed at the end.

Owners share the connection of an agent. Where each owner signs in for himself, each has one of his
own: cards, tokens and open connections of one are never another's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.config.schema import AgentConfig

if TYPE_CHECKING:
    from a2a_mcp.agents.connection import Connection

SHARED: Final = ""
MOST_PERSONAL: Final = 500
"""Connections of owners that are kept; the one that was used longest ago goes first."""

Key = tuple[str, str]
"""The name of an agent, and the owner, or SHARED."""


class Connections:
    """The connections of one process; `connect` makes one for an agent and an owner."""

    def __init__(self, connect: Callable[[AgentConfig, str], Connection]) -> None:
        self._connect = connect
        self._known: dict[Key, Connection] = {}
        self._retired: list[Connection] = []
        self._retiring = anyio.Event()

    def known(self, name: str, owner: str) -> Connection | None:
        """Return the connection of an owner to an agent, if there is one."""
        return self._known.get((name, SHARED)) or self._personal((name, owner))

    def all_of(self, name: str) -> list[Connection]:
        """Return every owner's connection to an agent, the one that was used last at the end."""
        return [it for key, it in self._known.items() if key[0] == name]

    def of(self, agent: AgentConfig, owner: str) -> Connection:
        """Return the connection of an owner to an agent, made if there is none."""
        key = _key(agent, owner)
        if key not in self._known:
            self._known[key] = self._connect(agent, owner)
            self._make_room()
        return self._known[key]

    def keep(self, connection: Connection, owner: str) -> None:
        """Use a connection from now on for its agent, which has none yet."""
        self._known[_key(connection.config, owner)] = connection

    def give_up_changed(self, agents: Mapping[str, AgentConfig]) -> None:
        """Give up the connections to agents that are not configured so any more."""
        changed = [key for key, it in self._known.items() if agents.get(key[0]) != it.config]
        self._give_up(changed)

    async def tidy(self) -> None:
        """Close connections that were given up, until cancelled."""
        while True:
            await self._retiring.wait()
            self._retiring = anyio.Event()
            while self._retired:
                await self._retired[0].retire()
                del self._retired[0]

    async def aclose(self) -> None:
        """Close all connections."""
        for connection in [*self._known.values(), *self._retired]:
            await connection.aclose()

    def _personal(self, key: Key) -> Connection | None:
        """Return an owner's own connection, which counts as used now."""
        found = self._known.pop(key, None)
        if found:
            self._known[key] = found
        return found

    def _make_room(self) -> None:
        personal = [key for key in self._known if key[1] != SHARED]
        self._give_up(personal[: max(len(personal) - MOST_PERSONAL, 0)])

    def _give_up(self, keys: list[Key]) -> None:
        for key in keys:
            self._retired.append(self._known.pop(key))
            self._retiring.set()


def _key(agent: AgentConfig, owner: str) -> Key:
    return agent.name, owner if agent.is_personal else SHARED
