"""What a model is told of the agents themselves: a list of them, or one in detail.

Nothing is fetched here; what is known is shown. Words of the configuration are trusted; words of a
card are the agent's own: they are labelled so, put on one line, scrubbed and shortened, so that
none can pass for a line of ours. Credentials are shown by kind and state only (threats C10).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.auth.static import ApiKey, Basic, Bearer, Credential, Headers
from a2a_mcp.a2a.model import JSON, AgentCard, AgentSkill
from a2a_mcp.presentation.agent_view import AgentsView, Row
from a2a_mcp.presentation.budget import fit_agent
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

if TYPE_CHECKING:
    from a2a_mcp.agents.connection import Connection
    from a2a_mcp.agents.registry import Registry

Say = Callable[[str, int], str]

PAGE: Final = 50
ROW_BYTES: Final = 170  # fifty of them, in JSON, stay within one result
LINE_SKILLS: Final = 60
NAME: Final = 100
WORDS: Final = 300
MODES: Final = 10
MODE: Final = 60
PROBLEMS: Final = 10
INTERFACES: Final = 10
EXAMPLES: Final = 3
FAILING: Final = (
    "The last call to this agent failed; the next one tries again. If it goes on, use another "
    "agent, or ask the user to check this one's URL and credentials (auth) in the configuration."
)
KINDS: Final = {Bearer: "bearer token", Basic: "basic", ApiKey: "API key", Headers: "headers"}


def teller(registry: Registry) -> Say:
    """Give what shows an agent's words: on one line, scrubbed, masked, at most so many bytes."""
    mask = registry.config.secrets.mask

    def say(text: str, limit: int) -> str:
        return shorten(scrub(" ".join(text.split())), limit, mask)

    return say


def list_agents(registry: Registry, page: int = 1) -> AgentsView:
    """List the agents, fifty a page."""
    config = registry.config
    names = [*config.agents, *config.faults]
    say = teller(registry)
    rows = [_row(registry, name, say) for name in names[(page - 1) * PAGE : page * PAGE]]
    notes = [say(registry.problem, WORDS)] if registry.problem else []
    if len(names) > page * PAGE:
        notes.append(f'{len(names)} agents in all; more with agent_info(agent="page={page + 1}").')
    if any("skills" not in row and row["state"] != "disabled" for row in rows):
        notes.append("agent_info(agent=NAME) looks at an agent and shows its skills.")
    if not names:
        notes.append("No agent is configured: give the bridge a URL, A2A_AGENTS or agents.toml.")
    return AgentsView(tuple(rows), len(names), " ".join(notes) or None)


def _row(registry: Registry, name: str, say: Say) -> Row:
    config = registry.config
    row: Row = {"name": name, "state": "disabled"}
    if name in config.faults:
        return row | {"problems": [_rest(row, config.faults[name], say)]}
    connection = registry.known(name)
    if config.agents[name].enabled:
        row["state"] = _state(connection)
    if name == config.default_agent:
        row["default"] = True
    skills = _skill_names(connection, say)
    if skills:
        row["skills"] = skills
    if words := config.agents[name].description:
        row["description"] = _rest(row, words, say)
    if connection and connection.health.last_error:
        row["problems"] = [_rest(row, connection.health.last_error, say)]
    return row


def _rest(row: Row, words: str, say: Say) -> str:
    """Shorten words to the room that a row has left."""
    used = len(json.dumps(row, ensure_ascii=False).encode())
    return say(words, max(ROW_BYTES - used, 20))


def _skill_names(connection: Connection | None, say: Say) -> list[JSON]:
    if connection is None or connection.found is None:
        return []
    skills = connection.found.card.skills
    taken: list[JSON] = []
    room = LINE_SKILLS
    for skill in skills:
        name = say(skill.name, LINE_SKILLS)
        room -= len(name.encode()) + 12
        if room < 0:
            return [*taken, {"name": f"… {len(skills)} in all"}]
        taken.append({"name": name})
    return taken


def _state(connection: Connection | None) -> str:
    if connection is None:
        return "not contacted yet"
    if connection.health.last_error:
        return "failing"
    return "ready" if connection.found else "not contacted yet"


