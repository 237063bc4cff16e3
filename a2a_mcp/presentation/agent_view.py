"""A page of agents, or one agent in detail, as structure and as text. Pure.

Both channels hold the same, each complete on its own; words come here ready to be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.model import JSON

Row = dict[str, JSON]
"""One agent; its members are those of the output schema, and missing where there is nothing."""

DETAIL: Final = "credentials"


@dataclass(frozen=True, slots=True)
class AgentsView:
    """Some of `total` agents; a row with credentials is one in detail."""

    agents: tuple[Row, ...]
    total: int
    note: str | None = None
    next_step: str | None = None

    def structured(self) -> dict[str, JSON]:
        """Give the members that are set."""
        more = {"note": self.note, "next_step": self.next_step}
        told = {name: words for name, words in more.items() if words}
        return {"agents": list(self.agents), "total": self.total, **told}

    def prose(self) -> str:
        """Give the same as readable text."""
        shown = [_detail(row) if DETAIL in row else _line(row) for row in self.agents]
        told = [f"\nNote: {self.note}"] if self.note else []
        told += [f"\n{self.next_step}"] if self.next_step else []
        return "\n".join([*shown, *told])


def _line(row: Row) -> str:
    facts = [f"- {row['name']}:", row.get("description"), f"[{row['state']}]"]
    if row.get("default"):
        facts.append("(default)")
    if skills := row.get("skills"):
        facts.append("skills: " + ", ".join(skill["name"] for skill in skills))
    return " ".join(str(fact) for fact in [*facts, *row.get("problems", [])] if fact)


def _detail(row: Row) -> str:
    lines: list[str | None] = [f"{row['name']} [{row['state']}]"]
    lines += [f"Problem: {problem}" for problem in row.get("problems", [])]
    lines.append(row.get("description"))
    if reported := row.get("reported_by_agent"):
        lines.append(f"The agent says of itself: {reported}")
    lines += _skills(row.get("skills", []))
    if modes := _modes(row):
        it = "Unless a skill says otherwise, it" if row.get("skills") else "It"
        lines.append(f"{it} {modes}")
    for title, name in (("Interface", "interface"), ("Credentials", DETAIL)):
        if row.get(name):
            lines.append(f"{title}: {row[name]}")
    for title, name in (("Other interfaces", "other_interfaces"), ("Capabilities", "capabilities")):
        if row.get(name):
            lines.append(f"{title}: {', '.join(row[name])}")
    return "\n".join(line for line in lines if line)


def _skills(skills: list[Row]) -> list[str]:
    lines = ["Skills, in the agent's own words:"] if skills else []
    for skill in skills:
        examples = " | ".join(skill.get("examples", []))
        modes = _modes(skill)
        facts = [skill.get("description"), examples and f"e.g. {examples}", modes and f"({modes})"]
        lines.append(" ".join([f"- {skill['name']}:", *(fact for fact in facts if fact)]))
    return lines


def _modes(row: Row) -> str:
    words = [
        f"{verb} {', '.join(row[name])}"
        for verb, name in (("takes", "input_modes"), ("gives", "output_modes"))
        if row.get(name)
    ]
    return "; ".join(words)
