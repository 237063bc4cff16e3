"""What outlives the process, opened: in files of the state folder, or in one shared database.

No other module of the server names an engine. Nothing is read or written before it is needed.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.config.store import StoreTable
from a2a_mcp.errors import ConfigError, StoreRefused, StoreUnavailable
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.store.base import Store
from a2a_mcp.store.call_rates import CallRates, LocalRates
from a2a_mcp.store.card_pins import PinFolder, PinPlace
from a2a_mcp.store.login_folder import open_logins
from a2a_mcp.store.logins import Logins
from a2a_mcp.store.result_folder import ResultFolder
from a2a_mcp.store.results import ResultPlace
from a2a_mcp.store.sqlite.store import SqliteTaskStore

if TYPE_CHECKING:
    from a2a_mcp.store.audit import AuditPlace
    from a2a_mcp.store.objects import Objects
    from a2a_mcp.store.postgres.database import Database
    from a2a_mcp.store.registered import RegisteredPlace

DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Stores:
    """The places of one run; None where there is no folder, or nothing of the kind is kept."""

    tasks: Store
    results: ResultPlace | None
    logins: Logins | None
    registered: RegisteredPlace | None
    pins: PinPlace | None
    rates: CallRates
    audit: AuditPlace | None


def open_stores(config: Config, state_folder: Path | None, table: StoreTable | None) -> Stores:
    """Return the places in the database that `table` names, else in the state folder."""
    if table:
        return _in_database(config, table)
    return _in_folder(config, state_folder)


@asynccontextmanager
async def shared_places(config: Config) -> AsyncIterator[Stores | None]:
    """Yield what bridges share in a database, for a person at the terminal; None without one."""
    table = config.server.store
    stores = _in_database(config, table) if table else None
    try:
        yield stores
    finally:
        if stores:
            await stores.tasks.close()


async def check_shared(config: Config) -> None:
    """Raise ConfigError where the database will never serve this process; one may be away."""
    async with shared_places(config) as shared:
        try:
            if shared:
                await shared.tasks.look()
        except StoreRefused as refused:
            reason = f"server.store: {refused.message} {refused.next_step}"
            raise ConfigError([reason]) from refused
        except StoreUnavailable:
            return  # the log has said so, and calls say it


def _in_folder(config: Config, folder: Path | None) -> Stores:
    server = config.server
    return Stores(
        tasks=SqliteTaskStore(folder, durability=server.durability),
        results=_result_folder(config, folder) if folder else None,
        logins=open_logins(folder, server) if folder else None,
        registered=_registered_folder(folder) if folder and _has_registry(server) else None,
        pins=PinFolder(folder) if folder else None,
        rates=LocalRates(time.monotonic),
        audit=None,
    )


def _in_database(config: Config, table: StoreTable) -> Stores:
    from a2a_mcp.store.postgres.bodies import Bodies
    from a2a_mcp.store.postgres.call_rates import PostgresRates
    from a2a_mcp.store.postgres.card_pins import PostgresPins
    from a2a_mcp.store.postgres.database import Database
    from a2a_mcp.store.postgres.key_mark import ready_for
    from a2a_mcp.store.postgres.logins import PostgresLogins, SharedKey
    from a2a_mcp.store.postgres.registered import PostgresRegistered
    from a2a_mcp.store.postgres.results import PostgresResults
    from a2a_mcp.store.postgres.store import PostgresTaskStore

    server = config.server
    key = SharedKey(server.state_key)
    database = Database(
        table.url.get_secret_value(),
        most=table.pool,
        prepare=ready_for(key.make()),
        direct=table.direct,
    )
    return Stores(
        tasks=PostgresTaskStore(database, alive_seconds=table.dead_after),
        results=PostgresResults(
            database,
            keep_seconds=server.keep_days * DAY_SECONDS,
            keep_bytes=server.keep_bytes,
            bodies=Bodies(database, objects_of(table), table.inline_bytes),
            count_results=count_results,
            mask=config.secrets.mask,
        ),
        logins=Logins(PostgresLogins(database), key),
        registered=PostgresRegistered(database) if _has_registry(server) else None,
        pins=PostgresPins(database),
        rates=PostgresRates(database, time.monotonic),
        audit=_audit(database, table.audit_days),
    )


def _audit(database: Database, days: int) -> AuditPlace | None:
    if not days:
        return None
    from a2a_mcp.store.postgres.audit import PostgresAudit

    return PostgresAudit(database, keep_days=days)


def objects_of(table: StoreTable) -> Objects | None:
    """Return the object storage that a table names; it is opened at its first use."""
    if table.files is None:
        return None
    from a2a_mcp.store.objects import ObjectStorage

    return ObjectStorage(table.files)


def _result_folder(config: Config, folder: Path) -> ResultFolder:
    server = config.server
    return ResultFolder(
        folder,
        keep_seconds=server.keep_days * DAY_SECONDS,
        keep_bytes=server.keep_bytes,
        count_results=count_results,
        mask=config.secrets.mask,  # a file that is read again adds to the same register
    )


def _registered_folder(folder: Path) -> RegisteredPlace:
    from a2a_mcp.store.registered import RegisteredFolder

    return RegisteredFolder(folder)


def _has_registry(server: ServerConfig) -> bool:
    return "registry" in server.toolsets
