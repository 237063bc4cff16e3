"""Where a followed message comes from. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from a2a_mcp.store.base import TaskRecord


@dataclass(frozen=True, slots=True)
class Origin:
    """How the following began: the task that the message continues, and our context's name.

    `own_context` is set where this bridge named the conversation and the agent has not.
    """

    continued: TaskRecord | None = None
    own_context: str | None = None
