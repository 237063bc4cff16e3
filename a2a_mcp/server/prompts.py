"""The prompts: what a person picks in a host to begin something with agents.

They name tools and never an agent's words. A host shows them to the person before it uses them.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import mcp.types as t
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.call import RequestCtx

AGENT_ARGUMENTS: Final = frozenset({"agent", "first_agent", "second_agent"})
"""The arguments whose values are names of agents."""


SEND: Final = "send_task"
BY_SKILL: Final = "a tool of one of its skills"


class _Words(NamedTuple):
    title: str
    description: str
    arguments: dict[str, str]
    text: str


SENDING: Final[dict[str, _Words]] = {
    "delegate": _Words(
        "Delegate to an agent",
        "Give an agent work, follow it, and hear its answer",
        {"agent": "The agent's name", "task": "What it should do, with all that it needs to know"},
        "Give the agent {agent} this work with {tool}, whole and without changing what it asks "
        "for:\n\n{task}\n\nIf the agent is still at work afterwards, follow it with subscribe. If "
        "it asks something that I have not told you, ask me. At the end tell me its answer, where "
        "its files are, and what it left open.",
    ),
    "compare": _Words(
        "Compare two agents",
        "Ask two agents the same, and see where they differ",
        {
            "first_agent": "The name of one agent",
            "second_agent": "The name of the other",
            "question": "What to ask both",
        },
        "Ask the agents {first_agent} and {second_agent} the same, each in its own call of "
        "{tool}:\n\n{question}\n\nDo not tell one what the other said. Then show me side by side "
        "where they agree, where they differ, what only one of them says, and whose words are "
        "whose.",
    ),
}
ALWAYS: Final[dict[str, _Words]] = {
    "running": _Words(
        "What is still running",
        "The tasks that have not ended, and those that wait for you",
        {},
        'List my tasks that have not ended with list_tasks (state "unfinished"), and read each of '
        "them with get_task. Tell me in a few lines which are still at work, which wait for me and "
        "for what, and which have ended meanwhile and with what result. Send nothing.",
    ),
}


def offered(config: ServerConfig) -> dict[str, _Words]:
    """Return the prompts of a configuration; with `read_only` none that sends."""
    return ALWAYS if config.read_only else SENDING | ALWAYS


async def list_prompts(ctx: RequestCtx, _: t.PaginatedRequestParams) -> t.ListPromptsResult:
    """Return all prompts; they are few, and the same for every caller."""
    config = ctx.lifespan_context.app.registry.config.server
    prompts = [
        t.Prompt(
            name=name,
            title=words.title,
            description=words.description,
            arguments=[
                t.PromptArgument(name=argument, description=meaning, required=True)
                for argument, meaning in words.arguments.items()
            ],
        )
        for name, words in offered(config).items()
    ]
    return t.ListPromptsResult(prompts=prompts)


async def get_prompt(ctx: RequestCtx, params: t.GetPromptRequestParams) -> t.GetPromptResult:
    """Return one prompt, filled in; raises MCPError for an unknown one, or without an argument."""
    config = ctx.lifespan_context.app.registry.config.server
    words = offered(config).get(params.name)
    if words is None:
        raise MCPError(t.INVALID_PARAMS, f"There is no prompt named {params.name[:80]!r}.")
    given = params.arguments or {}
    missing = [name for name in words.arguments if not given.get(name, "").strip()]
    if missing:
        raise MCPError(t.INVALID_PARAMS, f"{params.name} needs {', '.join(missing)}.")
    text = _filled(words, given, BY_SKILL if config.tools == "skills" else SEND)
    message = t.PromptMessage(role="user", content=t.TextContent(type="text", text=text))
    return t.GetPromptResult(description=words.description, messages=[message])


def _filled(words: _Words, given: dict[str, str], tool: str) -> str:
    """Return the text with its arguments; braces in what a person wrote stay as they are."""
    values = {name: given[name].strip() for name in words.arguments}
    return words.text.format_map({**values, "tool": tool})


HANDLERS: Final[dict[str, Any]] = {"prompts/list": list_prompts, "prompts/get": get_prompt}


async def answer(ctx: RequestCtx, params: t.RequestParams) -> BaseModel:
    """Serve a method of prompts."""
    result: BaseModel = await HANDLERS[ctx.method](ctx, params)
    return result
