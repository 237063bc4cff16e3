"""Push configurations of a task as structure and as text. Pure.

Tokens and credentials are never shown, only that there are some.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.requests import PushConfig
from a2a_mcp.presentation import push_sentences, sentences
from a2a_mcp.text.untrusted import scrub

HIDDEN: Final = "***"


@dataclass(frozen=True, slots=True)
class PushView:
    """Some push configurations of a task, or none; `cursor` leads to the next ones."""

    agent: str
    task_id: str
    configs: tuple[PushConfig, ...] = ()
    cursor: str | None = None
    note: str | None = None

    def structured(self) -> dict[str, JSON]:
        """Return the members that are set."""
        found: dict[str, JSON] = {
            "agent": self.agent,
            "task_id": self.task_id,
            "push_configs": [_row(config) for config in self.configs],
        }
        more = {"cursor": self.cursor, "note": self.note}
        return found | {name: text for name, text in more.items() if text}

    def prose(self) -> str:
        """Return the same as readable text."""
        where = f"task_id {self.task_id} at {self.agent}"
        rows = [_line(_row(config)) for config in self.configs]
        lines = [f"{push_sentences.CONFIGS} {where}:", *rows]
        if not rows:
            lines = [f"{push_sentences.NO_CONFIGS} {where}."]
        if self.note:
            lines.append(f"\nNote: {self.note}")
        if self.cursor:
            lines.append(f"\n{sentences.next_page(self.cursor)}")
        return "\n".join(lines)


def _row(config: PushConfig) -> dict[str, JSON]:
    row = {
        "webhook_url": scrub(config.url),
        "config_id": scrub(config.id) if config.id else None,
        "token": HIDDEN if config.token else None,
        "scheme": scrub(config.scheme) if config.scheme else None,
        "credentials": HIDDEN if config.credentials else None,
    }
    return {name: value for name, value in row.items() if value}


def _line(row: dict[str, JSON]) -> str:
    more = ", ".join(f"{name} {value}" for name, value in row.items() if name != "webhook_url")
    return f"- {row['webhook_url']}" + (f" ({more})" if more else "")
