"""The tables `access`: which callers may use which agents, and whether they may change anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Annotated, Final

from pydantic import Field

from a2a_mcp.config.fields import Table, Text

Texts = Annotated[tuple[Text, ...], Field(strict=False)]

WILD: Final = re.compile(r"[*?\[]")


class AccessRule(Table):
    """Who may use the agents that match; with neither groups nor owners: every caller.

    `agents` are names, in which `*` stands for any letters. `read_only` lets a caller look at tasks
    and never send, cancel or change anything.
    """

    agents: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    groups: Texts = ()
    owners: Texts = ()
    read_only: bool = False

    @property
    def is_for_all(self) -> bool:
        """Whether the rule is for every caller."""
        return not (self.groups or self.owners)

    def covers(self, agent: str) -> bool:
        """Return whether the rule is about an agent."""
        return any(_names(each, agent) for each in self.agents)


def notes_of_rules(
    rules: Sequence[AccessRule], agents: Sequence[str], catalogs: Iterable[str], *, may_grow: bool
) -> list[str]:
    """Return a warning for each name in the rules that is of no agent, as a typing error is.

    Which agents a catalogue has is not known yet. With `may_grow` callers may add agents, whose
    names no rule has in full.
    """
    lists = [f"{name}/" for name in catalogs]
    given = dict.fromkeys(each for rule in rules for each in rule.agents)
    unknown = [each for each in given if not any(_names(each, agent) for agent in agents)]
    return [
        f"server.access: {each!r} names no agent{_meant(each, agents)}"
        for each in unknown
        if not (may_grow and WILD.search(each)) and not any(_may_be_in(each, it) for it in lists)
    ]


def _names(pattern: str, agent: str) -> bool:
    return fnmatchcase(agent.casefold(), pattern.casefold())


def _may_be_in(pattern: str, beginning: str) -> bool:
    """Return whether a name that begins so may match a pattern."""
    plain = WILD.split(pattern.casefold())[0]
    begun = beginning.casefold()
    return plain.startswith(begun) or (plain != pattern.casefold() and begun.startswith(plain))


def _meant(pattern: str, agents: Sequence[str]) -> str:
    close = get_close_matches(pattern, agents, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def open_to_all(agent: str, rules: Sequence[AccessRule], *, sending: bool = False) -> bool:
    """Return whether every caller may use an agent, so that it may stand in words for all.

    With `sending`, whether every caller may send to it.
    """
    enough = [rule for rule in rules if rule.is_for_all and not (sending and rule.read_only)]
    return not rules or any(rule.covers(agent) for rule in enough)
