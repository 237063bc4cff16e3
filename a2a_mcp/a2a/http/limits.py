"""The bounds of one agent: how long, how large, how many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MIB: Final = 1024 * 1024
KEEP_SECONDS: Final = 5.0
"""How long a free connection is kept: a send must not meet one that the agent just closed."""


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of one agent, in seconds and bytes; `call_seconds` is for one whole unary answer."""

    connect_seconds: float = 10
    call_seconds: float = 30
    card_seconds: float = 15
    idle_seconds: float = 60
    body_bytes: int = 16 * MIB
    card_bytes: int = MIB
    event_bytes: int = 4 * MIB
    stream_bytes: int = 64 * MIB
    concurrency: int = 64
