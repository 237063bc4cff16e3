"""The tools that stand for skills, and those that go on with what such a tool has begun.

A tool of a skill is send_task with the agent filled in. What it says of itself holds words of a
stranger: `presentation.skill_sentences` marks them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Annotated, Any, Final

import mcp.types as t
from pydantic import Field

from a2a_mcp.bridge.offered_skills import OfferedSkill
from a2a_mcp.presentation import skill_sentences
from a2a_mcp.server.call import Ctx, Result
from a2a_mcp.server.tools import calls, schemas
from a2a_mcp.server.tools.arguments import Message, TaskId, WaitSeconds
from a2a_mcp.server.tools.definitions import send_task as begin
from a2a_mcp.server.tools.json_arguments import Files, JsonValue
from a2a_mcp.server.tools.rows import WORK, Row
from a2a_mcp.server.tools.strict import StrictTool, error_result
from a2a_mcp.text.truncate import MaskText

OF_TASKS: Final = ("agent", "task_id", "metadata", "tenant")
"""Arguments of send_task that the tool of a skill does not have."""
OF_FILES: Final = ("data", "files")


def tool_of_skill(skill: OfferedSkill, send_task: StrictTool) -> StrictTool:
    """Return the tool of a skill, made from the tool that sends to any agent."""
    parameters = deepcopy(send_task.parameters)
    for name in OF_TASKS if skill.takes_files else (*OF_TASKS, *OF_FILES):
        parameters["properties"].pop(name, None)
    annotations = t.ToolAnnotations(title=skill.title, **WORK)
    changes = {
        "name": skill.tool,
        "title": skill.title,
        "description": skill.description,
        "annotations": annotations,
        "parameters": parameters,
        "fn": _sending_to(skill.agent),
    }
    return send_task.model_copy(update=changes)


def _sending_to(agent: str) -> Callable[..., Awaitable[Result]]:
    async def send(ctx: Ctx, **given: Any) -> Result:
        return await begin(ctx, **given | {"agent": agent})

    return send


def listed(tool: StrictTool, mask: MaskText) -> t.Tool:
    """Return a tool as `tools/list` shows it, with secrets masked that an agent repeats."""
    return t.Tool(
        name=tool.name,
        title=mask(tool.title or ""),
        description=mask(tool.description),
        input_schema=tool.parameters,
        output_schema=tool.output_schema,
        annotations=tool.annotations,
    )


async def send_task(
    ctx: Ctx,
    message: Message,
    task_id: Annotated[
        str | None, Field(description="Continue this task, e.g. answer its question")
    ] = None,
    context_id: Annotated[
        str | None, Field(description="Start a new task in this conversation")
    ] = None,
    data: Annotated[
        JsonValue, Field(description="JSON to send along; or a JSON list of {data, metadata} parts")
    ] = None,
    files: Annotated[
        Files | None, Field(description="Files, each with exactly one of text, path, url, content")
    ] = None,
    wait_seconds: WaitSeconds = None,
) -> Result:
    """Goes on with what the tool of a skill began: answers the question of a task, or sends more in
    its conversation. Give task_id or context_id of an earlier result. It returns what the tool of
    the skill returns: if the state is "working", call subscribe with the task_id, and do not send
    again.
    """
    if task_id is None and context_id is None:
        return error_result(
            skill_sentences.NOTHING_TO_GO_ON_WITH, skill_sentences.NOTHING_TO_GO_ON_WITH_NEXT
        )
    return await begin(
        ctx,
        message=message,
        task_id=task_id,
        context_id=context_id,
        data=data,
        files=files,
        wait_seconds=wait_seconds,
    )


async def subscribe(
    ctx: Ctx,
    task_id: TaskId,
    wait_seconds: WaitSeconds = None,
    max_updates: Annotated[
        int | None,
        Field(ge=1, le=100, description="Show so many of the latest updates: default 20, most 100"),
    ] = None,
) -> Result:
    """Waits for a task that the tool of a skill left working, and returns what happened on the way:
    `updates` in order, then its state and answer. Returns when the task ends or asks something, or
    when the time is over: then the work goes on, so call it again. Each call's updates begin with
    where the task stands then; earlier ones are not repeated.
    """
    return await calls.subscribe(
        ctx,
        task_id=task_id,
        message=None,
        agent=None,
        context_id=None,
        wait_seconds=wait_seconds,
        max_updates=max_updates,
    )


GOING_ON: Final[dict[str, Row]] = {
    "send_task": (send_task, "Go on with a task", WORK, schemas.TASK),
    "subscribe": (subscribe, "Follow a task", WORK, schemas.TASK_WITH_UPDATES),
}
"""What stands in the place of the usual tools where only tools of skills begin work."""