def describe_agent(registry: Registry, name: str, problem: str | None = None) -> AgentsView:
    """Describe one agent by its card, as far as it is known; `problem` is why it is not."""
    agent, say = registry.agent(name), teller(registry)
    connection = registry.known(name)
    row: Row = {"name": name, "state": _state(connection)}
    if agent.description:
        row["description"] = say(agent.description, WORDS)
    problems = [problem] if problem else []
    if connection and connection.found:
        row |= _of_card(connection.found.card, say)
        row |= _of_interfaces(connection, say)
        problems += _problems(connection)
    row = {name: value for name, value in row.items() if value}
    row["credentials"] = _credentials(agent.auth, connection, say)
    if problems:
        row["problems"] = _some([say(text, WORDS) for text in dict.fromkeys(problems)], PROBLEMS)
    step = FAILING if row["state"] == "failing" else None
    view = AgentsView((row,), 1, registry.problem, step)
    return fit_agent(view, registry.config.server.result_bytes)


def _of_card(card: AgentCard, say: Say) -> Row:
    facts = [card.name, card.version and f"version {card.version}", card.provider, card.description]
    can = {
        "streaming": card.capabilities.streaming,
        "push notifications": card.capabilities.push_notifications,
        "extended card": card.capabilities.extended_agent_card,
    }
    able = [name for name, has in can.items() if has]
    wanted = card.capabilities.extensions[:INTERFACES]
    able += [
        f"extension {say(item.uri, WORDS)}{' (required)' if item.required else ''}"
        for item in wanted
    ]
    return {
        "reported_by_agent": say(" · ".join(fact for fact in facts if fact), 2 * WORDS),
        "skills": [_skill(skill, say) for skill in card.skills],
        **_modes(card.default_input_modes, card.default_output_modes, say),
        "capabilities": able,
    }


def _of_interfaces(connection: Connection, say: Say) -> Row:
    choice = connection.chosen
    if choice is None:
        return {}
    first, *others = (say(str(item), WORDS) for item in choice.interfaces)
    return {"interface": first, "other_interfaces": _some(others, INTERFACES)}


def _problems(connection: Connection) -> list[str]:
    """What an agent's author or its user may want to mend."""
    found, choice, health = connection.found, connection.chosen, connection.health
    problems = list(found.card.problems) if found else []
    if choice:
        problems += [*choice.problems, *(item.note for item in choice.interfaces if item.note)]
    told = (connection.unmet, health.detour, health.note or health.last_error)
    return problems + [text for text in told if text]


def _some(items: list[str], count: int) -> list[JSON]:
    """Keep the first items, and say how many there are in all."""
    if len(items) <= count:
        return list(items)
    return [*items[:count], f"… {len(items)} in all"]


def _skill(skill: AgentSkill, say: Say) -> Row:
    members: Row = {
        "name": say(skill.name, NAME),
        "description": say(skill.description or "", WORDS),
        "examples": [say(text, WORDS // 2) for text in skill.examples[:EXAMPLES]],
        **_modes(skill.input_modes, skill.output_modes, say),
    }
    return {name: value for name, value in members.items() if value}


def _modes(taken: tuple[str, ...], given: tuple[str, ...], say: Say) -> Row:
    """The media types an agent or skill takes and gives, where it says so."""
    modes = {
        "input_modes": _some([say(mode, MODE) for mode in taken], MODES),
        "output_modes": _some([say(mode, MODE) for mode in given], MODES),
    }
    return {name: value for name, value in modes.items() if value}


def _credentials(auth: Credential | None, connection: Connection | None, say: Say) -> str:
    """Say what the agent wants and what is configured, never the value."""
    have = f"{KINDS[type(auth)]}: configured" if auth else "none set"
    card = connection.found.card if connection and connection.found else None
    if card is None:
        return have
    if not card.security:
        return f"{have}; the card asks for none"
    ways = [" and ".join(_scheme(card, name) for name in item) or "none" for item in card.security]
    return f"{have}; the card asks for {say(' or '.join(ways), WORDS)}"


def _scheme(card: AgentCard, name: str) -> str:
    scheme = card.security_schemes.get(name)
    if scheme is None:
        return name
    words = {"apiKey": "an API key", "http": f"HTTP {scheme.scheme or 'authentication'}"}
    return words.get(scheme.kind, scheme.kind)
