# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The calls of all callers, counted by all processes of a database in one statement a call.

While the database is away each process counts alone: the limit must fail no call that the store
itself would not fail. The database is asked again after some seconds, as asking it takes long then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.store.call_rates import MINUTE, CallRates, LocalRates
from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.queries import rows
from a2a_mcp.store.postgres.records import NOW

AWAY_SECONDS: Final = 5.0

# A caller's row is locked before it is changed, so of calls at the same time one comes after the
# other. `ahead` is how far its time would be ahead of now, beyond what a burst allows.
_TAKE: Final = (
    "INSERT INTO call_rates AS it (owner, asked, next, ahead) "
    f"SELECT %(owner)s, now, now + %(interval)s, 0 FROM (SELECT {NOW} AS now) AS clock "
    "ON CONFLICT (owner) DO UPDATE SET asked = excluded.asked, "
    "ahead = greatest(it.next - excluded.asked - %(burst)s, 0), "
    "next = CASE WHEN it.next - excluded.asked > %(burst)s THEN it.next "
    "ELSE greatest(it.next, excluded.asked) + %(interval)s END RETURNING ahead"
)


class PostgresRates(CallRates):
    """The table `call_rates`; `clock` is in monotonic seconds, for the time without a database.

    The time in the database is its own; only a test gives a `now`, in Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        now: Callable[[], float] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._now = now
        self._alone = LocalRates(clock)
        self._again = float("-inf")

    async def take(self, owner: str, calls_a_minute: int, burst_seconds: float) -> float:
        """Count a call in the database, where it can be reached."""
        if self._clock() >= self._again:
            try:
                return await self._shared(owner, calls_a_minute, burst_seconds)
            except StoreUnavailable:
                self._again = self._clock() + AWAY_SECONDS
        return await self._alone.take(owner, calls_a_minute, burst_seconds)

    async def _shared(self, owner: str, calls_a_minute: int, burst_seconds: float) -> float:
        values = {
            "owner": owner,
            "interval": MINUTE / calls_a_minute,
            "burst": burst_seconds,
            "now": self._now() if self._now else None,
        }
        ((ahead,),) = await self._database.run(lambda it: rows(it, _TAKE, values))
        return float(ahead)
