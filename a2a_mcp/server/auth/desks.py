"""Where sign-ins of callers over HTTP lie: in memory, or in what several processes share.

A browser comes to any process of an address, also to one that has served no call yet.
"""

from __future__ import annotations

from pathlib import Path

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.config.store import StoreTable
from a2a_mcp.sign_in.desk import Desk, MemoryDesk
from a2a_mcp.store.login_folder import login_key


def open_desk(server: ServerConfig, folder: Path | None) -> Desk | None:
    """Return where sign-ins over HTTP lie that are under way: shared, if processes share callers.

    None where several processes have no folder in common.
    """
    if server.store:
        return _desk_in_database(server, server.store)
    if server.workers == 1:
        return MemoryDesk()
    return _desk_in_folder(server, folder) if folder else None


def _desk_in_database(server: ServerConfig, table: StoreTable) -> Desk:
    from a2a_mcp.sign_in.shared_desk import SharedDesk
    from a2a_mcp.store.postgres.database import Database
    from a2a_mcp.store.postgres.logins import SharedKey
    from a2a_mcp.store.postgres.tickets import PostgresTickets

    # Pages are opened before the first call, so the connection is another one than that of calls.
    database = Database(table.url.get_secret_value(), most=1, direct=table.direct)
    return SharedDesk(PostgresTickets(database), SharedKey(server.state_key))


def _desk_in_folder(server: ServerConfig, folder: Path) -> Desk:
    from a2a_mcp.sign_in.shared_desk import SharedDesk
    from a2a_mcp.store.sqlite.tickets import TicketFile

    return SharedDesk(TicketFile(folder), login_key(folder, server))
