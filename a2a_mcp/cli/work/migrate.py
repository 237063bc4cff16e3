"""Move what a state folder keeps into the database or back, and say how each table stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.a2a.model import JSON
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import Started, start
from a2a_mcp.errors import ConfigError, StoreUnavailable
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.server.stores import objects_of

if TYPE_CHECKING:
    from a2a_mcp.store.moving.ends import Direction, Ends, Outcome
    from a2a_mcp.store.moving.move import Tell

DIGEST_LETTERS: Final = 12
NO_DATABASE: Final = "a2a-mcp migrate: no database is configured: set url in [server.store]"
WHOLE: Final = "Every row stands in {there} as it was read from {here}, which has not changed."
NOT_WHOLE: Final = (
    "Some rows do not stand in {there} as they were read from {here}, which has not changed: see "
    "where THERE is less than ROWS. A name of an agent that another caller has there is one reason."
)
LOOKED: Final = "Nothing was written."
LOGINS: Final = "Of {all} logins {opening} open with state_key; they stay sealed with it."
STAYS: Final = "Stays in the state folder, where each bridge has its own: {names}."
PINS: Final = (
    "Pins of cards are not moved, since the file of a pin does not say of which agent it is: each "
    "agent with `pin` gets a new one from the first card that is seen. See before, with `a2a-mcp "
    "check`, that no changed card is held back."
)
AUDIT: Final = "The audit stays in the database: it tells what was done there."
OWN_KEY: Final = (
    "Bridges on a database seal with state_key, not with the folder's own key (state.key): who was "
    "asked something under that key is asked again."
)


def migrate(direction: Direction, options: Options, *, dry_run: bool, as_json: bool) -> int:
    """Move, or with `dry_run` only look; return the exit code."""
    ends = _ends(start(options, quiet=True))
    outcome = anyio.run(_moved, ends, direction, dry_run)
    done = Done(ends, direction, outcome, dry_run)
    if as_json:
        terminal.print_json(done.structured())
    else:
        done.show()
    return DONE if done.is_whole else FAILED


def _ends(started: Started) -> Ends:
    server = started.config.server
    table, key = server.store, server.state_key
    if table is None or key is None:
        raise ConfigError([NO_DATABASE])
    from a2a_mcp.store.moving.ends import Ends  # needs the extra that such a configuration has

    return Ends(
        started.state_folder,
        table.direct or table.url.get_secret_value(),
        key.get_secret_value().encode(),
        table.dead_after,
        count_results,
        objects_of(table),
    )


async def _moved(ends: Ends, direction: Direction, dry_run: bool) -> Outcome:
    if direction == "to-database" and not ends.folder.exists():
        raise StoreUnavailable(
            f"There is no state folder at {ends.folder}.", "Name it with --state-dir."
        )
    if dry_run:
        return await ends.looked(direction)
    with _progress() as tell:
        return await ends.moved(direction, tell)


@contextmanager
def _progress() -> Iterator[Tell]:
    """Yield what tells on stderr how far the move is: a line that changes, at a terminal only."""
    moves = sys.stderr.isatty()

    def tell(title: str, done: int, total: int) -> None:
        if moves:
            print(f"\r\x1b[K{title}: {done} of {total}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if moves:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Done:
    """What a move or a look has found, for a person and for a script."""

    ends: Ends
    direction: Direction
    outcome: Outcome
    dry_run: bool

    @property
    def is_whole(self) -> bool:
        """Whether all that should stand at the target stands there."""
        return self.dry_run or all(it.is_whole for it in self.outcome.tables)

    def structured(self) -> dict[str, JSON]:
        """Return all of it for a script."""
        logins = self.outcome.logins
        return {
            "direction": self.direction,
            "dry_run": self.dry_run,
            "whole": self.is_whole,
            "tables": [asdict(it) for it in self.outcome.tables],
            "logins_with_this_state_key": logins.opening,
            "logins_with_another_key": logins.all - logins.opening,
            "stays": sorted(self.ends.staying()),
        }

    def show(self) -> None:
        """Print a table of the tables, and what a person has to know."""
        written = "TO WRITE" if self.dry_run else "WRITTEN"
        rows = [
            [it.title, str(it.rows), str(it.written), str(it.equal), it.digest[:DIGEST_LETTERS]]
            for it in self.outcome.tables
        ]
        terminal.print_rows(["WHAT", "ROWS", written, "THERE", "SHA-256"], rows)
        print()
        print("\n".join(self._notes()))

    def _notes(self) -> Iterator[str]:
        yield LOOKED if self.dry_run else self._outcome()
        logins, staying = self.outcome.logins, self.ends.staying()
        if logins.all:
            yield LOGINS.format(all=logins.all, opening=logins.opening)
        if staying:
            yield STAYS.format(names=", ".join(f"{it} ({what})" for it, what in staying.items()))
        yield PINS
        if self.direction == "to-folder":
            yield AUDIT
        if "state.key" in staying and self.direction == "to-database":
            yield OWN_KEY

    def _outcome(self) -> str:
        folder, database = "the state folder", "the database"
        here, there = (folder, database) if self.direction == "to-database" else (database, folder)
        return (WHOLE if self.is_whole else NOT_WHOLE).format(here=here, there=there)
