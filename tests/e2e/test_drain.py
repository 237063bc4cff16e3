"""A bridge over HTTP that is told to end: readiness falls first, and no answer is lost."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import httpx
import mcp.types as t
import pytest
from scripted import (
    CARD,
    GET,
    SEND,
    STREAM,
    Request,
    ScriptedAgent,
    Step,
    card,
    document,
    done,
    later,
    result,
    scripted,
    silence,
    stream,
    task,
)

from e2e.bridges import Home, Served, until
from e2e.hosts import Host, http_host
from e2e.lines import LEGACY, MODERN

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal to handle"),
]

CALLERS: Final = 64
LONG: Final = 8
DRAIN_SECONDS: Final = 2
END_SECONDS: Final = DRAIN_SECONDS + 30
"""The bridge needs two seconds more than the drain; the machine may be busy."""

NOT_KEPT: Final = httpx.Limits(max_keepalive_connections=0)
"""uvicorn closes a connection after five idle seconds, perhaps while a request is on its way."""

META: Final = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
HELLO: Final = {
    "protocolVersion": LEGACY,
    "capabilities": {},
    "clientInfo": {"name": "raw", "version": "1"},
}


@dataclass
class Caller:
    """One host: what it sends with each request, in its era."""

    url: str
    client: httpx.AsyncClient
    version: str = MODERN
    session: dict[str, str] = field(default_factory=dict)

    async def greet(self) -> None:
        """Open a session, as hosts before 2026-07-28 do."""
        opened = await self.post("initialize", HELLO)
        self.session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        await self.post("notifications/initialized", None)

    async def call(self, **arguments: Any) -> httpx.Response:
        meta = {"_meta": META} if self.version == MODERN else {}
        return await self.post("tools/call", {"name": "send_task", "arguments": arguments, **meta})

    async def hold(self) -> None:
        """Hold the stream of a session open, until the bridge ends it in order."""
        headers = {"Accept": "text/event-stream", **self.session}
        async with self.client.stream("GET", self.url, headers=headers) as held:
            assert held.status_code == 200
            await held.aread()

    async def post(self, method: str, params: Any) -> httpx.Response:
        number = {} if params is None else {"id": 1, "params": params}
        own = {"Mcp-Method": method, "Mcp-Name": "send_task"} if self.version == MODERN else {}
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": self.version,
            **self.session,
            **own,
        }
        body = {"jsonrpc": "2.0", "method": method, **number}
        return await self.client.post(self.url, json=body, headers=headers)


@asynccontextmanager
async def calling(served: Served, count: int) -> AsyncIterator[list[Caller]]:
    """Return hosts, half of them with sessions; each request has a connection of its own."""
    async with AsyncExitStack() as stack:
        callers = []
        for number in range(count):
            client = httpx.AsyncClient(timeout=60, limits=NOT_KEPT)
            await stack.enter_async_context(client)
            callers.append(Caller(served.url, client, MODERN if number % 2 else LEGACY))
            if callers[-1].version == LEGACY:
                await callers[-1].greet()
        yield callers


def said(answer: httpx.Response) -> dict[str, Any]:
    """Return the structure of a result that has arrived whole."""
    assert answer.status_code == 200, answer.text
    message = json.loads(answer.text.rpartition("data: ")[2] or answer.text)
    found: dict[str, Any] = message["result"]["structuredContent"]
    return found


def long_text(name: str) -> str:
    return f"{name} " + "word " * 1_000 + f"end of {name}"


@asynccontextmanager
async def agents(gate: anyio.Event) -> AsyncIterator[dict[str, ScriptedAgent]]:
    """Run an agent that answers once the gate is open, one that works on, and a silent one."""

    def finished(request: Request) -> Sequence[Step]:
        name = request.message["parts"][0]["text"]
        return result({"task": done(long_text(name), task_id=name)})(request)

    def goes_on(request: Request) -> Sequence[Step]:
        name = request.message["parts"][0]["text"]
        return stream({"task": task("working", task_id=name)}, anyio.Event())(request)

    async with scripted() as gated, scripted() as endless, scripted() as silent:
        gated.on(SEND, later(gate, finished))
        endless.on(CARD, document(card(endless.url, streaming=True)))
        endless.on(STREAM, goes_on)
        silent.on(SEND, silence)
        yield {"gated": gated, "endless": endless, "silent": silent}


@dataclass
class Calls:
    """All calls that were made, and their answers by the words that were sent."""

    answers: dict[str, httpx.Response] = field(default_factory=dict)

    async def make(self, caller: Caller, agent: str, name: str) -> None:
        self.answers[name] = await caller.call(agent=agent, message=name)


async def readiness(served: Served, client: httpx.AsyncClient) -> int:
    return (await client.get(f"{served.origin}/readyz")).status_code


async def test_no_answer_is_lost_when_a_bridge_ends_under_many_callers(home: Home) -> None:
    gate, calls = anyio.Event(), Calls()
    async with agents(gate) as run, AsyncExitStack() as stack:
        tables = {
            name: {"url": it.url, "limits": {"concurrency": 2 * CALLERS}}
            for name, it in run.items()
        }
        home.configure(tables, drain_seconds=DRAIN_SECONDS, max_wait_seconds=60)
        served = await stack.enter_async_context(home.serving())
        callers = await stack.enter_async_context(calling(served, CALLERS + LONG + 2))
        looker = callers.pop().client
        assert await readiness(served, looker) == 200
        async with anyio.create_task_group() as group:
            group.start_soon(callers[0].hold)
            for number, caller in enumerate(callers[: CALLERS + LONG]):
                late = ("endless", "silent")[number % 4 // 2]
                agent = "gated" if number < CALLERS else late
                group.start_soon(calls.make, caller, agent, f"{agent}-{number}")
            await run["gated"].called(SEND, CALLERS)
            await run["endless"].called(STREAM, LONG // 2)
            await run["silent"].called(SEND, LONG // 2)
            served.process.send_signal(signal.SIGTERM)
            told = time.monotonic()
            await until(lambda: is_down(served, looker))
            assert calls.answers == {}  # readiness falls before any of them
            gate.set()
            await calls.make(callers[-1], "gated", "called after readiness fell")
        with anyio.fail_after(END_SECONDS):
            assert await served.process.wait() == 0
        assert DRAIN_SECONDS <= time.monotonic() - told < END_SECONDS
    assert len(calls.answers) == CALLERS + LONG + 1
    for name, answer in calls.answers.items():
        check(name, answer)
    assert "Traceback" not in home.stderr.read_text()


async def is_down(served: Served, client: httpx.AsyncClient) -> bool:
    return await readiness(served, client) == 503


def check(name: str, answer: httpx.Response) -> None:
    """Check that an answer is whole, or tells how to go on with a task that outlives the bridge."""
    structure = said(answer)
    if name.startswith(("endless", "silent")):
        assert structure["state"] in ("working", "submitted")
        assert "subscribe" in structure["next_step"]
        named = structure["task_id"]
        assert named == name if name.startswith("endless") else named.startswith("pending-")
    else:
        assert structure["task_id"] == name
        assert structure["text"] == long_text(name)
        is_stream = answer.headers["content-type"].startswith("text/event-stream")
        assert is_stream or answer.headers["connection"] == "close"


async def test_a_call_that_waits_for_a_person_returns_when_the_bridge_ends(home: Home) -> None:
    asked, answers = anyio.Event(), []

    async def person(*_: Any) -> t.ElicitResult:
        asked.set()
        await anyio.sleep_forever()
        raise AssertionError

    async def call(host: Host) -> None:
        answers.append(await host.send("book a trip"))

    async with scripted() as agent, AsyncExitStack() as stack:
        for kind in (SEND, GET):
            waiting = task("input-required", "Which city?")
            agent.on(kind, result({"task": waiting} if kind == SEND else waiting))
        home.configure({"it": {"url": agent.url, "ask_user": True}})
        served = await stack.enter_async_context(home.serving())
        host = await stack.enter_async_context(http_host(served.url, "legacy", person=person))
        async with anyio.create_task_group() as group:
            group.start_soon(call, host)
            await asked.wait()
            served.process.send_signal(signal.SIGTERM)
        (answer,) = answers
        assert answer["state"] == "input-required"
        assert "did not answer in time" in answer["note"]
        with anyio.fail_after(END_SECONDS):
            assert await served.process.wait() == 0


async def test_a_second_signal_ends_the_drain(home: Home) -> None:
    home.configure({}, drain_seconds=60)
    async with home.serving() as served, httpx.AsyncClient() as client:
        served.process.send_signal(signal.SIGTERM)
        await until(lambda: is_down(served, client))
        served.process.send_signal(signal.SIGTERM)
        with anyio.fail_after(END_SECONDS):
            assert await served.process.wait() == 0
