"""What a model is told of the agents themselves. Pure but for reading what is already known.

Words of the configuration are trusted; words of a card are the agent's own, and are labelled so,
scrubbed and shortened. Credentials are shown by kind and state only (threats C10).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.auth import ApiKey, Basic, Bearer, Credential, Headers
from a2a_mcp.a2a.types import JSON, AgentCard, AgentSkill
from a2a_mcp.text import scrub, shorten

if TYPE_CHECKING:
    from a2a_mcp.connection import Connection
    from a2a_mcp.registry import Registry

PAGE: Final = 50
LINE_WORDS: Final = 100
LINE_SKILLS: Final = 60
WORDS: Final = 600
SKILLS: Final = 30
EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class AgentsView:
    """A page of agents, or one agent in detail."""

    agents: tuple[dict[str, JSON], ...]
    total: int
    note: str | None = None
    lines: tuple[str, ...] = field(default=())

    def structured(self) -> dict[str, JSON]:
        """Give the members that are set."""
        note = {"note": self.note} if self.note else {}
        return {"agents": list(self.agents), "total": self.total, **note}

    def prose(self) -> str:
        """Give the same as readable text."""
        return "\n".join([*self.lines, *([f"\nNote: {self.note}"] if self.note else [])])


def list_agents(registry: Registry, page: int = 1) -> AgentsView:
    """List the agents, fifty a page; nothing is fetched."""
    config = registry.config
    names = [*config.agents, *config.faults]
    shown = names[(page - 1) * PAGE : page * PAGE]
    rows = tuple(_row(registry, name) for name in shown)
    notes = [registry.problem] if registry.problem else []
    if len(names) > page * PAGE:
        notes.append(f'{len(names)} agents in all; more with agent_info(agent="page={page + 1}").')
    if not names:
        notes.append("No agent is configured: give the bridge a URL, A2A_AGENTS or agents.toml.")
    lines = tuple(_line(row) for row in rows)
    return AgentsView(rows, len(names), " ".join(notes) or None, lines)


def _row(registry: Registry, name: str) -> dict[str, JSON]:
    config = registry.config
    if name in config.faults:
        return {"name": name, "state": "disabled", "problems": [config.faults[name]]}
    agent = config.agents[name]
    row: dict[str, JSON] = {"name": name}
    if agent.description:
        row["description"] = shorten(agent.description, LINE_WORDS)
    connection = registry.known(name)
    row["state"] = "disabled" if not agent.enabled else _state(connection)
    if name == config.default_agent:
        row["default"] = True
    if connection and connection.found:
        skills = [scrub(skill.name) for skill in connection.found.card.skills]
        row["skills"] = [{"name": skill} for skill in _as_many(skills, LINE_SKILLS)]
    return row


def _as_many(words: list[str], room: int) -> list[str]:
    taken: list[str] = []
    for word in words:
        room -= len(word.encode()) + 2
        if room < 0:
            break
        taken.append(word)
    return taken


def _line(row: dict[str, JSON]) -> str:
    facts = [row.get("description"), f"[{row['state']}]"]
    if row.get("default"):
        facts.append("(default)")
    if row.get("skills"):
        facts.append("skills: " + ", ".join(skill["name"] for skill in row["skills"]))
    facts += row.get("problems", [])
    return f"- {row['name']}: " + " ".join(str(fact) for fact in facts if fact)


def _state(connection: Connection | None) -> str:
    if connection is None:
        return "not contacted yet"
    if connection.health.last_error:
        return "failing"
    return "ready" if connection.found else "not contacted yet"


def describe_agent(registry: Registry, name: str, problem: str | None = None) -> AgentsView:
    """Describe one agent by its card, as far as it is known; `problem` is why it is not."""
    agent = registry.agent(name)
    connection = registry.known(name)
    row: dict[str, JSON] = {"name": name, "state": _state(connection)}
    if agent.description:
        row["description"] = agent.description
    problems = [problem] if problem else []
    if connection and connection.found:
        problems += _card_row(row, connection)
    row["credentials"] = _credentials(agent.auth, connection)
    if problems:
        row["problems"] = problems
    return AgentsView((row,), 1, registry.problem, tuple(_paragraphs(row)))


def _card_row(row: dict[str, JSON], connection: Connection) -> list[str]:
    """Add what the card says; gives its problems."""
    found = connection.found
    if found is None:
        return []
    card, choice = found.card, connection.chosen
    row["reported_by_agent"] = _reported(card)
    row["skills"] = [_skill(skill) for skill in card.skills[:SKILLS]]
    row |= _modes(card.default_input_modes, card.default_output_modes)
    if choice:
        row["interface"] = str(choice.interfaces[0])
        row["other_interfaces"] = [str(item) for item in choice.interfaces[1:]]
    row["capabilities"] = [
        name
        for name, has in (
            ("streaming", card.capabilities.streaming),
            ("push notifications", card.capabilities.push_notifications),
            ("extended card", card.capabilities.extended_agent_card),
        )
        if has
    ]
    notes = [item.note for item in choice.interfaces if item.note] if choice else []
    health = connection.health
    said = [*card.problems, *(choice.problems if choice else ()), *notes]
    said += [text for text in (health.note, health.last_error) if text]
    return [scrub(text) for text in dict.fromkeys(said)]


def _reported(card: AgentCard) -> str:
    facts = [card.name, card.version and f"version {card.version}", card.provider, card.description]
    return shorten(scrub(" · ".join(fact for fact in facts if fact)), WORDS)


def _skill(skill: AgentSkill) -> dict[str, JSON]:
    members = {
        "name": scrub(skill.name),
        "description": shorten(scrub(skill.description or ""), WORDS // 2),
        "examples": [shorten(scrub(text), 200) for text in skill.examples[:EXAMPLES]],
    }
    said = {name: value for name, value in members.items() if value}
    return said | _modes(skill.input_modes, skill.output_modes)


def _modes(taken: tuple[str, ...], given: tuple[str, ...]) -> dict[str, JSON]:
    """The media types an agent or skill takes and gives, where it says so."""
    modes = {
        "input_modes": [scrub(mode) for mode in taken],
        "output_modes": [scrub(mode) for mode in given],
    }
    return {name: value for name, value in modes.items() if value}


def _credentials(auth: Credential | None, connection: Connection | None) -> str:
    """Say what the agent wants and what is set, never the value."""
    kinds = {Bearer: "bearer token", Basic: "basic", ApiKey: "API key", Headers: "headers"}
    have = f"{kinds[type(auth)]}: set" if auth else "none set"
    card = connection.found.card if connection and connection.found else None
    if card is None:
        return have
    if not card.security:
        return f"{have}; the card asks for none"
    ways = [" and ".join(_scheme(card, name) for name in item) or "none" for item in card.security]
    return f"{have}; the card asks for {' or '.join(ways)}"


def _scheme(card: AgentCard, name: str) -> str:
    scheme = card.security_schemes.get(name)
    if scheme is None:
        return scrub(name)
    words = {"apiKey": "an API key", "http": f"HTTP {scheme.scheme or 'authentication'}"}
    return scrub(words.get(scheme.kind, scheme.kind))


def _paragraphs(row: dict[str, JSON]) -> list[str]:
    lines = [f"{row['name']} [{row['state']}]"]
    if row.get("description"):
        lines.append(row["description"])
    if row.get("reported_by_agent"):
        lines.append(f"The agent says of itself: {row['reported_by_agent']}")
    lines += _skill_lines(row.get("skills", []))
    if modes := _mode_words(row):
        lines.append(f"All skills, where they do not say otherwise: {modes}")
    if row.get("interface"):
        lines.append(f"Interface: {row['interface']}")
    if row.get("other_interfaces"):
        lines.append(f"Other interfaces: {', '.join(row['other_interfaces'])}")
    if row.get("capabilities"):
        lines.append(f"Capabilities: {', '.join(row['capabilities'])}")
    lines.append(f"Credentials: {row['credentials']}")
    lines += [f"Problem: {problem}" for problem in row.get("problems", [])]
    return lines


def _mode_words(row: dict[str, JSON]) -> str:
    words = [
        f"{verb} {', '.join(row[key])}"
        for verb, key in (("takes", "input_modes"), ("gives", "output_modes"))
        if row.get(key)
    ]
    return f"({'; '.join(words)})" if words else ""


def _skill_lines(skills: list[dict[str, JSON]]) -> list[str]:
    lines = ["Skills, in the agent's own words:"] if skills else []
    for skill in skills:
        facts = [skill.get("description", "")]
        if skill.get("examples"):
            facts.append("e.g. " + " | ".join(skill["examples"]))
        facts.append(_mode_words(skill))
        lines.append(f"- {skill['name']}: " + " ".join(fact for fact in facts if fact))
    return lines
