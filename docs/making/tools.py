"""The reference of the tools: what the server itself tells a host of them."""

from __future__ import annotations

import json
from typing import Any, Final

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.tools.offer import offered_tools
from a2a_mcp.server.tools.strict import StrictTool

HEAD: Final = """# Every tool

Made by `scripts/reference` from what the server tells a host. Seven tools are always there; with `toolsets` of
[`[server]`](configuration.md#further-tools) there are more, and with `tools` [one for each skill](configuration.md#a-tool-for-each-skill).
What comes back is on [what a model sees](results.md).
"""
TOOLSETS: Final = ("push", "registry")
HINTS: Final = {
    "read_only_hint": "only reads",
    "destructive_hint": "may undo something",
    "idempotent_hint": "may be repeated",
}


def page() -> str:
    """Return the page."""
    usual = [tool.name for tool in offered_tools(ServerConfig())]
    every = offered_tools(ServerConfig(toolsets=TOOLSETS), tenants=True)
    return "\n".join([HEAD, *(_section(tool, usual) for tool in every)])


def _section(tool: StrictTool, usual: list[str]) -> str:
    needed = tool.parameters.get("required", [])
    rows = [
        f"| `{name}` | {_kind(schema)} | {'needed' if name in needed else ''} | {_words(schema)} |"
        for name, schema in tool.parameters["properties"].items()
    ]
    head = "| argument | value | | |\n| --- | --- | --- | --- |"
    hints = ", ".join(_hints(tool)) or "changes something"
    where = "" if tool.name in usual else " Only with its toolset."
    said = f"*{tool.title}: {hints}.{where}*\n\n{_plain(tool.description)}\n"
    return "\n".join([f"## `{tool.name}`\n", said, head, *rows, _result(tool)])


def _hints(tool: StrictTool) -> list[str]:
    told = tool.annotations.model_dump() if tool.annotations else {}
    return [words for name, words in HINTS.items() if told.get(name)]


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(one)}`" for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _words(schema: dict[str, Any]) -> str:
    return _plain(schema.get("description", "")).replace("|", "\\|")


def _plain(text: str) -> str:
    """Return words as Markdown shows them unchanged."""
    return text.replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[")


def _result(tool: StrictTool) -> str:
    schema = tool.fn_metadata.output_schema
    if not schema:
        return "\nReturns text, a picture, sound or a link.\n"
    members = ", ".join(f"`{name}`" for name in schema["properties"])
    return f"\nReturns {members}.\n"
