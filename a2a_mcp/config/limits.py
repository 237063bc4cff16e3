"""The tables `limits`: of an agent how long and how large anything may be, of a caller how often.

Values only.
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


class CallerLimits(Table):
    """Bounds of one caller, so that none can use the bridge up for the others. None: no bound."""

    calls_a_minute: Count | None = None
    burst_seconds: Seconds = 10.0
    running_tasks: Count | None = None
