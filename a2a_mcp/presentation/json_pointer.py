"""Data by JSON pointer (RFC 6901), and long lists of it by range. Pure.

Secrets are masked before anything is cut: half of one would pass every later masking.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from a2a_mcp.a2a.model import JSON
from a2a_mcp.errors import NotAllowed
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")  # RFC 6901, and no number of any length
SHOWN_KEYS: Final = 20
KEY_BYTES: Final = 80


class NothingThere(NotAllowed):
    """What was asked for is not in the artifact; the message says what is."""


def follow(data: JSON, pointer: str, mask: Callable[[str], str] = str) -> JSON:
    """Give the value that a pointer leads to; raises NothingThere."""
    value = data
    for step in pointer.removeprefix("/").split("/") if pointer else []:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            shown = shorten(scrub(key), KEY_BYTES, mask)
            raise NothingThere(
                f"The pointer leads nowhere at {shown!r}: {members(value, mask)}.",
                "Correct the pointer and call again.",
            )
    return value


def past_the_end(offset: int, total: int, unit: str) -> NothingThere:
    """Say that an offset is too large."""
    return NothingThere(
        f"The offset {offset} is past the end of {total} {unit}.",
        "Call again with a smaller offset.",
    )


def members(value: JSON, mask: Callable[[str], str] = str) -> str:
    """Say what is in a value, for whoever points into it next."""
    if isinstance(value, dict):
        keys = [shorten(scrub(str(key)), KEY_BYTES, mask) for key in sorted(value)[:SHOWN_KEYS]]
        more = f" and {len(value) - SHOWN_KEYS} more" if len(value) > SHOWN_KEYS else ""
        return f"the keys there are {', '.join(keys)}{more}"
    if isinstance(value, list):
        return f"there is a list of {len(value)}"
    return "there is a single value"


def items(
    value: list[JSON],
    pointer: str,
    start: int,
    limit: int | None,
    room: int,
    mask: Callable[[str], str],
) -> str:
    """Show items of a list, one a line, as many as fit into `room` bytes; members by name."""
    if start >= len(value) and value:
        raise past_the_end(start, len(value), "items")
    last = len(value) if limit is None else min(start + max(limit, 0), len(value))
    rows: list[str] = []
    for item in value[start:last]:
        row = mask(scrub(json.dumps(item, ensure_ascii=False, sort_keys=True))) + "\n"
        room -= len(row.encode())
        if room < 0:
            break
        rows.append(row)
    if last > start and not rows:
        return f"item {start} is too long for a list: read it with the pointer {pointer}/{start}"
    end = start + len(rows)
    if not rows:
        return "no items"
    more = f"\nRead on with offset={end}." if end < len(value) else ""
    where = f"items {start} to {end - 1} of {len(value)}, counted from 0"
    return f"{where}\n\n{''.join(rows)}{more}"
