"""What a table of tools holds, and the hints that a host reads about each tool. Values only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from a2a_mcp.server.tools.schemas import Schema

Hints: TypeAlias = dict[str, bool]
Row: TypeAlias = tuple[Callable[..., Any], str, Hints, Schema | None]
"""A tool: its function, its title, its hints, the schema of its structured result."""

READ: Final[Hints] = {
    "read_only_hint": True,
    "destructive_hint": False,
    "idempotent_hint": True,
    "open_world_hint": True,
}
WORK: Final[Hints] = {
    "read_only_hint": False,
    "destructive_hint": False,
    "idempotent_hint": False,
    "open_world_hint": True,
}
STOP: Final[Hints] = WORK | {"destructive_hint": True, "idempotent_hint": True}
