"""A pool of connections to one database, and what a caller is told where it cannot be reached.

A statement is never cancelled half-way: a cancelled call leaves it running in the server, and the
connection broken. So each piece of work runs to its end, within the database's own time limit. Only
where that is not kept, because the server hangs, is the connection given up.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import anyio
from psycopg import AsyncConnection, OperationalError, ProgrammingError
from psycopg.errors import (
    InsufficientPrivilege,
    InvalidSchemaName,
    ReadOnlySqlTransaction,
    UndefinedTable,
)
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from a2a_mcp.errors import StoreRefused, StoreUnavailable
from a2a_mcp.store.postgres.schema import migrate
from a2a_mcp.telemetry.metrics import StoreUse, instruments

log = logging.getLogger(__name__)

T = TypeVar("T")
Connection = AsyncConnection[tuple[Any, ...]]
Work = Callable[[Connection], Awaitable[T]]

STATEMENT_MS: Final = 5_000
CONNECTION: Final[dict[str, Any]] = {
    "autocommit": True,
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "tcp_user_timeout": 10_000,
}
"""Every connection; one whose other end has vanished without a word fails after ten seconds."""

POOLED: Final[dict[str, Any]] = {"prepare_threshold": None}
"""Through a pooler no statement is prepared, and no setting is made: others would get it."""

ANSWER_SECONDS: Final = 10.0
"""For one use, with the wait for a connection. Longer is a database that hangs, whose own limits
count no more; what was asked of it may yet be done."""

NO_ANSWER: Final = f"it has not answered within {ANSWER_SECONDS:g} seconds"

WAIT_SECONDS: Final = 2.0
"""How long a call waits for a connection while the database is away."""

FAULTS: Final = (OperationalError, PoolTimeout, TimeoutError, ReadOnlySqlTransaction)
"""What passes: the server is away, hangs, or since a failover only repeats another one."""

REFUSALS: Final = (InsufficientPrivilege, InvalidSchemaName, UndefinedTable)
"""What stays until an operator has changed something: rights, the schema, a table that is gone."""

REFUSES: Final = "This server's database refuses what the server asks of it"
REFUSES_NEXT: Final = (
    "Tell the operator of this server: its user of the database must own the tables or have been "
    "granted them, and where they are not made yet it needs the right CREATE on the schema."
)
BAD_URL: Final = "The URL of this server's database cannot be read."
BAD_URL_NEXT: Final = "Tell the operator of this server to correct it in [server.store]."

RETRY: Final = "Try again in a minute; if it stays so, tell the operator of this server."


class Database:
    """The database at `url`, with at most `most` connections; it is opened at the first call.

    `prepare` makes it ready for this process on a connection of its own. What it raises as
    StoreRefused every call raises. `direct` is another URL of the same database, for connections
    that keep something between statements; `url` then may lead through a pooler that gives each
    transaction another connection.
    """

    def __init__(
        self, url: str, *, most: int, prepare: Work[None] = migrate, direct: str | None = None
    ) -> None:
        self.direct = direct or url
        self._url = url
        self._settings = CONNECTION if direct is None else CONNECTION | POOLED
        self._configure = _configure if direct is None else None
        self._prepare = prepare
        self.used = anyio.Event()
        self._most = most
        self._places = anyio.Semaphore(most, fast_acquire=True)
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._opening = anyio.Lock()
        self.problem: str | None = None

    async def run(self, work: Work[T]) -> T:
        """Do some work with a connection, to its end. Raises StoreUnavailable."""
        with StoreUse():
            try:
                pool = self._pool or await self._opened()
                with anyio.fail_after(ANSWER_SECONDS, shield=True):
                    done = await self._with_connection(pool, work)
            except FAULTS as fault:
                raise self._unavailable(fault) from fault
            except REFUSALS as refusal:
                raise self._refused(refusal) from refusal
        self.problem = None
        self.used.set()
        return done

    async def _with_connection(self, pool: AsyncConnectionPool[Connection], work: Work[T]) -> T:
        """Do some work with a connection of the pool.

        Who must wait waits here: in the pool's own queue that costs more than a statement.
        """
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            await self._places.acquire()
        try:
            async with pool.connection() as connection:
                return await _done(work, connection)
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close all connections; a later call opens them again."""
        pool, self._pool = self._pool, None
        if pool:
            await pool.close()

    async def _opened(self) -> AsyncConnectionPool[Connection]:
        """Return the pool; while another call makes the database ready, wait as long as for use."""
        with anyio.fail_after(ANSWER_SECONDS):
            await self._opening.acquire()
        try:
            return self._pool or await self._prepared_pool()
        finally:
            self._opening.release()

    async def _prepared_pool(self) -> AsyncConnectionPool[Connection]:
        await self._prepared()
        with anyio.CancelScope(shield=True):
            pool = self._pool = await self._new_pool()
        return pool

    async def _new_pool(self) -> AsyncConnectionPool[Connection]:
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self._url,
            kwargs=self._settings,
            min_size=1,
            max_size=self._most,
            timeout=WAIT_SECONDS,
            configure=self._configure,
            check=_check,
            open=False,
        )
        await pool.open()
        return pool

    async def _prepared(self) -> None:
        """Bring the schema up to date, on a connection of its own: it may wait for another.

        An index of many rows takes minutes. So who ends meanwhile leaves: what is not whole is
        undone by the server.
        """
        try:
            connection: Connection = await AsyncConnection.connect(self.direct, **CONNECTION)
        except ProgrammingError:
            self.problem = BAD_URL
            raise StoreRefused(BAD_URL, BAD_URL_NEXT) from None  # it may hold a part of a password
        async with connection:
            try:
                await self._prepare(connection)
            except StoreUnavailable as unable:
                self.problem = unable.message
                raise

    def _unavailable(self, fault: Exception) -> StoreUnavailable:
        """Return what a caller is told; the log says it once, with the reason."""
        if self.problem is None:
            log.warning("the database cannot be reached: %s", _first_line(fault))
        self.problem = "the database cannot be reached"
        if found := instruments():
            found.store_errors.add(1)
        return unavailable()

    def _refused(self, refusal: Exception) -> StoreRefused:
        """Return what a caller is told; the log says it once."""
        reason = _first_line(refusal)
        if self.problem is None:
            log.warning("the database refuses what is asked of it: %s", reason)
        self.problem = f"the database refuses what is asked of it: {reason}"
        return StoreRefused(f"{REFUSES} ({reason}); nothing was sent.", REFUSES_NEXT)


