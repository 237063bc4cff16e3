"""A bridge over HTTP that is told to end: readiness falls first, and no answer is lost."""

import signal
import sys
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import httpx
import pytest
from real_agents import Agents

from e2e.bridges import Home, Served, until
from e2e.lines import MODERN

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal to handle"),
]

CALLERS: Final = 64
DRAIN_SECONDS: Final = 3
HEADERS: Final = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": MODERN,
    "Mcp-Method": "tools/call",
    "Mcp-Name": "send_task",
}
META: Final = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def call(words: str) -> dict[str, Any]:
    params = {"name": "send_task", "arguments": {"message": words}, "_meta": META}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


@dataclass
class Callers:
    """Many who call again and again until readiness has fallen."""

    served: Served
    fallen: anyio.Event = field(default_factory=anyio.Event)
    begun: int = 0
    answers: list[httpx.Response] = field(default_factory=list)

    async def ask(self, client: httpx.AsyncClient, words: str) -> None:
        self.begun += 1
        self.answers.append(await client.post(self.served.url, json=call(words), headers=HEADERS))

    async def keep_asking(self) -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            while not self.fallen.is_set():
                await self.ask(client, "hello")

    async def wait_long(self) -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            await self.ask(client, "slow 20")

    async def readiness(self) -> int:
        async with httpx.AsyncClient(timeout=30) as client:
            return (await client.get(f"{self.served.origin}/readyz")).status_code

    async def has_fallen(self) -> bool:
        return await self.readiness() == 503


async def test_no_answer_is_lost_when_a_bridge_ends_under_many_callers(
    home: Home, running_agent: Agents
) -> None:
    home.configure({"good": running_agent("1.3-jsonrpc").url}, drain_seconds=DRAIN_SECONDS)
    async with home.serving() as served:
        callers = Callers(served)
        assert await callers.readiness() == 200
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                for number in range(CALLERS):
                    work = callers.wait_long if number % 8 == 0 else callers.keep_asking
                    group.start_soon(work)
                await until(lambda: enough(callers))
                served.process.send_signal(signal.SIGTERM)
                await until(callers.has_fallen)
                callers.fallen.set()
            assert await served.process.wait() in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
    assert len(callers.answers) == callers.begun >= CALLERS
    assert {answer.status_code for answer in callers.answers} == {200}
    assert all('"result"' in answer.text for answer in callers.answers)
    assert "close" in {answer.headers.get("connection") for answer in callers.answers}


async def enough(callers: Callers) -> bool:
    return len(callers.answers) >= CALLERS


async def test_a_second_signal_ends_the_drain(home: Home, running_agent: Agents) -> None:
    home.configure({"good": running_agent("1.3-jsonrpc").url}, drain_seconds=60)
    async with home.serving() as served:
        served.process.send_signal(signal.SIGTERM)
        await until(Callers(served).has_fallen)
        served.process.send_signal(signal.SIGTERM)
        with anyio.fail_after(20):
            await served.process.wait()
