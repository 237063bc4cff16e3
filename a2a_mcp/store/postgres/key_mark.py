"""Which state key the processes of a database have: a mark of it, from which it cannot be read.

With another key a process could open no login of the others, and no answer that a host brings back.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from a2a_mcp.errors import StoreRefused
from a2a_mcp.store.postgres.database import Connection, Work
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.schema import migrate

PURPOSE: Final = b"a2a-mcp: the state key of this database"

_FIRST: Final = "INSERT INTO state_key (mark) VALUES (%(mark)s) ON CONFLICT DO NOTHING RETURNING 1"
_MARK: Final = "SELECT mark FROM state_key"


def ready_for(key: bytes) -> Work[None]:
    """Return what makes a database ready for a process with this state key."""

    async def prepare(connection: Connection) -> None:
        await migrate(connection)
        # The first process says which key is the right one.
        await rows(connection, _FIRST, {"mark": _mark(key)})
        await check_key(connection, key)

    return prepare


async def check_key(connection: Connection, key: bytes) -> None:
    """Raise StoreRefused where processes of the database have another key."""
    found = await rows(connection, _MARK, {})
    if any(not hmac.compare_digest(known, _mark(key)) for (known,) in found):
        raise StoreRefused(
            "This server's state_key is another one than that of the servers which use this "
            "database.",
            "Tell the operator: set state_key of [server] to the key of the other servers.",
        )


def _mark(key: bytes) -> str:
    return hmac.new(key, PURPOSE, hashlib.sha256).hexdigest()
