"""What a caller is told whose calls come too fast."""

from __future__ import annotations

from a2a_mcp.errors import NotAllowed


def refusal(calls_a_minute: int, seconds: float) -> NotAllowed:
    """Return the error of a call that comes too early."""
    return NotAllowed(
        f"This caller may make {calls_a_minute} calls a minute; nothing was done.",
        f"Wait {max(1, round(seconds + 0.5))} seconds, then call again.",
    )
