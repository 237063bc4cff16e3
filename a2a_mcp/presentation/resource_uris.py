"""The `a2a://` addresses of agents, tasks and artifacts, written and read. Pure.

Ids are an agent's own and may hold anything, so each is percent-encoded whole, slashes too
(DESIGN 4, Resources).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

SCHEME: Final = "a2a://"
LONGEST: Final = 8_192  # two ids of 512 bytes, scrubbed and percent-encoded, and the rest
AGENTS: Final = f"{SCHEME}agents"
TASKS: Final = f"{SCHEME}tasks"


@dataclass(frozen=True, slots=True)
class Place:
    """What an address names: `kind` agents or tasks, and as much below it as was given."""

    kind: str
    agent: str | None = None
    task_id: str | None = None
    artifact_id: str | None = None


def of_agent(agent: str) -> str:
    """Give the address of a configured agent."""
    return f"{AGENTS}/{_segment(agent)}"


def of_task(agent: str, task_id: str) -> str:
    """Give the address of a task."""
    return f"{TASKS}/{_segment(agent)}/{_segment(task_id)}"


def of_artifact(agent: str, task_id: str, artifact_id: str) -> str:
    """Give the address of an artifact."""
    return f"{of_task(agent, task_id)}/artifacts/{_segment(artifact_id)}"


def read(uri: str) -> Place | None:
    """Read an address; None for one that is not ours."""
    if not uri.startswith(SCHEME) or len(uri) > LONGEST:
        return None
    match [_plain(segment) for segment in uri.removeprefix(SCHEME).split("/")]:
        case ["agents"]:
            return Place("agents")
        case ["agents", str(agent)] if agent:
            return Place("agents", agent)
        case ["tasks"]:
            return Place("tasks")
        case ["tasks", str(agent), str(task_id)] if agent and task_id:
            return Place("tasks", agent, task_id)
        case ["tasks", str(agent), str(task_id), "artifacts", str(artifact_id)] if (
            agent and task_id and artifact_id
        ):
            return Place("tasks", agent, task_id, artifact_id)
        case _:
            return None


def _segment(text: str) -> str:
    if text in {".", ".."}:  # whoever normalises a URI would take them for steps
        return text.replace(".", "%2E")
    return quote(text, safe="", errors="replace")


def _plain(segment: str) -> str | None:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return None