def unavailable() -> StoreUnavailable:
    """Return what a caller is told where the database cannot be reached."""
    return StoreUnavailable("This server's database cannot be reached; nothing was sent.", RETRY)


async def _done(work: Work[T], connection: Connection) -> T:
    """Do some work; a connection to a server that may not write is not used again."""
    try:
        return await work(connection)
    except ReadOnlySqlTransaction:
        await connection.close()
        raise


async def check_writable(connection: Connection) -> None:
    """Ask the server whether it may write; raises ReadOnlySqlTransaction where it may not."""
    found = await connection.execute("SELECT current_setting('transaction_read_only')")
    ((read_only,),) = await found.fetchall()
    if read_only == "on":
        raise ReadOnlySqlTransaction("the database may only be read")


async def _check(connection: Connection) -> None:
    """Ask a connection whether it still stands, if something has come on it: perhaps its end.

    To ask each time would double the way to the database and back.
    """
    arrived = select.poll()
    arrived.register(connection.fileno(), select.POLLIN)
    if arrived.poll(0):
        await AsyncConnectionPool.check_connection(connection)


async def _configure(connection: Connection) -> None:
    await connection.execute(f"SET statement_timeout = {STATEMENT_MS}".encode())


def _first_line(fault: Exception) -> str:
    """Return a reason without the words of a statement, which may hold a caller's."""
    return str(fault).partition("\n")[0] or NO_ANSWER
