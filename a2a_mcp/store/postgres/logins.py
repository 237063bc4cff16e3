# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""People's logins at agents, for all processes of a database: sealed before they come here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from pydantic import SecretStr

from a2a_mcp.store import logins
from a2a_mcp.store.logins import LoginKey, LoginPlace
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.leases import Leases
from a2a_mcp.store.postgres.locks import Locks
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import read_text

_OF_OWNER: Final = "WHERE owner = %(owner)s AND agent = %(agent)s"
_STAMP: Final = f"SELECT number FROM logins {_OF_OWNER}"
_GET: Final = f"SELECT sealed FROM logins {_OF_OWNER}"
_PUT: Final = (
    "INSERT INTO logins (owner, agent, sealed) VALUES (%(owner)s, %(agent)s, %(sealed)s) "
    "ON CONFLICT (owner, agent) DO UPDATE SET sealed = excluded.sealed, number = DEFAULT "
    "RETURNING 1"
)
_REMOVE: Final = f"DELETE FROM logins {_OF_OWNER} RETURNING 1"
_ALL: Final = "SELECT owner, agent, sealed FROM logins ORDER BY owner, agent"
_CLIENT: Final = "SELECT client FROM clients WHERE server = %(server)s AND address = %(address)s"
_PUT_CLIENT: Final = (
    "INSERT INTO clients (server, address, client) VALUES (%(server)s, %(address)s, %(client)s) "
    "ON CONFLICT (server, address) DO UPDATE SET client = excluded.client RETURNING 1"
)
_REMOVE_CLIENTS: Final = "DELETE FROM clients WHERE server = %(server)s RETURNING 1"


class PostgresLogins(LoginPlace):
    """The tables `logins` and `clients`, and locks of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._locks = Locks(database.direct)
        self._leases = Leases(database)

    async def stamp(self, owner: str, agent: str) -> object | None:
        number: int | None = await self._one(_STAMP, owner=owner, agent=agent)
        return number

    async def get(self, owner: str, agent: str) -> bytes | None:
        sealed = await self._one(_GET, owner=owner, agent=agent)
        return None if sealed is None else bytes(sealed)

    async def put(self, owner: str, agent: str, sealed: bytes) -> None:
        await self._one(_PUT, owner=owner, agent=agent, sealed=sealed)

    async def remove(self, owner: str, agent: str) -> None:
        await self._one(_REMOVE, owner=owner, agent=agent)

    async def all(self) -> list[tuple[str, str, bytes]]:
        found = await self._database.run(lambda it: rows(it, _ALL, {}))
        return [
            (read_text(owner) or "", read_text(agent) or "", bytes(sealed))
            for owner, agent, sealed in found
        ]

    async def client(self, server: str, address: str) -> str | None:
        return read_text(await self._one(_CLIENT, server=server, address=address))

    async def put_client(self, server: str, address: str, client_id: str) -> None:
        await self._one(_PUT_CLIENT, server=server, address=address, client=client_id)

    async def remove_clients(self, server: str) -> None:
        await self._one(_REMOVE_CLIENTS, server=server)

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[None]:
        ends = anyio.current_time() + logins.LOCK_SECONDS
        async with (
            self._locks.held(name, logins.LOCK_SECONDS),
            self._leases.held(name, ends - anyio.current_time()),
        ):
            yield

    async def _one(self, statement: str, **values: Any) -> Any:
        """Return the first column of the first row of a statement; None without a row."""
        found = await self._database.run(lambda it: rows(it, statement, values))
        return found[0][0] if found else None


class SharedKey(LoginKey):
    """The key that the configuration gives to all processes."""

    def __init__(self, configured: SecretStr | None) -> None:
        assert configured  # noqa: S101 - the configuration wants it where a database is shared
        self._configured = configured

    async def prepare(self) -> None:
        """Ask nobody: it is at hand."""

    def find(self) -> bytes | None:
        return self.make()

    def make(self) -> bytes:
        return self._configured.get_secret_value().encode()
