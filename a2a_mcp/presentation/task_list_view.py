"""A page of tasks as structure and as text. Pure; `budget` says how many rows fit."""

from __future__ import annotations

from dataclasses import dataclass

from a2a_mcp.a2a.model import JSON
from a2a_mcp.presentation import sentences


@dataclass(frozen=True, slots=True)
class TaskListView:
    """A page of tasks."""

    rows: tuple[dict[str, JSON], ...]
    cursor: str | None = None
    note: str | None = None

    def structured(self) -> dict[str, JSON]:
        """Return the members that are set."""
        more = {"cursor": self.cursor, "note": self.note}
        return {"tasks": list(self.rows)} | {name: text for name, text in more.items() if text}

    def prose(self) -> str:
        """Return the same as readable text."""
        lines = [_line(row) for row in self.rows] or [sentences.NO_TASKS]
        if self.note:
            lines.append(f"\nNote: {self.note}")
        if self.cursor:
            lines.append(f"\n{sentences.next_page(self.cursor)}")
        return "\n".join(lines)


def _line(row: dict[str, JSON]) -> str:
    title = f'"{row["title"]}" · ' if row.get("title") else ""
    line = f"- {row['agent']} · {row['state']} · {title}{_name(row)}"
    if row.get("context_id"):
        line += f", context_id {row['context_id']}"
    if row.get("updated"):
        line += f", {row['updated']}"
    return line


def _name(row: dict[str, JSON]) -> str:
    """Return the id by which a task is known; a message without a task has a note instead."""
    names = []
    if row.get("task_id"):
        names.append(f"task_id {row['task_id']}")
    if row.get("note"):
        sent = f", message_id {row['message_id']}" if row.get("message_id") else ""
        names.append(f"({row['note']}{sent})")
    return " ".join(names)
