"""A host on an old MCP SDK, run in an environment of its own: it calls tools one after the other.

    python old_host.py COMMAND [ARGUMENT ...]

On stdin: one call a line, {"tool", "arguments"}. On stdout: first what tools/list says, then for
each call its result, or {"invalid": why} where the SDK refuses it.
"""

import asyncio
import json
import sys
from typing import Any

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def say(value: Any) -> None:
    print(json.dumps(value), flush=True)


async def main(command: str, *arguments: str) -> None:
    parameters = StdioServerParameters(command=command, args=list(arguments))
    async with stdio_client(parameters) as pipes, ClientSession(*pipes) as session:
        await session.initialize()
        say((await session.list_tools()).model_dump(mode="json", by_alias=True, exclude_none=True))
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            call = json.loads(line)
            try:
                result = await session.call_tool(call["tool"], call["arguments"])
                answer = result.model_dump(mode="json", by_alias=True, exclude_none=True)
            except ValueError as error:  # pydantic's, too
                answer = {"invalid": str(error)}
            say(answer)


asyncio.run(main(*sys.argv[1:]))
