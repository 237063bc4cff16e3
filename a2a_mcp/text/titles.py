"""A title of a task, made of the message that began it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from a2a_mcp.text.truncate import ELLIPSIS
from a2a_mcp.text.untrusted import scrub

LONGEST: Final = 80
READ: Final = 4_000  # characters of a message that are looked at; blank ones at its start are not


def title_of(message: str, pieces: Callable[[Sequence[str]], list[str]]) -> str | None:
    """Return the first line of a message, at most 80 characters; None if it says nothing.

    `pieces` hides secrets, also one that is cut off at the end of what is looked at.
    """
    (masked,) = pieces([message.lstrip()[:READ]])
    line = " ".join(scrub(masked).strip().partition("\n")[0].split())
    if len(line) > LONGEST:
        line = line[: LONGEST - len(ELLIPSIS)].rstrip() + ELLIPSIS
    return line or None
