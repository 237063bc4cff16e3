"""How the demo agent ends: with its block, by a signal, or before it began."""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

from a2a_mcp.demo.agent import running, serve

pytestmark = pytest.mark.anyio

LONG_WORK = {
    "jsonrpc": "2.0",
    "id": "1",
    "method": "SendStreamingMessage",
    "params": {"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "slow 60"}]}},
}

# Its own process, so that signals are real; it ends with the test run, however that ends.
AGENT = """
import os, sys, threading
import anyio
from a2a_mcp.demo.agent import serve
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(9)), daemon=True).start()
anyio.run(serve, "127.0.0.1", 0, lambda url: print(url, flush=True))
"""


@asynccontextmanager
async def long_work(base_url: str) -> AsyncIterator[AsyncIterator[str]]:
    """Keep a minute's work going; yield the lines of its stream, which has begun."""
    async with (
        httpx.AsyncClient(base_url=base_url, headers={"A2A-Version": "1.0"}) as http,
        http.stream("POST", "/a2a/jsonrpc", json=LONG_WORK) as response,
    ):
        lines = response.aiter_lines()
        assert "SUBMITTED" in await anext(lines)
        yield lines


async def read_all(stream: AsyncIterator[bytes] | None) -> str:
    assert stream
    return b"".join([chunk async for chunk in stream]).decode()


async def test_leaving_the_block_ends_open_streams_and_frees_the_port() -> None:
    with anyio.fail_after(20):
        async with running() as url:
            port = int(url.rpartition(":")[2])
            work = long_work(url)
            lines = await work.__aenter__()
        assert "COMPLETED" not in "".join([line async for line in lines])
        await work.__aexit__(None, None, None)
        async with running(port=port) as again:
            assert again == url


async def test_a_taken_port_is_an_os_error() -> None:
    async with running() as url:
        with pytest.raises(OSError, match="in use"):
            await serve("127.0.0.1", int(url.rpartition(":")[2]))


async def test_cancelling_serve_ends_it_promptly() -> None:
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(serve, "127.0.0.1", 0, lambda _url: group.cancel_scope.cancel())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_agent_quietly_in_the_middle_of_its_work(
    number: signal.Signals,
) -> None:
    command = [sys.executable, "-W", "error", "-c", AGENT]
    with anyio.fail_after(60):
        async with await anyio.open_process(command) as process:
            assert process.stdout
            url = ""
            while not url.endswith("\n"):
                url += (await process.stdout.receive()).decode()
            async with long_work(url.strip()):
                process.send_signal(number)
                with anyio.fail_after(20):
                    assert await process.wait() == 0
            assert await read_all(process.stdout) == ""
            assert await read_all(process.stderr) == ""


async def test_without_the_extra_the_error_names_it() -> None:
    script = "import sys; sys.modules['a2a'] = None; import a2a_mcp.demo.agent"
    done = await anyio.run_process([sys.executable, "-c", script], check=False)
    last = done.stderr.decode().strip().splitlines()[-1]
    extra = 'the demo needs the extra: in the clone, uv tool install ".[demo]"'
    assert last == f"a2a_mcp.demo.DemoMissing: {extra}"
