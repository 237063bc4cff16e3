"""Compare two looks at a task: do they show the same? Pure.

Some stores make message ids and time stamps at each read, and some agents send neither: only state
and content tell whether anything is new.
"""

from __future__ import annotations

from a2a_mcp.a2a.model import Part, Task, TaskStatus


def is_unchanged(task: Task, before: Task) -> bool:
    """Return whether a task shows nothing that was not known before."""
    return _says_same(task.status, before.status) and task.artifacts == before.artifacts


def is_old(status: TaskStatus, past: TaskStatus, *, moved: bool) -> bool:
    """Return whether a status is the one that a task had before a message.

    A stop that is the old one by its content alone counts as old only until the agent has `moved`.
    """
    if past.state.stop and past.timestamp is None:
        return not moved and _repeats(status, past)
    return _is_still(status, past) or (not moved and _repeats(status, past))


def _is_still(status: TaskStatus, past: TaskStatus) -> bool:
    """Return whether nothing was said since; a2a-sdk 1.x removes a question once it is answered."""
    if status.message is None:
        return (status.state, status.timestamp) == (past.state, past.timestamp)
    return status == past


def _repeats(status: TaskStatus, past: TaskStatus) -> bool:
    """Return whether a stop asks what was asked before, or nothing any more.

    Where neither look has words, the question stands elsewhere, and only the stamp can tell.
    """
    if not past.state.stop or status.state is not past.state:
        return False
    asked, asks = _content(past), _content(status)
    if not asked and not asks:
        return status.timestamp == past.timestamp
    return asks in ((), asked)


def _says_same(status: TaskStatus, other: TaskStatus) -> bool:
    return (status.state, _content(status)) == (other.state, _content(other))


def _content(status: TaskStatus) -> tuple[Part, ...]:
    return status.message.parts if status.message else ()
