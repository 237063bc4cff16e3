"""A page of tasks as a model reads it, in both channels. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from a2a_mcp.a2a.model import JSON


@dataclass(frozen=True, slots=True)
class TaskListView:
    """A page of tasks."""

    rows: tuple[dict[str, JSON], ...]
    cursor: str | None = None
    note: str | None = None

    def structured(self) -> dict[str, JSON]:
        """Give the members that are set."""
        more = {"cursor": self.cursor, "note": self.note}
        return {"tasks": list(self.rows)} | {k: v for k, v in more.items() if v}

    def prose(self) -> str:
        """Give the same as readable text."""
        lines = [_line(row) for row in self.rows] or ["No tasks."]
        if self.note:
            lines.append(f"\nNote: {self.note}")
        if self.cursor:
            lines.append(f'\nMore with cursor="{self.cursor}".')
        return "\n".join(lines)


def _line(row: dict[str, JSON]) -> str:
    named = f"task_id {row['task_id']}" if row.get("task_id") else ""
    if row.get("message_id"):
        named = f"{named} ({row['note']}, message_id {row['message_id']})".lstrip()
    context = f", context_id {row['context_id']}" if row.get("context_id") else ""
    when = f", {row['updated']}" if row.get("updated") else ""
    return f"- {row['agent']} · {row['state']} · {named}{context}{when}"
