"""Times written for a reader. Pure: it never asks a clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def rfc3339(moment: float) -> str:
    """Return Unix seconds as an RFC 3339 time in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def roughly(seconds: float) -> str:
    """Return a duration in whole units of the largest kind, such as `3 hours`."""
    for size, unit in UNITS:
        if seconds >= size:
            count = int(seconds / size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a second"
