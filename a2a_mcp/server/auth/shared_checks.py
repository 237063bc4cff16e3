"""Requests that come at once with the same new token cause one check, and all get its outcome.

Nothing is kept: a token that comes later is checked again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from mcp.server.auth.provider import AccessToken

from a2a_mcp.server.auth.provider import ProviderDown


@dataclass(slots=True)
class _Check:
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    outcome: AccessToken | ProviderDown | None = None
    is_over: bool = False


class SharedChecks:
    """The checks that are under way, by the token's name."""

    def __init__(self) -> None:
        self._running: dict[bytes, _Check] = {}

    async def once(
        self, name: bytes, check: Callable[[], Awaitable[AccessToken | None]]
    ) -> AccessToken | None:
        """Return what a check finds, or one that is under way. Raises ProviderDown."""
        running = self._running.setdefault(name, _Check())
        async with running.lock:  # when the request that checks is given up, the next one does it
            if not running.is_over:
                await self._end(name, running, check)
        if isinstance(running.outcome, ProviderDown):
            raise running.outcome
        return running.outcome

    async def _end(
        self, name: bytes, running: _Check, check: Callable[[], Awaitable[AccessToken | None]]
    ) -> None:
        try:
            running.outcome = await check()
        except ProviderDown as down:
            running.outcome = down
        finally:
            self._running.pop(name, None)
        running.is_over = True
