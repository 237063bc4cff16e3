"""The tables `access`: which callers may use which agents, and whether they may change anything."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from a2a_mcp.config.fields import Table, Text

Texts = Annotated[tuple[Text, ...], Field(strict=False)]


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
        return any(fnmatchcase(agent.casefold(), each.casefold()) for each in self.agents)


def open_to_all(agent: str, rules: Sequence[AccessRule], *, sending: bool = False) -> bool:
    """Return whether every caller may use an agent, so that it may stand in words for all.

    With `sending`, whether every caller may send to it.
    """
    enough = [rule for rule in rules if rule.is_for_all and not (sending and rule.read_only)]
    return not rules or any(rule.covers(agent) for rule in enough)
