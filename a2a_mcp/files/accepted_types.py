"""Which files an agent accepts, by the input modes of its card. Pure.

A card without modes accepts every file. Agents write kinds ("text", "file") as well as media types,
so a mode of any text type accepts every text type.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.a2a.model import Part
from a2a_mcp.errors import NotAllowed
from a2a_mcp.files.media_types import plain
from a2a_mcp.text.untrusted import scrub

ANYTHING: Final = frozenset({"*", "*/*", "file", "files"})
DEFAULT_MODES: Final = (
    "text/plain",
    "text/markdown",
    "application/json",
    "image/png",
    "image/jpeg",
)
"""The output modes that an agent is asked for, unless the configuration names others."""


def refuse_unwanted(agent: str, card: AgentCard, parts: Iterable[Part]) -> None:
    """Raise NotAllowed for a file of a type that neither the card nor one of its skills accepts."""
    modes = _modes(card)
    if not modes or modes & ANYTHING:
        return
    for part in parts:
        kind = plain(part.media_type)
        if part.kind in ("raw", "url") and kind and not any(_takes(mode, kind) for mode in modes):
            name = f"The file {part.filename!r}" if part.filename else "A file"
            raise NotAllowed(
                f"{name} is {kind}, which the agent {agent!r} does not take; nothing was sent.",
                "Send another kind of file, its content as text, or use another agent. It takes: "
                f"{scrub(', '.join(sorted(modes)))}.",
                agent=agent,
            )


def _modes(card: AgentCard) -> frozenset[str]:
    """Return the modes of a card in lower case, without parameters; empty where it has none."""
    skills = [mode for skill in card.skills for mode in skill.input_modes]
    said = (mode.partition(";")[0].strip().lower() for mode in (*card.default_input_modes, *skills))
    return frozenset(mode for mode in said if mode)


def _takes(mode: str, kind: str) -> bool:
    family, slash, _ = mode.partition("/")
    if mode.endswith("/*") or not slash or family == "text":
        return kind.startswith(f"{family}/")
    return kind == mode
