"""The output schemas of the tools: small, closed, and valid for errors too.

They are written by hand, because every byte of a schema is in the context of every conversation.
Tests validate each kind of result with them.
"""

from __future__ import annotations

from typing import Any, Final, get_args

from a2a_mcp.server.tools.arguments import TaskState

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
FLAG: Final[Schema] = {"type": "boolean"}


def _object(required: list[str], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


STATE: Final[Schema] = {"type": "string", "enum": list(get_args(TaskState))}
ARTIFACT: Final = _object(["artifact_id"], artifact_id=TEXT, name=TEXT, media_type=TEXT, size=WHOLE)
UPDATE: Final = _object(["state", "text"], state=TEXT, text=TEXT)


def _task(**more: Schema) -> Schema:
    """Return the schema of a task, which has `agent` and `state`, or of an error."""
    schema = _object(
        [],
        agent=TEXT,
        task_id=TEXT,
        context_id=TEXT,
        state=STATE,
        error=TEXT,
        text=TEXT,
        artifacts=_list(ARTIFACT),
        truncated=FLAG,
        note=TEXT,
        next_step=TEXT,
        **more,
    )
    del schema["required"]
    return schema | {"anyOf": [{"required": ["agent", "state"]}, {"required": ["error"]}]}


TASK: Final = _task()
TASK_WITH_UPDATES: Final = _task(updates=_list(UPDATE), updates_left_out=WHOLE)
TASK_WITH_HISTORY: Final = _task(history=_list(_object(["role", "text"], role=TEXT, text=TEXT)))

SKILL: Final = _object(
    ["name"],
    name=TEXT,
    description=TEXT,
    examples=_list(TEXT),
    input_modes=_list(TEXT),
    output_modes=_list(TEXT),
)
AGENTS: Final = {
    "type": "object",
    "properties": {
        "agents": _list(
            _object(
                ["name", "state"],
                name=TEXT,
                state=TEXT,
                description=TEXT,
                default=FLAG,
                reported_by_agent=TEXT,
                skills=_list(SKILL),
                input_modes=_list(TEXT),
                output_modes=_list(TEXT),
                interface=TEXT,
                other_interfaces=_list(TEXT),
                capabilities=_list(TEXT),
                credentials=TEXT,
                problems=_list(TEXT),
            )
        ),
        "total": WHOLE,
        "agent": TEXT,
        "error": TEXT,
        "note": TEXT,
        "next_step": TEXT,
    },
    "additionalProperties": False,
}
PUSH_CONFIG: Final = _object(
    ["webhook_url"],
    webhook_url=TEXT,
    config_id=TEXT,
    token=TEXT,
    scheme=TEXT,
    credentials=TEXT,
)
PUSH_CONFIGS: Final = {
    "type": "object",
    "properties": {
        "agent": TEXT,
        "task_id": TEXT,
        "push_configs": _list(PUSH_CONFIG),
        "cursor": TEXT,
        "error": TEXT,
        "note": TEXT,
        "next_step": TEXT,
    },
    "additionalProperties": False,
}
TASKS: Final = {
    "type": "object",
    "properties": {
        "tasks": _list(
            _object(
                ["agent", "state"],
                agent=TEXT,
                task_id=TEXT,
                context_id=TEXT,
                title=TEXT,
                state=STATE,
                updated=TEXT,
                message_id=TEXT,
                note=TEXT,
            )
        ),
        "cursor": TEXT,
        "agent": TEXT,
        "error": TEXT,
        "note": TEXT,
        "next_step": TEXT,
    },
    "additionalProperties": False,
}
