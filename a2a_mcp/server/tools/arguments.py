"""Argument types that several tools share; their descriptions are read by a model.

Limits and defaults are said in words too, because some hosts drop them from a schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

State = Literal[
    "submitted",
    "working",
    "input-required",
    "auth-required",
    "completed",
    "canceled",
    "failed",
    "rejected",
    "unknown",
]

Agent = Annotated[
    str | None,
    Field(description="Agent name. Not needed with task_id or context_id, or for the default."),
]
TaskAgent = Annotated[
    str | None, Field(description="Agent name; needed only for a task_id from elsewhere")
]
TaskId = Annotated[str, Field(description="task_id from an earlier result")]
WaitSeconds = Annotated[
    float | None,
    Field(ge=0, description="Seconds to wait for the answer: default 45, most 50, 0 = do not wait"),
]
