"""The two ends of a move, opened: a state folder and a database, each had alone until the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from a2a_mcp.a2a.model import Task
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.moving.login_place import LoginRows, Openable, openable
from a2a_mcp.store.moving.move import Moved, Tell, look, move
from a2a_mcp.store.moving.object_rows import ObjectRows
from a2a_mcp.store.moving.places import Place, Row
from a2a_mcp.store.moving.registered_place import RegisteredRows
from a2a_mcp.store.moving.result_place import ResultRows
from a2a_mcp.store.moving.tables import LOGINS, REGISTERED, RESULTS, TABLES
from a2a_mcp.store.objects import Objects
from a2a_mcp.store.postgres.moving import database_places
from a2a_mcp.store.result_files import task_of
from a2a_mcp.store.sealing import Seal
from a2a_mcp.store.sqlite.moving import file_places

Direction: TypeAlias = Literal["to-database", "to-folder"]
Places: TypeAlias = dict[str, Place]

STAYS: Final = {
    "pins": "pins of cards",
    "files": "files of agents that were read",
    "state.key": "the folder's own state key",
}
"""What a state folder holds beside what is moved."""

OTHER_KEY: Final = (
    "None of the {count} logins opens with state_key: they were sealed with another key. "
    "Nothing was moved."
)
OTHER_KEY_NEXT: Final = (
    "Set state_key to the key that was in use. Where that was the folder's own (state.key), remove "
    "logins.db: its people sign in again."
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How each table stands after a move or a look, and how many logins the state key opens."""

    tables: list[Moved]
    logins: Openable


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the state is now or will be; a bridge lives for `alive_seconds` after its last word.

    `key` is the state key. `count_results` tells how many results a task shows. `objects` is where
    the database's large results are, if they are elsewhere.
    """

    folder: Path
    url: str = field(repr=False)
    key: bytes = field(repr=False)
    alive_seconds: float
    count_results: Callable[[Task], int]
    objects: Objects | None = None

    def staying(self) -> dict[str, str]:
        """Return what stays in the folder: names of its files, and what they are."""
        return {name: what for name, what in STAYS.items() if (self.folder / name).exists()}

    async def moved(self, direction: Direction, tell: Tell) -> Outcome:
        """Move all tables. Raises StoreUnavailable."""
        async with self._opened(direction, make=True) as (source, target):
            logins = await self._checked_logins(source)
            tables = [
                await move(table, source[table.title], target[table.title], tell)
                for table in TABLES
            ]
        return Outcome(tables, logins)

    async def looked(self, direction: Direction) -> Outcome:
        """Return what would be moved. Raises StoreUnavailable as `moved` does."""
        async with self._opened(direction, make=False) as (source, target):
            logins = await self._checked_logins(source)
            tables = [
                await look(table, source[table.title], target[table.title]) for table in TABLES
            ]
        return Outcome(tables, logins)

    async def _checked_logins(self, source: Places) -> Openable:
        """Refuse a state key that opens no login: bridges could not use what is moved."""
        logins = await openable(source[LOGINS.title])
        if logins.all and not logins.opening:
            raise StoreUnavailable(OTHER_KEY.format(count=logins.all), OTHER_KEY_NEXT)
        return logins

    @asynccontextmanager
    async def _opened(
        self, direction: Direction, *, make: bool
    ) -> AsyncIterator[tuple[Places, Places]]:
        """Yield where is read and where is written; only what is written to is made."""
        to_database = direction == "to-database"
        derived = {RESULTS.title: self._of_result, REGISTERED.title: _of_agent}
        with self._folder_places(make=make and not to_database) as folder:
            async with database_places(
                self.url,
                TABLES,
                derived,
                alive_seconds=self.alive_seconds,
                key=self.key,
                make=make,
            ) as found:
                database = self._with_objects(self._with_ages(found))
                yield (folder, database) if to_database else (database, folder)

    @contextmanager
    def _folder_places(self, *, make: bool) -> Iterator[Places]:
        with file_places(self.folder, TABLES, make=make) as files:
            files[RESULTS.title] = ResultRows(self.folder)
            files[REGISTERED.title] = RegisteredRows(self.folder)
            yield self._with_ages(files)

    def _with_ages(self, places: Places) -> Places:
        return {**places, LOGINS.title: LoginRows(places[LOGINS.title], Seal(self.key))}

    def _with_objects(self, places: Places) -> Places:
        return {**places, RESULTS.title: ObjectRows(places[RESULTS.title], self.objects)}

    def _of_result(self, row: Row) -> Mapping[str, Any]:
        owner, agent, task_id, _, body = row
        task = task_of(body, (owner, agent, task_id))
        if task is None:
            raise StoreUnavailable(
                "A kept result cannot be read back.", "Report this as a fault of a2a-mcp."
            )
        return {"state": task.state.value, "results": self.count_results(task)}


def _of_agent(row: Row) -> Mapping[str, Any]:
    return {"key": str(row[1]).casefold()}
