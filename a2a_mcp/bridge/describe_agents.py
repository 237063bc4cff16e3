"""Describe agents to a model: a list of them, or one in detail.

It fetches nothing and shows what is known. The configuration is trusted; a card is not: its words
are labelled as the agent's, put on one line, scrubbed and shortened, so that they cannot look like
a line of the bridge. Of credentials only kind and state are shown, never a value.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.card_model import AgentCard, AgentSkill
from a2a_mcp.a2a.model import JSON
from a2a_mcp.bridge import extended_cards
from a2a_mcp.bridge.agent_credentials import describe_credentials
from a2a_mcp.presentation import card_sentences, sentences
from a2a_mcp.presentation.agent_view import AgentsView, Row
from a2a_mcp.presentation.budget import fit_agent
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

if TYPE_CHECKING:
    from a2a_mcp.a2a.card import FoundCard
    from a2a_mcp.agents.connection import Connection
    from a2a_mcp.agents.extended_cards import ExtendedCard
    from a2a_mcp.agents.registry import Registry

Say = Callable[[str, int], str]

PAGE: Final = 50
ROW_BYTES: Final = 170  # so that a page of rows, as JSON, fits into one result
SMALLEST_WORDS: Final = 20
ROW_SKILLS_BYTES: Final = 60
SKILL_OVERHEAD: Final = 12  # bytes of JSON around the name of a skill
NAME_BYTES: Final = 100
WORDS_BYTES: Final = 300
MODE_BYTES: Final = 60
MOST_MODES: Final = 10
MOST_PROBLEMS: Final = 10
MOST_INTERFACES: Final = 10
MOST_EXTENSIONS: Final = 10
MOST_EXAMPLES: Final = 3
NOT_CONTACTED: Final = "not contacted yet"
FAILING: Final = "failing"


def untrusted_words(registry: Registry) -> Say:
    """Return what makes an agent's words safe to show: one line, scrubbed, masked, cut to bytes."""
    mask = registry.config.secrets.mask

    def say(text: str, limit: int) -> str:
        return shorten(scrub(" ".join(text.split())), limit, mask)

    return say


# --- the list ---


def list_agents(registry: Registry, page: int = 1) -> AgentsView:
    """Return a page of the list of agents; the first page is 1."""
    names = registry.all_names()
    say = untrusted_words(registry)
    rows = [_row(registry, name, say) for name in names[(page - 1) * PAGE : page * PAGE]]
    note = sentences.join(
        say(registry.problem, WORDS_BYTES) if registry.problem else None,
        sentences.more_agents(len(names), page + 1) if len(names) > page * PAGE else None,
        sentences.LOOK_AT_AN_AGENT if any(map(_hides_skills, rows)) else None,
        None if names else sentences.NO_AGENT_CONFIGURED,
        sentences.no_such_page(page) if names and not rows else None,
    )
    return AgentsView(tuple(rows), len(names), note)


def _hides_skills(row: Row) -> bool:
    return "skills" not in row and row["state"] != "disabled"


def _row(registry: Registry, name: str, say: Say) -> Row:
    config = registry.config
    row: Row = {"name": name, "state": "disabled"}
    if name in config.faults:
        return row | {"problems": [_shorten_into(row, config.faults[name], say)]}
    agent, connection = config.agents[name], registry.known(name)
    if agent.enabled:
        row["state"] = _state(connection)
    if name == registry.default_agent:
        row["default"] = True
    if skills := _skill_names(connection, say):
        row["skills"] = skills
    if agent.description:
        row["description"] = _shorten_into(row, agent.description, say)
    if problem := _why_failing(connection):
        row["problems"] = [_shorten_into(row, problem, say)]
    return row


def _shorten_into(row: Row, words: str, say: Say) -> str:
    """Return words cut to the bytes that a row has left."""
    used = len(json.dumps(row, ensure_ascii=False).encode())
    return say(words, max(ROW_BYTES - used, SMALLEST_WORDS))


def _skill_names(connection: Connection | None, say: Say) -> list[JSON]:
    """Return as many names of skills as a row has room for."""
    card = _card(connection)
    if card is None:
        return []
    shown: list[JSON] = []
    room = ROW_SKILLS_BYTES
    for skill in card.skills:
        name = say(skill.name, ROW_SKILLS_BYTES)
        room -= len(name.encode()) + SKILL_OVERHEAD
        if room < 0:
            return [*shown, {"name": _how_many(len(card.skills))}]
        shown.append({"name": name})
    return shown


def _card(connection: Connection | None) -> AgentCard | None:
    """Return the card of an agent; None where it is not known."""
    return connection.found.card if connection and connection.found else None


def _state(connection: Connection | None) -> str:
    if connection is None:
        return NOT_CONTACTED
    if _why_failing(connection):
        return FAILING
    return "ready" if connection.found else NOT_CONTACTED


def _why_failing(connection: Connection | None) -> str | None:
    """Return why the last call failed, or why the next one must; None where neither is so."""
    if connection is None:
        return None
    return connection.health.last_error or connection.refusal


# --- one agent in detail ---


