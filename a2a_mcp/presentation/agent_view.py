"""A page of agents, or one agent in detail, as structure and as text. Pure.

Both channels hold the same, each complete on its own. Words of agents must be scrubbed before they
come here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.model import JSON

Row = dict[str, JSON]
"""One agent; its members are those of the output schema, and missing where there is nothing."""

DETAIL: Final = "credentials"
"""The member that only an agent in detail has."""


@dataclass(frozen=True, slots=True)
class AgentsView:
    """Some of `total` agents; a row with credentials is one in detail.

    `agent` is the one that was added or removed.
    """

    agents: tuple[Row, ...]
    total: int
    note: str | None = None
    next_step: str | None = None
    agent: str | None = None

    def structured(self) -> dict[str, JSON]:
        """Return the members that are set."""
        more = {"agent": self.agent, "note": self.note, "next_step": self.next_step}
        words = {name: text for name, text in more.items() if text}
        return {"agents": list(self.agents), "total": self.total, **words}

    def prose(self) -> str:
        """Return the same as readable text."""
        lines = [_detail(row) if DETAIL in row else _line(row) for row in self.agents]
        if self.note:
            lines.append(f"\nNote: {self.note}")
        if self.next_step:
            lines.append(f"\n{self.next_step}")
        return "\n".join(lines).lstrip("\n")


def _line(row: Row) -> str:
    facts = [f"- {row['name']}:", row.get("description"), f"[{row['state']}]"]
    if row.get("default"):
        facts.append("(default)")
    if skills := row.get("skills"):
        facts.append("skills: " + ", ".join(skill["name"] for skill in skills))
    facts += row.get("problems", [])
    return " ".join(str(fact) for fact in facts if fact)


def _detail(row: Row) -> str:
    return "\n".join([f"{row['name']} [{row['state']}]", *_known_facts(row)])


def _known_facts(row: Row) -> Iterator[str]:
    yield from (f"Problem: {problem}" for problem in row.get("problems", []))
    if row.get("description"):
        yield row["description"]
    if row.get("reported_by_agent"):
        yield f"The agent says of itself: {row['reported_by_agent']}"
    if row.get("skills"):
        yield "Skills, in the agent's own words:"
        yield from map(_skill, row["skills"])
    if modes := _modes(row):
        subject = "Unless a skill says otherwise, it" if row.get("skills") else "It"
        yield f"{subject} {modes}"
    yield from _connection_facts(row)


def _connection_facts(row: Row) -> Iterator[str]:
    if row.get("interface"):
        yield f"Interface: {row['interface']}"
    if row.get("credentials"):
        yield f"Credentials: {row['credentials']}"
    if row.get("other_interfaces"):
        yield f"Other interfaces: {', '.join(row['other_interfaces'])}"
    if row.get("capabilities"):
        yield f"Capabilities: {', '.join(row['capabilities'])}"


def _skill(skill: Row) -> str:
    facts = [f"- {skill['name']}:"]
    if skill.get("description"):
        facts.append(skill["description"])
    if skill.get("examples"):
        facts.append("e.g. " + " | ".join(skill["examples"]))
    if modes := _modes(skill):
        facts.append(f"({modes})")
    return " ".join(facts)


def _modes(row: Row) -> str:
    modes = []
    if row.get("input_modes"):
        modes.append(f"takes {', '.join(row['input_modes'])}")
    if row.get("output_modes"):
        modes.append(f"gives {', '.join(row['output_modes'])}")
    return "; ".join(modes)
