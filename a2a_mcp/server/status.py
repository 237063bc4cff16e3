"""How a process and its store fare: numbers, names of the configuration and our own words.

Nothing of a person or an agent is in it: no owners, no ids, no texts, also not those of errors.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from a2a_mcp import __version__
from a2a_mcp.agents.registry import Registry
from a2a_mcp.server.readiness import Readiness
from a2a_mcp.store.base import Census
from a2a_mcp.text.times import rfc3339

if TYPE_CHECKING:
    from a2a_mcp.server.composition import Composition

STARTED = time.time()


async def status(readiness: Readiness) -> dict[str, Any]:
    """Return what a page or a program shows of this process, and of all that share its store."""
    problem = await readiness.problem()
    composed = readiness.serving.composed() if readiness.serving else None
    return {
        "version": __version__,
        "process": os.getpid(),
        "started": rfc3339(STARTED),
        "ready": problem is None,
        "problem": problem,
        "issuers": list(_issuers(readiness)),
        **(await _composed(composed) if composed else {}),
    }


async def _composed(composed: Composition) -> dict[str, Any]:
    registry, audit = composed.app.registry, composed.app.audit
    census, now = await composed.store.census(), time.time()
    return {
        "configuration": "not in use" if registry.problem else None,
        "store": "fails" if composed.store.problem else "works",
        "audit_lines_lost": audit.lost if audit else None,
        "agents": list(_agents(registry, now)),
        "tasks": list(_tasks(census, now)),
        "processes_that_read_tasks": census.readers,
        "tasks_read_here": len(composed.tracker.records()),
    }


def _issuers(readiness: Readiness) -> Iterator[dict[str, Any]]:
    for name, provider in readiness.providers.items():
        yield {"name": name, "reachable": provider.problem is None}


def _agents(registry: Registry, now: float) -> Iterator[dict[str, Any]]:
    for name in registry.all_names():
        health, reason, answered = health_of(registry, name)
        yield {
            "name": name,
            "health": health,
            "reason": reason,
            "answered": answered and rfc3339(answered),
            "answered_seconds_ago": answered and max(0, int(now - answered)),
        }


def health_of(registry: Registry, name: str) -> tuple[str, str | None, float | None]:
    """Return a word for how an agent fares, the class of its error, and when it last answered.

    Where each person signs in, an agent that answers one of them does not fail.
    """
    if name in registry.config.faults:
        return "misconfigured", None, None
    healths = [each.health for each in registry.all_known(name)]
    answered = max((it.last_success for it in healths if it.last_success), default=None)
    faults = [it.last_fault for it in healths if it.last_fault]
    if any(it.last_success and not it.last_fault for it in healths):
        return "answers", None, answered
    if faults:
        return "failing", faults[-1], answered
    return "not called yet" if registry.agent(name).enabled else "switched off", None, answered


def _tasks(census: Census, now: float) -> Iterator[dict[str, Any]]:
    for group in census.open_tasks:
        yield {
            "agent": group.agent,
            "state": group.state,
            "count": group.count,
            "oldest_seconds": max(0, int(now - group.oldest)),
        }
