"""The tables, and how a database comes to have them: the first replica to start makes them.

A migration only adds, within a minor version of the bridge: an older replica goes on beside a newer
one, and also starts there. All replicas that start at once wait for one lock.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import anyio
from psycopg import AsyncConnection, Error
from psycopg.errors import DeadlockDetected, LockNotAvailable

from a2a_mcp.errors import StoreRefused, StoreUnavailable
from a2a_mcp.store.postgres.records import ENDED

log = logging.getLogger(__name__)

LOCK: Final = 6_369_901
"""The advisory lock of all that changes the schema; a number that nobody else is likely to take."""

STOPS: Final = "a2a_mcp_stops"
"""The channel on which processes tell each other that a task has stopped."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        # Ids are the agents' own: compared by bytes, whatever the language of the database.
        "CREATE TABLE tasks (key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        'owner text COLLATE "C" NOT NULL, agent text COLLATE "C" NOT NULL, '
        'message_id text COLLATE "C" NOT NULL, task_id text COLLATE "C", '
        'handle text COLLATE "C", context_id text COLLATE "C", state text NOT NULL, '
        "interface text, created float8 NOT NULL, updated float8 NOT NULL, title text, "
        "reader text) WITH (fillfactor = 80)",
        "CREATE UNIQUE INDEX tasks_by_task ON tasks (task_id, owner, agent) "
        "WHERE task_id IS NOT NULL",
        "CREATE INDEX tasks_by_handle ON tasks (handle) WHERE handle IS NOT NULL",
        "CREATE INDEX tasks_by_context ON tasks (context_id, updated) WHERE context_id IS NOT NULL",
        "CREATE INDEX tasks_by_message ON tasks (message_id) WHERE message_id <> ''",
        "CREATE INDEX tasks_by_update ON tasks (owner, updated, key)",
        "CREATE INDEX tasks_by_agent ON tasks (owner, agent, updated, key)",
        "CREATE INDEX tasks_by_state ON tasks (owner, state, updated, key)",
        f"CREATE INDEX tasks_by_end ON tasks (updated) WHERE state IN {ENDED}",
        "CREATE INDEX tasks_running ON tasks (key) WHERE state IN ('submitted', 'working')",
        f"CREATE INDEX tasks_open ON tasks (owner, updated, key) WHERE state NOT IN {ENDED}",
        # A handle stays valid for ever, also after a follow-up gave the same task a second one.
        'CREATE TABLE earlier_handles (handle text COLLATE "C" PRIMARY KEY, '
        "task bigint NOT NULL REFERENCES tasks ON DELETE CASCADE)",
        "CREATE INDEX earlier_handles_by_task ON earlier_handles (task)",
        "CREATE FUNCTION keep_handle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO earlier_handles VALUES (old.handle, old.key) "
        "ON CONFLICT (handle) DO UPDATE SET task = excluded.task; RETURN NULL; END $$",
        "CREATE TRIGGER handle_replaced AFTER UPDATE OF handle ON tasks FOR EACH ROW "
        "WHEN (old.handle <> new.handle) EXECUTE FUNCTION keep_handle()",
        # A payload names the schema too, since a channel belongs to the whole database.
        "CREATE FUNCTION tell_stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM pg_notify('{STOPS}', tg_table_schema || ' ' || new.key); RETURN NULL; END $$",
        "CREATE TRIGGER stopped AFTER UPDATE OF state ON tasks FOR EACH ROW "
        "WHEN (old.state <> new.state AND new.state NOT IN ('submitted', 'working')) "
        "EXECUTE FUNCTION tell_stop()",
        "CREATE TABLE claims (message_id text PRIMARY KEY, at float8 NOT NULL)",
        "CREATE TABLE readers (reader text PRIMARY KEY, seen float8 NOT NULL)",
        "CREATE TABLE posts (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "process text NOT NULL, name text NOT NULL, moment float8 NOT NULL)",
        'CREATE TABLE overrides (agent text COLLATE "C", url text COLLATE "C", '
        "interface text NOT NULL, number bigint GENERATED ALWAYS AS IDENTITY, "
        "PRIMARY KEY (agent, url))",
        'CREATE TABLE kept (owner text COLLATE "C", agent text COLLATE "C", '
        'task_id text COLLATE "C", since float8 NOT NULL, state text NOT NULL, '
        "results int NOT NULL, body bytea NOT NULL, PRIMARY KEY (owner, agent, task_id))",
        "CREATE INDEX kept_by_age ON kept (since)",
        "ALTER TABLE kept ALTER body SET STORAGE EXTERNAL",
    ),
    (
        # `key` is the name in one case of letters.
        'CREATE TABLE registered (key text COLLATE "C" PRIMARY KEY, owner text NOT NULL, '
        "name text NOT NULL, url text NOT NULL, description text, "
        "number bigint GENERATED ALWAYS AS IDENTITY)",
    ),
    (
        # What is sealed opens with the state key alone. `number` is another one after each change.
        'CREATE TABLE logins (owner text COLLATE "C", agent text COLLATE "C", '
        "sealed bytea NOT NULL, number bigint GENERATED ALWAYS AS IDENTITY, "
        "PRIMARY KEY (owner, agent))",
        # Clients of ours that have registered themselves at authorization servers: no secrets.
        'CREATE TABLE clients (server text COLLATE "C", address text COLLATE "C", '
        "client text NOT NULL, PRIMARY KEY (server, address))",
    ),
    (
        # What callers did in the last minute may be lost in a crash of the database.
        'CREATE UNLOGGED TABLE call_rates (owner text COLLATE "C" PRIMARY KEY, '
        "asked float8 NOT NULL, next float8 NOT NULL, ahead float8 NOT NULL) "
        "WITH (fillfactor = 50)",
        "ALTER TABLE schema_version ADD COLUMN oldest int NOT NULL DEFAULT 1",
    ),
    (
        # `line` holds all that the file of an audit would; the others are for questions.
        "CREATE TABLE audit (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "at timestamptz NOT NULL, owner text, action text NOT NULL, agent text, "
        "outcome text NOT NULL, line jsonb NOT NULL)",
        "CREATE INDEX audit_by_time ON audit (at)",
    ),
    ('CREATE TABLE card_pins (agent text COLLATE "C" PRIMARY KEY, pin text NOT NULL)',),
    (
        # Sign-ins under way, sealed; `seen` is the last word of the process that ends one.
        'CREATE TABLE sign_ins (name text PRIMARY KEY, owner text COLLATE "C" NOT NULL, '
        'agent text COLLATE "C" NOT NULL, sealed bytea NOT NULL, version int NOT NULL DEFAULT 0, '
        "seen float8 NOT NULL, number bigint GENERATED ALWAYS AS IDENTITY)",
    ),
    (
        # One row: a mark of the state key that all replicas have.
        "CREATE TABLE state_key (one bool PRIMARY KEY DEFAULT true CHECK (one), "
        "mark text NOT NULL)",
    ),
    (
        # Who does right now what only one may do, also where its lock was lost with its connection.
        "CREATE TABLE leases (name text PRIMARY KEY, holder text NOT NULL, until float8 NOT NULL)",
    ),
    (
        # A result with an empty body is in object storage. A replica of before takes it for a
        # damaged one, and may write its bytes into the row again: then these hold.
        'ALTER TABLE kept ADD COLUMN object text COLLATE "C"',
        "ALTER TABLE kept ADD COLUMN object_bytes bigint NOT NULL DEFAULT 0",
        "CREATE INDEX kept_by_object ON kept (object) WHERE object IS NOT NULL",
        # Every object that was ever begun, until it is removed.
        'CREATE TABLE objects (name text COLLATE "C" PRIMARY KEY, noted float8 NOT NULL)',
    ),
    (
        # An agent may never have been in a state in which another one has a million tasks. Only of
        # ended tasks, so that a task is written into it once. Where there are many, an operator may
        # have built it before, without holding up calls.
        "CREATE INDEX IF NOT EXISTS tasks_ended ON tasks (owner, agent, state, updated, key) "
        f"WHERE state IN {ENDED}",
    ),
    ("CREATE INDEX IF NOT EXISTS claims_by_age ON claims (at)",),
)
OLDEST: Final = 1
"""The oldest schema whose replicas can live on the newest: larger once a migration does not add."""

