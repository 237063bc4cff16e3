"""The `a2a://` URIs of agents, tasks and artifacts, written and parsed. Pure.

Ids are the agent's own and may hold any character, so each is percent-encoded whole, slashes too.
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
class ResourceAddress:
    """What a URI names: `kind` is agents or tasks; the ids below it are set as far as given."""

    kind: str
    agent: str | None = None
    task_id: str | None = None
    artifact_id: str | None = None


def of_agent(agent: str) -> str:
    """Return the URI of a configured agent."""
    return f"{AGENTS}/{_encoded(agent)}"


def of_task(agent: str, task_id: str) -> str:
    """Return the URI of a task."""
    return f"{TASKS}/{_encoded(agent)}/{_encoded(task_id)}"


def of_artifact(agent: str, task_id: str, artifact_id: str) -> str:
    """Return the URI of an artifact."""
    return f"{of_task(agent, task_id)}/artifacts/{_encoded(artifact_id)}"


def parse(uri: str) -> ResourceAddress | None:
    """Return what a URI names; None for a URI that this server did not make."""
    if not uri.startswith(SCHEME) or len(uri) > LONGEST:
        return None
    segments = [_decoded(segment) for segment in uri.removeprefix(SCHEME).split("/")]
    match segments:
        case ["agents"] | ["tasks"]:
            return ResourceAddress(str(segments[0]))
        case _ if not all(segments):
            return None
        case ["agents", agent]:
            return ResourceAddress("agents", agent)
        case ["tasks", agent, task_id]:
            return ResourceAddress("tasks", agent, task_id)
        case ["tasks", agent, task_id, "artifacts", artifact_id]:
            return ResourceAddress("tasks", agent, task_id, artifact_id)
        case _:
            return None


def _encoded(segment: str) -> str:
    if segment in {".", ".."}:  # RFC 3986, section 5.2.4, would remove them as dot segments
        return segment.replace(".", "%2E")
    return quote(segment, safe="", errors="replace")


def _decoded(segment: str) -> str | None:
    """Return a percent-decoded segment; None if it is not UTF-8."""
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return None
