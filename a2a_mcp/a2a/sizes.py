"""How much a task holds: what works on a large one leaves the event loop to others. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from a2a_mcp.a2a.http.large_json import LARGE
from a2a_mcp.a2a.model import Part, Task


def is_large(task: Task) -> bool:
    """Return whether the texts and files of a task are large together."""
    said = task.status.message
    told = (said.parts if said else (), *(message.parts for message in task.history))
    results = (artifact.parts for artifact in task.artifacts)
    return is_much(chain.from_iterable((*results, *told)))


def is_much(parts: Iterable[Part]) -> bool:
    """Return whether the texts and files of parts are large together."""
    return sum(len(part.text) + len(part.raw) for part in parts) > LARGE
