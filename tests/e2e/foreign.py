"""Hosts on other SDKs, each a process of its own that is told what to call, line by line.

The TypeScript SDK checks what the Python one does not: errors, too. Old SDKs refuse a whole result
for one block that they do not know.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import mcp.types as t
from anyio.streams.buffered import BufferedByteReceiveStream
from real_agents.node import node
from real_agents.npm import packages
from real_agents.venvs import python_of

from e2e.bridges import Home
from e2e.hosts import CALL_SECONDS, Host, Progress

TYPESCRIPT: Final = Path(__file__).parents[1] / "typescript" / "host.mjs"
OLD: Final = Path(__file__).with_name("old_host.py")
LONGEST_LINE: Final = 1 << 20


@asynccontextmanager
async def typescript_host(home: Home) -> AsyncIterator[Host]:
    """Start a host on the TypeScript SDK, and through it a bridge."""
    folder = await anyio.to_thread.run_sync(packages, "typescript")
    async with _piped([node(), str(TYPESCRIPT), str(folder)], home) as host:
        yield host


@asynccontextmanager
async def old_host(home: Home, sdk: str) -> AsyncIterator[Host]:
    """Start a host on an old Python SDK, and through it a bridge."""
    python = await anyio.to_thread.run_sync(python_of, sdk)
    async with _piped([str(python), str(OLD)], home) as host:
        yield host


@asynccontextmanager
async def _piped(script: list[str], home: Home) -> AsyncIterator[Host]:
    """Run a script with the bridge's command; a result that its SDK refuses fails the test."""
    command = [*script, *home.command()]
    with home.stderr.open("ab") as stderr:
        process = await anyio.open_process(command, stderr=stderr, env=home.environment())
    assert process.stdin
    assert process.stdout
    stdin, stdout = process.stdin, BufferedByteReceiveStream(process.stdout)

    async def read() -> Any:
        with anyio.fail_after(CALL_SECONDS):
            return json.loads(await stdout.receive_until(b"\n", LONGEST_LINE))

    async def ask(
        tool: str, arguments: Mapping[str, Any], progress: Progress | None
    ) -> t.CallToolResult:
        assert progress is None
        call = json.dumps({"tool": tool, "arguments": dict(arguments)})
        await stdin.send(f"{call}\n".encode())
        result = await read()
        assert "invalid" not in result, f"{call}: {result['invalid']}"
        return t.CallToolResult.model_validate(result)

    try:
        listed = await read()
        yield Host(ask, [t.Tool.model_validate(tool) for tool in listed["tools"]])
    finally:
        with anyio.CancelScope(shield=True):
            await stdin.aclose()  # its end, and so the bridge's
            with anyio.move_on_after(5):
                await process.wait()
            if process.returncode is None:
                process.kill()
            await process.aclose()
