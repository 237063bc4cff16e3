"""What the bridge puts into a model's context, in bytes of compact JSON or of text, UTF-8."""

from collections.abc import Mapping
from typing import Any, Final

from servers import Contestant
from stdio_client import spawned
from table import Row, bounded
from wire import ANSWER, CALL, LEGACY, encode

TOOLS: Final = 9_000
TOOLS_IN_ALL: Final = 14_000
INSTRUCTIONS: Final = 4_000
TEXT_OVERHEAD: Final = 250
STRUCTURE_OVERHEAD: Final = 450


def without_output_schema(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool as a host shows it that drops output schemas."""
    return {name: value for name, value in tool.items() if name != "outputSchema"}


def context_bytes(contestant: Contestant, env: Mapping[str, str], group: str) -> list[Row]:
    """Measure tool definitions, instructions, and what an echo's result adds to the echo."""
    with spawned(contestant.stdio(), LEGACY, env) as host:
        instructions = host.hello().get("instructions", "")
        tools = host.ask("tools/list", {})["tools"]
        result = host.ask("tools/call", CALL)
    slim = encode({"tools": [without_output_schema(tool) for tool in tools]})
    text = "\n".join(block["text"] for block in result["content"])
    echo = len(ANSWER.encode())
    structure = len(encode(result.get("structuredContent", {})))
    return [
        bounded(group, "tools/list without output schemas", "bytes", len(slim), TOOLS),
        bounded(group, "tools/list in all", "bytes", len(encode({"tools": tools})), TOOLS_IN_ALL),
        bounded(group, "instructions", "characters", len(instructions), INSTRUCTIONS),
        bounded(group, "text beyond the echo", "bytes", len(text.encode()) - echo, TEXT_OVERHEAD),
        bounded(group, "structure beyond the echo", "bytes", structure - echo, STRUCTURE_OVERHEAD),
    ]
