"""The skills that become tools: of agents that every caller may use, as their cards say now.

It fetches nothing. An agent's words are put on one line, scrubbed, masked and cut, and the sentence
before them says whose they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.card_model import AgentCard, AgentSkill
from a2a_mcp.bridge.describe_agents import Say, untrusted_words
from a2a_mcp.presentation import skill_sentences
from a2a_mcp.presentation.skill_names import tool_name

if TYPE_CHECKING:
    from a2a_mcp.agents.registry import Registry

MOST: Final = 32
"""Tools of skills in all: some hosts take no more than 40 tools."""
NAME_BYTES: Final = 60
CLAIMS_BYTES: Final = 300
TRUSTED_BYTES: Final = 200
TEXT: Final = "text"
THE_AGENT_ITSELF: Final = "send"


@dataclass(frozen=True, slots=True)
class OfferedSkill:
    """A skill as a tool: its name, what is said of it, and whether more than text is taken."""

    tool: str
    agent: str
    title: str
    description: str
    takes_files: bool


def offered_skills(
    registry: Registry, is_for_all: Callable[[str], bool]
) -> tuple[OfferedSkill, ...]:
    """Return the skills that every caller is offered, in the order of the configuration.

    Where there are more than MOST, each agent has as many of its first as the others leave it.
    """
    cards = dict(_known_cards(registry, is_for_all))
    found = {agent: _skills(card) for agent, card in cards.items()}
    each = _fair_share([len(skills) for skills in found.values()], MOST)
    pairs = [(agent, skill) for agent, skills in found.items() for skill in skills[:each]][:MOST]
    names = Counter(tool_name(agent, skill.id) for agent, skill in pairs)
    say = untrusted_words(registry)
    return tuple(
        _offered(
            tool_name(agent, skill.id, marked=names[tool_name(agent, skill.id)] > 1),
            (agent, skill, cards[agent]),
            registry.agent(agent).description,
            say,
        )
        for agent, skill in pairs
    )


def _known_cards(
    registry: Registry, is_for_all: Callable[[str], bool]
) -> Iterator[tuple[str, AgentCard]]:
    for agent in registry.config.agents.enabled():
        connection = registry.known(agent)
        if connection and connection.found and is_for_all(agent):
            yield agent, connection.found.card


def _skills(card: AgentCard) -> list[AgentSkill]:
    """Return the skills of a card, one for each id; one for the agent itself where it has none."""
    found: dict[str, AgentSkill] = {}
    for skill in card.skills:
        found.setdefault(skill.id, skill)
    itself = AgentSkill(id=THE_AGENT_ITSELF, name=card.name, description=card.description)
    return list(found.values()) or [itself]


def _fair_share(counts: Sequence[int], most: int) -> int:
    """Return how many each may have at most, so that all together have `most` at most."""
    each = min(max(counts, default=0), most)
    while each > 1 and sum(min(count, each) for count in counts) > most:
        each -= 1
    return each


def _offered(
    tool: str, of: tuple[str, AgentSkill, AgentCard], trusted: str | None, say: Say
) -> OfferedSkill:
    agent, skill, card = of
    name = say(skill.name or skill.id, NAME_BYTES)
    claims = say(skill.description or "", CLAIMS_BYTES)
    about = say(trusted, TRUSTED_BYTES) if trusted else None
    return OfferedSkill(
        tool,
        agent,
        skill_sentences.title(agent, name),
        skill_sentences.description(agent, about, name, claims),
        _takes_files(skill.input_modes or card.default_input_modes),
    )


def _takes_files(modes: Sequence[str]) -> bool:
    return any(not mode.strip().lower().startswith(TEXT) for mode in modes)
