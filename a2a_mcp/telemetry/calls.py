"""The id of the call that this work belongs to: it joins the lines of a log, also at the agent.

Work that a call begins in the background has the call's id too.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final
from uuid import uuid4

_CALL: Final[ContextVar[str | None]] = ContextVar("call", default=None)
LETTERS: Final = 16


def begin_call() -> None:
    """Give an id of its own to what follows in this task, and to what it starts."""
    _CALL.set(uuid4().hex[:LETTERS])


def current_call() -> str | None:
    """Return the id of the call; None outside of one."""
    return _CALL.get()
