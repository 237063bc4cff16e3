"""The names of the tools that stand for skills: `AGENT__SKILL`, in letters that every host takes.

Pure. A name depends on the agent's name and the skill's id alone, so it stays the same however the
list of skills changes. Two underscores stand only between the two parts: whatever id an agent
chooses, its tool cannot pass for that of another agent.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

SEPARATOR: Final = "__"
LONGEST: Final = 48  # some hosts put their own prefix before it, and take 60 characters in all
LONGEST_AGENT: Final = 24
MARK_CHARACTERS: Final = 8
NAMELESS: Final = "skill"

_OTHER: Final = re.compile(r"[^a-z0-9]+")
_SAME: Final = str.maketrans("-./", "___")


def tool_name(agent: str, skill_id: str, *, marked: bool = False) -> str:
    """Return the name of the tool for a skill.

    It ends in a mark made of both where something of them is lost, and where `marked` is set.
    """
    left, right = agent_part(agent), _slug(skill_id)
    is_whole = left == _begun(_spelled(agent)) and right == _spelled(skill_id) != ""
    name = f"{left}{SEPARATOR}{right}"
    if is_whole and not marked and len(name) <= LONGEST:
        return name
    room = LONGEST - MARK_CHARACTERS - 1
    shown = f"{left}{SEPARATOR}{right or NAMELESS}"[:room].rstrip("_")
    return f"{shown}_{sha256(f'{agent}/{skill_id}'.encode()).hexdigest()[:MARK_CHARACTERS]}"


def agent_part(agent: str) -> str:
    """Return how a name begins for each skill of an agent; two agents may share it."""
    return _begun(_slug(agent))[:LONGEST_AGENT].rstrip("_")


def agent_part_of(name: str) -> str | None:
    """Return the agent's part of a tool's name; None for the name of another tool."""
    left, separator, _ = name.partition(SEPARATOR)
    return left if separator else None


def _slug(text: str) -> str:
    return _OTHER.sub("_", text.lower()).strip("_")


def _begun(slug: str) -> str:
    """Return a slug with a letter first, as models' services want it."""
    return slug if slug[:1].isalpha() else f"agent_{slug}"


def _spelled(text: str) -> str:
    """Return a text as its slug is, if nothing of it is lost but the kind of its separators."""
    return text.lower().translate(_SAME)
