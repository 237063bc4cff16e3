"""The bridge over HTTP: which clients it accepts, what each of them sees, and how it ends."""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio
import httpx
import pytest
from real_agents import Agent, Agents

from e2e.bridges import END_SECONDS, Home, free_port, ran, until
from e2e.hosts import Answer, Host, http_host
from e2e.lines import LEGACY, MODERN, line_host

pytestmark = pytest.mark.anyio

SIGNALS: Final = [signal.SIGTERM, signal.SIGINT] if sys.platform != "win32" else []
"""Windows has no signal that a process could handle."""

HELLO: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}
HEADERS: Final = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def agent(running_agent: Agents) -> Agent:
    return running_agent("1.3-jsonrpc")


@pytest.fixture(scope="module")
async def serving(
    running_agent: Agents, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The origin of a bridge over HTTP that these tests share."""
    home = Home(tmp_path_factory.mktemp("http"))
    home.configure({"good": running_agent("1.3-jsonrpc").url})
    async with home.serving() as served:
        yield served.origin


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_the_endpoint_answers_with_and_without_its_last_slash(
    serving: str, path: str
) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{serving}{path}", json=HELLO, headers=HEADERS)
    assert answer.status_code == 200
    assert '"serverInfo"' in answer.text


async def test_a_health_check_needs_no_protocol(serving: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{serving}/healthz")
        assert answer.status_code == 200
        assert (await client.get(f"{serving}/elsewhere")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:6274"}, 200),
        ({"Host": "localhost:1"}, 200),
    ],
)
async def test_a_foreign_host_or_origin_is_refused(
    serving: str, headers: dict[str, str], status: int
) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{serving}/mcp", json=HELLO, headers=HEADERS | headers)
    assert answer.status_code == status


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
async def test_other_machines_are_let_in_only_with_tokens_and_allowed_hosts(
    home: Home, agent: Agent, address: str
) -> None:
    home.configure({"good": agent.url})
    command = home.command("--http", "--host", address, "--port", str(free_port()))
    done = ran(command, env=home.environment())
    assert done.returncode == 2
    assert done.stdout == ""
    for word in ("tokens", "allowed_hosts", "--allow-unauthenticated"):
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    home.configure({"good": agent.url}, tokens={"alice": "alice-secret"})
    done = ran(command, env=home.environment())
    assert done.returncode == 2
    assert "server.tokens" not in done.stderr
    assert "server.allowed_hosts" in done.stderr


async def test_a_port_that_is_taken_is_one_line_on_stderr(home: Home, serving: str) -> None:
    home.configure({})
    port = serving.rsplit(":", 1)[1]
    done = ran(home.command("--http", "--port", port), env=home.environment())
    assert done.returncode not in (0, None)
    assert port in done.stderr
    assert "Traceback" not in done.stderr


async def test_without_its_token_nobody_gets_in_and_nobody_sees_anothers_tasks(
    home: Home, agent: Agent
) -> None:
    tokens = {"alice": "alice-secret", "bob": "bob-secret"}
    home.configure({"good": agent.url}, tokens=tokens)
    async with home.serving() as served:
        async with httpx.AsyncClient() as client:
            for shown in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
                answer = await client.post(served.url, json=HELLO, headers=HEADERS | shown)
                assert answer.status_code == 401
                assert "bearer" in answer.headers["www-authenticate"].lower()
        async with (
            http_host(served.url, "auto", "alice-secret") as alice,
            http_host(served.url, "legacy", "bob-secret") as bob,
        ):
            await keeps_apart(alice, bob)
    assert "-secret" not in home.stderr.read_text()
    assert all("-secret" not in str(request["headers"]) for request in agent.requests())


async def test_where_files_lie_on_this_machine_is_not_told_to_others(
    home: Home, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"
    home.configure(
        {
            "token": {"url": "https://x.example", "auth": bearer({"file": str(hidden / "token")})},
            "ca": {"url": "https://x.example", "ca_file": str(hidden / "ca.pem")},
            "card": {"card": str(hidden / "card.json")},
        },
        tokens={"alice": "alice-secret"},
    )
    async with home.serving() as served, http_host(served.url, "auto", "alice-secret") as alice:
        told = []
        for name in ("token", "ca", "card"):
            told += [await alice.call("agent_info", agent=name), await alice.send("x", agent=name)]
        home.config.write_text(f"{home.config.read_text()}\n[oops\n")
        found = await until(lambda: broken(alice))
        assert found
        told.append(found)
    for answer in told:
        for channel in (answer.text, str(answer.structure)):
            assert str(hidden) not in channel
            assert str(home.config.parent) not in channel
    assert "token cannot be read" in told[0].text
    assert "agents.toml: is not TOML" in told[-1].text


def bearer(token: Any) -> dict[str, Any]:
    return {"type": "bearer", "token": token}


async def broken(host: Host) -> Answer | None:
    """Look at the agents, until it is noticed that the configuration cannot be read."""
    answer = await host.call("agent_info")
    return answer if "TOML" in answer.text else None


async def keeps_apart(alice: Host, bob: Host) -> None:
    """A task of one owner is unknown to another, even one that knows its id and its agent."""
    asked = await alice.send("input")
    foreign = {"task_id": asked["task_id"], "agent": "good"}
    unknown = {"task_id": "no-such-task", "agent": "good"}
    for tool, more in (
        ("get_task", {}),
        ("cancel_task", {}),
        ("subscribe", {}),
        ("get_artifact", {"artifact_id": "answer"}),
        ("send_task", {"message": "Paris"}),
    ):
        seen = await bob.call(tool, **foreign, **more)
        other = await bob.call(tool, **unknown, **more)
        assert seen.failed
        assert seen.text == other.text.replace("no-such-task", asked["task_id"])
    assert (await bob.call("list_tasks"))["tasks"] == []
    seen = await bob.send("more", agent="good", context_id=asked["context_id"])
    assert seen.failed
    assert "got: Paris" in (await alice.send("Paris", task_id=asked["task_id"]))["text"]


@pytest.mark.parametrize("number", SIGNALS)
async def test_a_signal_ends_a_bridge_over_http_before_its_call_with_the_state_saved(
    home: Home, agent: Agent, number: signal.Signals
) -> None:
    home.configure({"good": agent.url})
    words = f"slow 600.{uuid4().int}"

    async def begun() -> bool:
        return any(entry["text"] == words for entry in agent.log())

    async with home.serving() as served:
        async with http_host(served.url, "auto") as host:
            done = await host.send("task hello")
        call = {"name": "send_task", "arguments": {"message": words}}
        async with httpx.AsyncClient() as client, anyio.create_task_group() as group:
            group.start_soon(post_and_be_cut, client, served.url, call)
            await until(begun)
            served.process.send_signal(number)
            with anyio.fail_after(END_SECONDS):
                code = await served.process.wait()
            assert code in (0, -number, 128 + number)
    assert "Traceback" not in home.stderr.read_text()
    async with line_host(home) as (host, _):
        assert (await host.call("get_task", task_id=done["task_id"]))["state"] == "completed"
        assert len((await host.call("list_tasks"))["tasks"]) == 2


async def post_and_be_cut(client: httpx.AsyncClient, url: str, call: dict[str, Any]) -> None:
    """Make a call over HTTP in the modern era, however it ends."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": call["name"],
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {**call, "_meta": meta}}
    with suppress(httpx.HTTPError):
        await client.post(url, json=request, headers=HEADERS | headers, timeout=60)
