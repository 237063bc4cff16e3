"""Pins of agents' cards, for all processes of a database: a card that one holds back all do."""

from __future__ import annotations

from typing import Any, Final

from a2a_mcp.store.card_pins import PinPlace
from a2a_mcp.store.postgres.database import Connection, Database
from a2a_mcp.store.postgres.queries import rows

_READ: Final = "SELECT pin FROM card_pins WHERE agent = %(agent)s"
_ADD: Final = (
    "INSERT INTO card_pins (agent, pin) VALUES (%(agent)s, %(pin)s) "
    "ON CONFLICT (agent) DO NOTHING RETURNING 1"
)
_REPLACE: Final = (
    "INSERT INTO card_pins (agent, pin) VALUES (%(agent)s, %(pin)s) "
    "ON CONFLICT (agent) DO UPDATE SET pin = excluded.pin RETURNING 1"
)


class PostgresPins(PinPlace):
    """The table `card_pins`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, agent: str) -> str | None:
        return await self._database.run(lambda it: _read(it, agent))

    async def add(self, agent: str, text: str) -> str:
        async def work(connection: Connection) -> str:
            await rows(connection, _ADD, {"agent": agent, "pin": text})
            return await _read(connection, agent) or text

        return await self._database.run(work)

    async def replace(self, agent: str, text: str) -> None:
        await self._database.run(lambda it: rows(it, _REPLACE, {"agent": agent, "pin": text}))


async def _read(connection: Connection, agent: str) -> str | None:
    found: list[tuple[Any, ...]] = await rows(connection, _READ, {"agent": agent})
    return found[0][0] if found else None
