"""A database that refuses its user something: said with its cure, not taken for an absence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import postgres
import psycopg
import pytest

if not postgres.IS_HERE:
    pytest.skip("the wheel is made for Linux and macOS only", allow_module_level=True)

from a2a_mcp.errors import StoreRefused
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.store import PostgresTaskStore

pytestmark = pytest.mark.anyio


class User:
    """A user of the database who may do nothing in the schema of a test, until it is granted."""

    def __init__(self, folder: Path) -> None:
        self.url = postgres.database(folder)
        self.name = "u" + hashlib.sha256(str(folder).encode()).hexdigest()[:24]
        self.sql(f"CREATE ROLE {self.name} LOGIN")
        self.grant("USAGE ON SCHEMA {schema}")

    def grant(self, what: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            ((schema,),) = connection.execute("SELECT current_schema()").fetchall()
            connection.execute(f"GRANT {what.format(schema=schema)} TO {self.name}".encode())

    def sql(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def database(self) -> Database:
        return Database(self.url.replace("postgres:@", f"{self.name}:@"), most=1)


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    user = User(tmp_path)
    yield user
    user.sql(f"DROP OWNED BY {user.name} CASCADE")
    user.sql(f"DROP ROLE {user.name}")


async def test_who_may_make_no_tables_is_told_which_right_is_missing(user: User) -> None:
    database = user.database()
    with pytest.raises(StoreRefused, match="permission denied for schema") as refused:
        await PostgresTaskStore(database).look()
    assert "CREATE on the schema" in refused.value.next_step
    assert "permission denied" in str(database.problem)
    user.grant("CREATE ON SCHEMA {schema}")
    await PostgresTaskStore(database).look()
    assert database.problem is None
    await database.close()


async def test_who_may_make_no_tables_uses_those_that_are_there(user: User, tmp_path: Path) -> None:
    async with postgres.opened(tmp_path) as made:
        await PostgresTaskStore(made).look()
    user.grant("SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}")
    database = user.database()
    tasks = PostgresTaskStore(database)
    begun = await tasks.begin(owner="me", agent="it", message_id="m")
    assert await tasks.find("me", begun.pending_id)
    await database.close()


async def test_a_right_that_was_taken_away_is_said_until_it_is_granted(user: User) -> None:
    user.grant("CREATE ON SCHEMA {schema}")
    database = user.database()
    tasks = PostgresTaskStore(database)
    await tasks.look()
    user.sql(f"ALTER TABLE tasks OWNER TO postgres; REVOKE ALL ON tasks FROM {user.name}")
    with pytest.raises(StoreRefused, match="permission denied for table tasks"):
        await tasks.begin(owner="me", agent="it", message_id="m")
    user.grant("ALL ON tasks")
    assert await tasks.begin(owner="me", agent="it", message_id="m")
    await database.close()


async def test_a_url_that_cannot_be_read_is_said_without_it() -> None:
    database = Database("postgresql://me:hunter2@host/name?nonsense=1", most=1)
    with pytest.raises(StoreRefused, match="cannot be read") as refused:
        await PostgresTaskStore(database).look()
    assert "hunter2" not in repr(refused.value)
