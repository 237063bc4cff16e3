"""A task's stop that one process has seen is told to all others, by the database's own messages.

It is a hint. Without it, or where it is lost, a waiting process sees the stop when it polls the
task next. The connection that listens is none of the pool.
"""

from __future__ import annotations

from collections.abc import Callable

from psycopg import AsyncConnection

from a2a_mcp.store.postgres.database import CONNECTION, Connection
from a2a_mcp.store.postgres.schema import STOPS


async def hear(url: str, tell: Callable[[int], None]) -> None:
    """Tell the keys of rows as they are heard, until cancelled. Raises OperationalError."""
    connection: Connection = await AsyncConnection.connect(url, **CONNECTION)
    try:
        await connection.execute(f"LISTEN {STOPS}".encode())
        ((own,),) = await (await connection.execute("SELECT current_schema()")).fetchall()
        async for word in connection.notifies():
            schema, _, key = word.payload.rpartition(" ")
            if schema == own:
                tell(int(key))
    finally:
        await connection.close()
