"""Questions as agents ask them: tasks that wait, with words, data or a schema."""

from typing import Any

from a2a_mcp.a2a.model import Message, Part, Role, Task, TaskState, TaskStatus

MARKS = {"adk_type": "function_call", "adk_is_long_running": True}


def text(words: str) -> Part:
    return Part(kind="text", text=words)


def data(value: Any, **metadata: Any) -> Part:
    return Part(kind="data", data=value, metadata=metadata)


def asking(*parts: Part, state: TaskState = TaskState.INPUT_REQUIRED) -> Task:
    message = Message(message_id="q1", role=Role.AGENT, parts=parts)
    return Task(id="t1", status=TaskStatus(state=state, message=message))


def schema(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or []}
