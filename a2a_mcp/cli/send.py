"""`a2a-mcp send`: send an agent a message, watch its work, answer its questions, see the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypeAlias

from cyclopts import Parameter
from cyclopts.validators import Number

from a2a_mcp.cli.options import USUAL, AgentName, AsJson, Given

Text: TypeAlias = Annotated[str, Parameter(name="MESSAGE", help="what it should do or know")]
Task: TypeAlias = Annotated[
    str | None, Parameter(name="--task", metavar="TASK", help="continue it")
]
Context: TypeAlias = Annotated[
    str | None, Parameter(name="--context", metavar="ID", help="in this conversation")
]
Files: TypeAlias = Annotated[
    tuple[Path, ...],
    Parameter(name="--file", metavar="FILE", help="a file to send; may come again"),
]
Data: TypeAlias = Annotated[
    str | None, Parameter(name="--data", metavar="JSON", help="data to send along")
]
Wait: TypeAlias = Annotated[
    float,
    Parameter(
        name="--wait", metavar="SECONDS", help="how long to wait in all", validator=Number(gte=0)
    ),
]
AsModel: TypeAlias = Annotated[
    bool, Parameter(name="--model", help="show exactly what a model would see")
]

USUAL_WAIT: Final = 600.0


def send(
    agent: AgentName,
    message: Text,
    /,
    *,
    task: Task = None,
    context: Context = None,
    file: Files = (),
    data: Data = None,
    wait: Wait = USUAL_WAIT,
    model: AsModel = False,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Send a message and show the answer; return 1 if the task failed, or is not done in time."""
    from a2a_mcp.cli.work.send import Sending, send_message

    given = Sending(agent, message, task, context, file, data, wait)
    return send_message(given, options, for_model=model, as_json=as_json)
