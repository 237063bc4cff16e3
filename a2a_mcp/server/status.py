"""How this process fares, for operators: numbers, names of the configuration and our own words.

Nothing of a person or an agent is in it: no owners, no ids, no texts, also not those of errors.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

from a2a_mcp import __version__
from a2a_mcp.agents.registry import Registry
from a2a_mcp.server.readiness import Readiness
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.text.times import rfc3339

STARTED = time.time()


async def status(readiness: Readiness) -> dict[str, Any]:
    """Return what a page or a program shows; tasks are those that this process follows."""
    problem = await readiness.problem()
    composed = readiness.serving.composition if readiness.serving else None
    tasks = composed.tasks.problem if composed else None
    return {
        "version": __version__,
        "process": os.getpid(),
        "started": rfc3339(STARTED),
        "ready": problem is None,
        "problem": problem,
        "configuration": composed.app.registry.problem and "not in use" if composed else None,
        "store": "not used yet" if composed is None else "fails" if tasks else "works",
        "issuers": list(_issuers(readiness)),
        "agents": list(_agents(composed.app.registry)) if composed else [],
        "tasks": _counted(composed.tracker.records(), time.time()) if composed else [],
    }


def _issuers(readiness: Readiness) -> Iterator[dict[str, Any]]:
    for name, provider in readiness.providers.items():
        yield {"name": name, "reachable": provider.problem is None}


def _agents(registry: Registry) -> Iterator[dict[str, Any]]:
    for name in registry.all_names():
        health, answered = _health(registry, name)
        yield {"name": name, "health": health, "answered": answered and rfc3339(answered)}


def _health(registry: Registry, name: str) -> tuple[str, float | None]:
    """Return a word for how an agent fares, and when it last answered."""
    if name in registry.config.faults:
        return "misconfigured", None
    known = registry.known(name)
    if known is None:
        is_enabled = registry.agent(name).enabled
        return ("not called yet" if is_enabled else "switched off"), None
    health = known.health
    word = (
        "failing" if health.last_error else "answers" if health.last_success else "not called yet"
    )
    return word, health.last_success


def _counted(records: Iterable[TaskRecord], now: float) -> list[dict[str, Any]]:
    """Return how many tasks there are of each agent and state, and the age of the oldest."""
    found: dict[tuple[str, str], list[float]] = {}
    for record in records:
        found.setdefault((record.agent, record.state.value), []).append(now - record.created)
    return [
        {"agent": agent, "state": state, "count": len(ages), "oldest_seconds": int(max(ages))}
        for (agent, state), ages in sorted(found.items())
    ]
