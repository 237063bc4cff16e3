# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""Sign-ins under way, for all processes of a database: sealed before they come here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from a2a_mcp.store import tickets
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import NOW
from a2a_mcp.store.tickets import KeptTicket, TicketPlace

_ALIVE: Final = f"abs(seen - {NOW}) < %(dead)s"
_PRUNE: Final = f"DELETE FROM sign_ins WHERE NOT ({_ALIVE}) RETURNING 1"
_ADD: Final = (
    "INSERT INTO sign_ins (name, owner, agent, sealed, seen) "
    f"VALUES (%(name)s, %(owner)s, %(agent)s, %(sealed)s, {NOW}) RETURNING 1"
)
_GET: Final = f"SELECT name, version, sealed FROM sign_ins WHERE name = %(name)s AND {_ALIVE}"
_OF: Final = (
    "SELECT name, version, sealed FROM sign_ins WHERE owner = %(owner)s AND agent = %(agent)s "
    f"AND {_ALIVE} ORDER BY number DESC"
)
_REPLACE: Final = (
    f"UPDATE sign_ins SET sealed = %(sealed)s, version = version + 1, seen = {NOW} "
    "WHERE name = %(name)s AND version = %(version)s RETURNING 1"
)
_HOLD: Final = f"UPDATE sign_ins SET seen = {NOW} WHERE name = %(name)s RETURNING 1"


class PostgresTickets(TicketPlace):
    """The table `sign_ins`; the database is its own, and closed with it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str, owner: str, agent: str, sealed: bytes) -> None:
        await self._run(_PRUNE)
        await self._run(_ADD, name=name, owner=owner, agent=agent, sealed=sealed)

    async def get(self, name: str) -> KeptTicket | None:
        found = await self._run(_GET, name=name)
        return _kept(found[0]) if found else None

    async def of(self, owner: str, agent: str) -> Sequence[KeptTicket]:
        return [_kept(row) for row in await self._run(_OF, owner=owner, agent=agent)]

    async def replace(self, name: str, version: int, sealed: bytes) -> bool:
        return bool(await self._run(_REPLACE, name=name, version=version, sealed=sealed))

    async def hold(self, name: str) -> None:
        await self._run(_HOLD, name=name)

    async def close(self) -> None:
        await self._database.close()

    async def _run(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        bound = values | {"dead": tickets.DEAD_SECONDS, "now": None}
        return list(await self._database.run(lambda it: rows(it, statement, bound)))


def _kept(row: tuple[Any, ...]) -> KeptTicket:
    name, version, sealed = row
    return KeptTicket(str(name), int(version), bytes(sealed))
