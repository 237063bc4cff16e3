"""Requests that come at once with the same new token cause one check, and all get its outcome.

Nothing is kept: a token that comes later is checked again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from mcp.server.auth.provider import AccessToken

from a2a_mcp.server.auth.errors import NotAdmitted


@dataclass(slots=True)
class _Check:
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    outcome: AccessToken | NotAdmitted | None = None


class SharedChecks:
    """The checks that are under way, by the token's name."""

    def __init__(self) -> None:
        self._running: dict[bytes, _Check] = {}

    async def once(self, name: bytes, check: Callable[[], Awaitable[AccessToken]]) -> AccessToken:
        """Return what a check finds, or one that is under way. Raises NotAdmitted."""
        running = self._running.setdefault(name, _Check())
        async with running.lock:  # when the request that checks is given up, the next one does it
            outcome = running.outcome or await self._end(name, running, check)
        if isinstance(outcome, NotAdmitted):
            raise outcome
        return outcome

    async def _end(
        self, name: bytes, running: _Check, check: Callable[[], Awaitable[AccessToken]]
    ) -> AccessToken | NotAdmitted:
        try:
            running.outcome = await check()
        except NotAdmitted as refused:
            running.outcome = refused
        finally:
            self._running.pop(name, None)
        return running.outcome