SAYS_OLDEST: Final = 4
"""The first schema that says so."""

LIMITS: Final = (
    # A statement that waits for a table holds up all that come after it, readers as well. Longer
    # than the second after which PostgreSQL ends an autovacuum that is in the way; shorter than
    # the statements of other replicas may take.
    "SET LOCAL lock_timeout = '3s'",
    # An index of many rows takes longer than a call may.
    "SET LOCAL statement_timeout = 0",
)
TABLE_TRIES: Final = 5
TABLE_SECONDS: Final = 2.0
TURN_TRIES: Final = 200
TURN_SECONDS: Final = 0.1

IN_USE: Final = (
    "This server's database cannot be changed for this version: its tables are in use; nothing was "
    "sent."
)
OTHER_CHANGES: Final = (
    "Another process is changing this server's database for its version; nothing was sent."
)
NEXT: Final = (
    "Try again in a minute; if it stays so, tell the operator of this server to look in pg_locks "
    "for who holds its tables."
)


async def migrate(connection: AsyncConnection[Any]) -> None:
    """Bring the database to the newest schema; one that is later and only has more stays.

    Each migration is whole or not done. Raises StoreRefused where this version cannot live on a
    later schema, and StoreUnavailable where others use the tables all the time.
    """
    async with _alone(connection):
        version = await _version_or_first(connection)
        if version > len(MIGRATIONS):
            await _check_lives_on(connection, version)
        for number in range(version, len(MIGRATIONS)):
            await _apply_patiently(connection, number)


