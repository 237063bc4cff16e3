"""Cursors of lists: where the next page begins, as opaque text. Pure."""

from __future__ import annotations

import base64
import math

from a2a_mcp.store.base import TaskRecord

Position = tuple[float, int]
"""When the last row of a page was updated, and its key."""


def cursor_after(record: TaskRecord) -> str:
    """Return the cursor of the page that begins after a record."""
    return base64.urlsafe_b64encode(f"{record.updated!r} {record.key}".encode()).decode()


def read_cursor(cursor: str | None) -> Position:
    """Return the time and key after which a page begins; ValueError if `cursor` is not ours."""
    if cursor is None:
        return math.inf, 0
    try:
        updated, key = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        position = float(updated), int(key)
    except ValueError:
        raise ValueError("the cursor is not one of this list") from None
    if not math.isfinite(position[0]) or not 0 <= position[1] < 2**63:
        raise ValueError("the cursor is not one of this list")
    return position
