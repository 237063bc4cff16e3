# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The lines of the audit of all processes, for some days."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

import anyio

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.audit import AuditPlace, Line
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import BEGAN, NOW

TEND_SECONDS: Final = 3600.0
AT_ONCE: Final = 1_000
DAY_SECONDS: Final = 86_400.0

_WRITE: Final = (
    "INSERT INTO audit (at, owner, action, agent, outcome, line) "
    f"SELECT to_timestamp({NOW} - (aged->>'age')::float8), line->>'owner', line->>'action', "
    "line->>'agent', line->>'outcome', line FROM jsonb_array_elements(%(lines)s::jsonb) AS aged, "
    "LATERAL (SELECT aged->'line' AS line) AS it RETURNING 1"
)
_REMOVE: Final = (
    "DELETE FROM audit WHERE number IN (SELECT number FROM audit "
    f"WHERE at < to_timestamp({BEGAN} - %(keep)s) ORDER BY at LIMIT {AT_ONCE} "
    "FOR UPDATE SKIP LOCKED) RETURNING 1"
)


class PostgresAudit(AuditPlace):
    """The table `audit`. The time is the database's; only a test gives a `clock`."""

    def __init__(
        self, database: Database, *, keep_days: int, clock: Callable[[], float] | None = None
    ) -> None:
        self._database = database
        self._keep_seconds = keep_days * DAY_SECONDS
        self._clock = clock

    async def write(self, lines: Sequence[tuple[float, Line]]) -> None:
        text = json.dumps([{"age": age, "line": dict(line)} for age, line in lines])
        values = {"lines": text, "now": self._now()}
        await self._database.run(lambda it: rows(it, _WRITE, values))

    async def tend(self) -> None:
        while True:
            try:
                while await self.remove_some():
                    await anyio.lowlevel.checkpoint()
            except StoreUnavailable:
                pass  # it is tried again
            await anyio.sleep(TEND_SECONDS)

    async def remove_some(self) -> bool:
        """Remove some old lines that no other process removes; return whether there may be more."""
        values = {"keep": self._keep_seconds, "now": self._now()}
        removed = await self._database.run(lambda it: rows(it, _REMOVE, values))
        return len(removed) == AT_ONCE

    def _now(self) -> float | None:
        return self._clock() if self._clock else None
