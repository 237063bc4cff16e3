"""Agents that callers have added, for all processes of a database."""

from __future__ import annotations

from typing import Any, Final

from a2a_mcp.store.postgres.database import Connection, Database
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import read_text, stored
from a2a_mcp.store.registered import KeptAgent, RegisteredPlace

# Both differ once agents came or went, in whatever order other processes commit.
_STATE: Final = "SELECT count(*), coalesce(sum(number), 0) FROM registered"
_ALL: Final = "SELECT owner, name, url, description FROM registered ORDER BY key"
_ADD: Final = (
    "INSERT INTO registered (key, owner, name, url, description) VALUES "
    "(%(key)s, %(owner)s, %(name)s, %(url)s, %(description)s) ON CONFLICT DO NOTHING RETURNING 1"
)
_REMOVE: Final = "DELETE FROM registered WHERE key = %(key)s"

State = tuple[Any, ...]


class PostgresRegistered(RegisteredPlace):
    """The table `registered`; `look` asks for what has changed, and `news` tells it once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._state: State | None = None
        self._found: list[KeptAgent] | None = None

    def news(self, now: float) -> list[KeptAgent] | None:
        found, self._found = self._found, None
        return found

    async def look(self) -> None:
        await self._database.run(self._look)

    async def add(self, agent: KeptAgent) -> bool:
        values = {
            "key": agent.name.casefold(),
            "owner": agent.owner,
            "name": agent.name,
            "url": agent.url,
            "description": agent.description,
        }
        added = await self._database.run(lambda it: rows(it, _ADD, values))
        await self.look()
        return bool(added)

    async def remove(self, name: str) -> None:
        values = stored({"key": name.casefold()})
        await self._database.run(lambda it: it.execute(_REMOVE.encode(), values))
        await self.look()

    async def _look(self, connection: Connection) -> None:
        (state,) = await rows(connection, _STATE, {})
        if state != self._state:
            found = [_agent(row) for row in await rows(connection, _ALL, {})]
            self._state, self._found = state, found


def _agent(row: tuple[Any, ...]) -> KeptAgent:
    owner, name, url, description = map(read_text, row)
    return KeptAgent(owner or "", name or "", url or "", description)
