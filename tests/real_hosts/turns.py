"""A turn of a model in the forms of three services, as far as a host needs them.

The model says "done"; where it wants a call of a tool, it asks for that first, once. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

JSON: TypeAlias = dict[str, Any]

SERVER: Final = "a2a"
"""The name of the bridge in a host."""
DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class Call:
    """A tool of the bridge that the model asks for."""

    tool: str
    arguments: JSON


Turn: TypeAlias = Callable[[JSON, Call | None], list[JSON]]


def responses(request: JSON, call: Call | None) -> list[JSON]:
    """Return a turn of OpenAI's responses."""
    wanted = None if any(answers_in_responses(request)) else call
    item = _function_call(wanted) if wanted else MESSAGE
    response = RESPONSE | {"output": [item]}
    begun = RESPONSE | {"status": "in_progress", "output": []}
    return [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    ]


def answers_in_responses(request: JSON) -> Iterator[str]:
    """Yield what the model is told of its calls."""
    for item in request.get("input", []):
        if item.get("type") == "function_call_output":
            yield str(item["output"])


def messages(request: JSON, call: Call | None) -> list[JSON]:
    """Return a turn of Anthropic's messages; a host has turns without tools beside."""
    named = f"mcp__{SERVER}__{call.tool}" if call else None
    is_offered = any(tool.get("name") == named for tool in request.get("tools", []))
    wanted = call if is_offered and not any(answers_in_messages(request)) else None
    block, delta = _tool_use(wanted) if wanted else TEXT
    stop = "tool_use" if wanted else "end_turn"
    message = {"type": "message", "role": "assistant", "model": request["model"], "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    return [
        {"type": "message_start", "message": {"id": "msg_1", "usage": usage, **message}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]


def answers_in_messages(request: JSON) -> Iterator[str]:
    """Yield what the model is told of its calls."""
    for message in request.get("messages", []):
        blocks = message["content"] if isinstance(message["content"], list) else []
        for block in blocks:
            if block.get("type") == "tool_result":
                yield str(block["content"])


def contents(_request: JSON, _call: Call | None) -> list[JSON]:
    """Return a turn of Gemini's content generation, which asks for nothing."""
    said = {"role": "model", "parts": [{"text": DONE}]}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    return [{"candidates": [{"content": said, "finishReason": "STOP"}], "usageMetadata": usage}]


def _function_call(call: Call) -> JSON:
    return {
        "type": "function_call",
        "id": "call",
        "call_id": "call",
        "namespace": f"mcp__{SERVER}",
        "name": call.tool,
        "arguments": json.dumps(call.arguments),
        "status": "completed",
    }


def _tool_use(call: Call) -> tuple[JSON, JSON]:
    name = f"mcp__{SERVER}__{call.tool}"
    return (
        {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}},
        {"type": "input_json_delta", "partial_json": json.dumps(call.arguments)},
    )


TEXT: Final = ({"type": "text", "text": ""}, {"type": "text_delta", "text": DONE})
MESSAGE: Final[JSON] = {
    "type": "message",
    "id": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": DONE, "annotations": []}],
}
RESPONSE: Final[JSON] = {
    "id": "response",
    "object": "response",
    "status": "completed",
    "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
}
TURNS: Final[tuple[tuple[str, Turn], ...]] = (
    ("/responses", responses),
    ("/messages", messages),
    (":streamGenerateContent", contents),
)
"""The end of an endpoint's path, and the turn of that service."""
