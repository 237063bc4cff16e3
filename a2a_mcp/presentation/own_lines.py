"""Lines of a result that are the bridge's own, which no agent's words may pass for. Pure.

It words nothing: what the lines say is made where a view is written.
"""

from __future__ import annotations

import re
from typing import Final

from a2a_mcp.a2a.model import TaskState

STATES: Final = "|".join(map(re.escape, TaskState))
MARKED: Final = re.compile(
    rf"^(?=Note: |(?:Artifacts|History):$|- artifact_id |- \[(?:{STATES})\])", re.MULTILINE
)
"""Where the bridge's own lines begin in a result."""

MARKS: Final = ("Note: ", "Artifacts:", "History:", "- artifact_id ", "- [")
"""What any such line holds: quicker to look for."""


def quoted_marks(text: str) -> str:
    """Return an agent's text with `> ` before lines that begin as those of the bridge do.

    Otherwise an agent could say in the bridge's name, for one, that the user has agreed.
    """
    return MARKED.sub("> ", text) if any(mark in text for mark in MARKS) else text


def hanging(text: str) -> str:
    """Return a text whose further lines cannot be taken for entries of their own."""
    return text.replace("\n", "\n  ")
