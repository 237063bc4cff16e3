"""The table `limits` of an agent: how long and how large anything from it may be.

Values only; the HTTP library enforces them.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.config.fields import Count, Seconds, Table

MIB: Final = 1024 * 1024


class Limits(Table):
    """Bounds of one agent, in seconds and bytes; no agent can exhaust time or memory here."""

    connect_seconds: Seconds = 10.0
    call_seconds: Seconds = 30.0
    card_seconds: Seconds = 15.0
    idle_seconds: Seconds = 60.0
    body_bytes: Count = 16 * MIB
    card_bytes: Count = MIB
    event_bytes: Count = 4 * MIB
    stream_bytes: Count = 64 * MIB
    concurrency: Count = 64
