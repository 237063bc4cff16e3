"""What operators are told of requests that do not enter: a count, a line of the audit, the log.

A host's first request has no token, so it is counted and not told. Many bad tokens fill neither log
nor audit: the log says each reason once a minute, and the audit has at most MOST_LINES lines a
minute of senders who have shown no valid token.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Final

from a2a_mcp.server.audit import Audit
from a2a_mcp.server.auth.errors import NotAdmitted, ScopeMissing, TokenMissing
from a2a_mcp.telemetry.metrics import instruments
from a2a_mcp.text.untrusted import scrub

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 60.0
MOST_LINES: Final = 60
"""Lines a minute that the audit gets of senders without a valid token; the metric counts all."""
LONGEST: Final = 300


class Refusals:
    """`clock` is in monotonic seconds."""

    def __init__(self, audit: Audit | None, clock: Callable[[], float]) -> None:
        self._audit = audit
        self._clock = clock
        self._said: dict[str, float] = {}
        self._minute, self._lines = -math.inf, 0

    def note(self, refused: NotAdmitted, address: str | None) -> None:
        """Note a request from an address that does not enter."""
        if found := instruments():
            found.refused_tokens.add(1, {"reason": refused.counted_as})
        if isinstance(refused, TokenMissing):
            return
        self._log(refused)
        caller = refused.caller if isinstance(refused, ScopeMissing) else None
        if self._audit and (caller or self._has_line()):
            self._audit.note_refusal(str(refused), address, caller)

    def _has_line(self) -> bool:
        """Return whether one more line may be written in this minute."""
        now = self._clock()
        if now - self._minute >= AGAIN_SECONDS:
            self._minute, self._lines = now, 0
        self._lines += 1
        return self._lines <= MOST_LINES

    def _log(self, refused: NotAdmitted) -> None:
        reason, now = str(refused), self._clock()
        if now - self._said.get(reason, -math.inf) < AGAIN_SECONDS:
            return
        self._said[reason] = now
        detail = f" ({scrub(refused.detail)[:LONGEST]})" if refused.detail else ""
        log.warning("a token was refused with %d: %s%s", refused.status, reason, detail)
