"""Argument types that tools share, or that need many words; their descriptions are for a model.

Limits and defaults are said in words too, because some hosts drop them from a schema.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

UNFINISHED: Final = "unfinished"

TaskState = Literal[
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
State = Literal[TaskState, "unfinished"]
Unit = Literal["characters", "lines"]

Agent = Annotated[
    str | None,
    Field(
        description="Agent name. Not needed with task_id or context_id, if there is one agent "
        "only, or for the default if the instructions name one."
    ),
]
TaskAgent = Annotated[
    str | None, Field(description="Agent name; needed only for a task_id from elsewhere")
]
TaskId = Annotated[str, Field(description="task_id from an earlier result")]
WaitSeconds = Annotated[
    float | None,
    Field(ge=0, description="Seconds to wait for the answer: default 45, most 50, 0 = do not wait"),
]
Tenant = Annotated[
    str | None,
    Field(description="Whose data a new task works on, where the agent has several tenants"),
]
Message = Annotated[
    str,
    Field(description="What the agent should do or know, in full; may be empty with data or files"),
]
PartNumber = Annotated[
    int | None,
    Field(
        ge=0,
        description="Only this part, counted from 0; default all. Needed to get sound as audio",
    ),
]
Offset = Annotated[
    int | None,
    Field(ge=0, description="Where to begin, counted from 0: line 1 is 0. Default 0"),
]
Pointer = Annotated[
    str | None,
    Field(
        description="JSON pointer into data, e.g. /rows; in a list, offset and limit count items"
    ),
]
Search = Annotated[
    str | None,
    Field(
        description="Show only the lines around this phrase, in any case, also inside words; "
        "from line offset on"
    ),
]