@asynccontextmanager
async def _alone(connection: AsyncConnection[Any]) -> AsyncIterator[None]:
    """Be the only one that changes the schema, until the block or the connection ends."""
    for _ in range(TURN_TRIES):
        if await _asked(connection, "SELECT pg_try_advisory_lock(%s)", LOCK):
            break
        await anyio.sleep(TURN_SECONDS)
    else:
        raise StoreUnavailable(OTHER_CHANGES, NEXT)
    try:
        yield
    finally:
        with suppress(Error):  # with its connection the lock is gone
            await _asked(connection, "SELECT pg_advisory_unlock(%s)", LOCK)


async def _apply_patiently(connection: AsyncConnection[Any], number: int) -> None:
    """Apply a migration; between two tries those who waited behind it have their turn."""
    for _ in range(TABLE_TRIES):
        try:
            await _apply(connection, number)
        except (LockNotAvailable, DeadlockDetected):
            log.warning("the database's tables are in use; their change to %d waits", number + 1)
            await anyio.sleep(TABLE_SECONDS)
        else:
            return
    raise StoreUnavailable(IN_USE, NEXT)


async def _apply(connection: AsyncConnection[Any], number: int) -> None:
    async with connection.transaction():
        for statement in (*LIMITS, *MIGRATIONS[number]):
            await connection.execute(statement.encode())
        await connection.execute("INSERT INTO schema_version (n) VALUES (%s)", (number + 1,))
        if number + 1 >= SAYS_OLDEST:
            await connection.execute("UPDATE schema_version SET oldest = %s", (OLDEST,))


async def check_known(connection: AsyncConnection[Any]) -> None:
    """Raise StoreRefused where a later version has made the tables, of which some are new."""
    version = await _version(connection)
    if version > len(MIGRATIONS):
        raise _later(version)


async def _asked(connection: AsyncConnection[Any], question: str, number: int) -> bool:
    ((answer,),) = await (await connection.execute(question.encode(), (number,))).fetchall()
    return bool(answer)


async def _check_lives_on(connection: AsyncConnection[Any], version: int) -> None:
    found = await connection.execute("SELECT max(oldest) FROM schema_version")
    ((oldest,),) = await found.fetchall()
    if oldest > len(MIGRATIONS):
        raise _later(version)


async def _version_or_first(connection: AsyncConnection[Any]) -> int:
    """Return the version of the schema; who may not make tables finds those that are there."""
    found = await connection.execute("SELECT to_regclass('schema_version')")
    ((made,),) = await found.fetchall()
    if made is None:
        await connection.execute("CREATE TABLE schema_version (n int NOT NULL)")
    return await _version(connection)


async def _version(connection: AsyncConnection[Any]) -> int:
    found = await connection.execute("SELECT coalesce(max(n), 0) FROM schema_version")
    ((version,),) = await found.fetchall()
    return int(version)


def _later(version: int) -> StoreRefused:
    return StoreRefused(
        f"The database has the schema {version}, which a later version of this server made.",
        "Tell the operator: run the later version, or use another database.",
    )