def describe_agent(
    registry: Registry,
    name: str,
    problem: str | None = None,
    extended: ExtendedCard | None = None,
) -> AgentsView:
    """Describe one agent by its card, if that is known; `problem` says why it is not.

    `extended` is what the agent shows to the caller's credentials. Raises UnknownAgent.
    """
    agent, say = registry.agent(name), untrusted_words(registry)
    connection = registry.known(name)
    row: Row = {"name": name, "state": _state(connection)}
    if agent.description:
        row["description"] = say(agent.description, WORDS_BYTES)
    if connection:
        row |= _card_members(connection, extended, say)
        row |= _interface_members(connection, say)
    row = _without_empty(row)
    row["credentials"] = describe_credentials(
        agent, _card(connection), lambda text: say(text, WORDS_BYTES)
    )
    if problems := _problems(connection, problem):
        row["problems"] = _first([say(text, WORDS_BYTES) for text in problems], MOST_PROBLEMS)
    step = sentences.AGENT_IS_FAILING if row["state"] == FAILING else None
    card = _card(connection)
    of_extended = extended_cards.note(card, extended, say) if card else None
    note = sentences.join(registry.problem, of_extended)
    view = AgentsView((row,), 1, note, step)
    return fit_agent(view, registry.config.server.result_bytes)


def _without_empty(row: Row) -> Row:
    return {name: value for name, value in row.items() if value}


def _card_members(connection: Connection, extended: ExtendedCard | None, say: Say) -> Row:
    public = _card(connection)
    if public is None:
        return {}
    found = extended.found if extended else None
    card = extended_cards.merged(public, found.card) if found else public
    return {
        "reported_by_agent": _introduction(card, say),
        "skills": [_skill(skill, say) for skill in card.skills],
        **_modes(card.default_input_modes, card.default_output_modes, say),
        "capabilities": [
            *_capabilities(card),
            *_extensions(card, say),
            *_signature(connection, say),
            *extended_cards.facts(public, extended, say, is_pinned=connection.config.pin),
        ],
    }


def _introduction(card: AgentCard, say: Say) -> str:
    """Return the agent's words about itself, on one line."""
    version = f"version {card.version}" if card.version else None
    facts = [card.name, version, card.provider, card.description]
    return say(" · ".join(fact for fact in facts if fact), 2 * WORDS_BYTES)


def _capabilities(card: AgentCard) -> list[str]:
    declared = {
        "streaming": card.capabilities.streaming,
        "push notifications": card.capabilities.push_notifications,
        "extended card": card.capabilities.extended_agent_card,
    }
    return [name for name, has in declared.items() if has]


def _extensions(card: AgentCard, say: Say) -> list[str]:
    return [
        f"extension {say(extension.uri, WORDS_BYTES)}{' (required)' if extension.required else ''}"
        for extension in card.capabilities.extensions[:MOST_EXTENSIONS]
    ]


def _signature(connection: Connection, say: Say) -> list[str]:
    words = connection.found.signature if connection.found else None
    return [f"card {say(words, WORDS_BYTES)}"] if words else []


def _interface_members(connection: Connection, say: Say) -> Row:
    choice = connection.chosen
    if choice is None or connection.found is None:
        return {}
    first, *others = (say(str(item), WORDS_BYTES) for item in choice.interfaces)
    return {"interface": first, "other_interfaces": _first(others, MOST_INTERFACES)}


def _problems(connection: Connection | None, problem: str | None) -> list[str]:
    """Return what the agent's author or its user may want to correct, each text once."""
    problems = [problem] if problem else []
    if connection and connection.found:
        problems += _card_problems(connection.config.name, connection.found)
        problems += connection.found.card.problems
        problems += _choice_problems(connection)
        problems += _call_problems(connection)
    return list(dict.fromkeys(problems))


def _card_problems(name: str, found: FoundCard) -> list[str]:
    held = [card_sentences.held_back(name), *found.held] if found.held else []
    return [*held, *([found.doubt] if found.doubt else [])]


def _choice_problems(connection: Connection) -> list[str]:
    choice = connection.chosen
    if choice is None:
        return []
    return [*choice.problems, *(item.note for item in choice.interfaces if item.note)]


def _call_problems(connection: Connection) -> list[str]:
    health = connection.health
    told = (connection.refusal, health.detour, health.note or health.last_error)
    return [text for text in (*told, *connection.moves) if text]


def _first(items: list[str], count: int) -> list[JSON]:
    """Return the first items, and after them how many there are in all."""
    if len(items) <= count:
        return list(items)
    return [*items[:count], _how_many(len(items))]


def _how_many(count: int) -> str:
    return f"… {count} in all"


def _skill(skill: AgentSkill, say: Say) -> Row:
    members: Row = {
        "name": say(skill.name, NAME_BYTES),
        "description": say(skill.description or "", WORDS_BYTES),
        "examples": [say(text, WORDS_BYTES // 2) for text in skill.examples[:MOST_EXAMPLES]],
        **_modes(skill.input_modes, skill.output_modes, say),
    }
    return _without_empty(members)


def _modes(taken: tuple[str, ...], given: tuple[str, ...], say: Say) -> Row:
    """Return the media types that an agent or skill declares."""
    modes: Row = {
        "input_modes": _first([say(mode, MODE_BYTES) for mode in taken], MOST_MODES),
        "output_modes": _first([say(mode, MODE_BYTES) for mode in given], MOST_MODES),
    }
    return _without_empty(modes)
