"""The bridge as a process: what it writes, how it ends, and whom it lets in over HTTP."""

import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

import anyio
import httpx
import pytest
from agents import Agent, Agents

from e2e.bridges import Home, free_port, ran, until
from e2e.hosts import Host, http_host
from e2e.lines import LEGACY, MODERN, Lines, line_host
from e2e.scripted import agent_that, says, scripted

pytestmark = pytest.mark.anyio

END_SECONDS: Final = 2
NASTY: Final = "".join(map(chr, range(32))) + "\x7f\x85\x9b\u2028\u2029\u202e\ud800\udfff\ufeff\n"
SIGNALS: Final = [signal.SIGTERM, signal.SIGINT] if sys.platform != "win32" else []
"""Windows has no signal that a process could handle; there hosts close stdin."""

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


@pytest.mark.parametrize("version", [LEGACY, MODERN])
async def test_stdout_carries_only_protocol_in_a_hundred_calls_of_which_half_fail(
    home: Home, agent: Agent, version: str
) -> None:
    with scripted(agent_that(says(NASTY))) as nasty:
        home.configure(
            {"good": agent.url, "nasty": nasty, "dead": f"http://127.0.0.1:{free_port()}"}
        )
        calls: list[tuple[str, dict[str, Any], bool]] = [
            ("send_task", {"message": "task hello", "agent": "good"}, False),
            ("send_task", {"message": "fail", "agent": "good"}, True),
            ("send_task", {"message": "hello", "agent": "nasty"}, False),
            ("get_task", {"task_id": "no\nsuch\x1btask"}, True),
            ("send_task", {"message": "echo \x00\x1b[2J\u2028\u202e", "agent": "good"}, False),
            ("send_task", {"message": "raise", "agent": "good"}, True),
            ("list_tasks", {"limit": 3}, False),
            ("send_task", {"mesage": 1}, True),
            ("agent_info", {}, False),
            ("cancel_task", {"task_id": "x", "agent": "nasty"}, True),
        ]
        failed = 0
        async with line_host(home, version) as (host, pipes):
            await host.send("echo hello", agent="dead", wait_seconds=5)
            for tool, arguments, fails in calls * 10:
                answer = await host.call(tool, **arguments)
                assert answer.failed is fails, (tool, arguments, answer)
                failed += answer.failed
            await pipes.end_of_input()
            assert await pipes.rest() == b""
            await pipes.ended(END_SECONDS)
    assert failed == 50
    for line in pipes.written:
        assert line.strip() == line
        assert json.loads(line)["jsonrpc"] == "2.0"
    assert pipes.notifications == []


async def test_what_is_no_protocol_on_stdin_is_answered_with_protocol(
    home: Home, agent: Agent
) -> None:
    home.configure({"good": agent.url})
    async with line_host(home) as (host, pipes):
        assert pipes.process.stdin
        for line in (b"hello\n", b"\n", b"{}\n", b"\xff\xfe\n", b'{"jsonrpc": "2.0", "id": "x"}\n'):
            await pipes.process.stdin.send(line)
        assert (await host.send("echo hello"))["text"] == "echo: hello"
        await pipes.end_of_input()
        await pipes.rest()
        await pipes.ended(END_SECONDS)


async def end_of_input(pipes: Lines) -> None:
    await pipes.end_of_input()


async def sigterm(pipes: Lines) -> None:
    pipes.process.send_signal(signal.SIGTERM)


async def sigint(pipes: Lines) -> None:
    pipes.process.send_signal(signal.SIGINT)


ENDS: Final = {end_of_input: 0} | ({sigterm: 143, sigint: 130} if SIGNALS else {})


@pytest.mark.parametrize(
    ("end", "version"), [*((end, LEGACY) for end in ENDS), (end_of_input, MODERN)]
)
async def test_the_end_comes_within_two_seconds_with_the_state_saved(
    home: Home, agent: Agent, end: Any, version: str
) -> None:
    home.configure({"good": agent.url})
    done: list[str] = []
    begun = 0
    for words in ((), ("slow", "silent")):  # idle; in a call, and in one that heard nothing yet
        async with line_host(home, version) as (host, pipes):
            await knows(host, done, begun)
            done.append((await host.send(f"task {uuid4()}"))["task_id"])
            for word in words:
                await begin(pipes, agent, f"{word} 20.{uuid4().int}")
                begun += 1
            await end(pipes)
            assert await pipes.ended(END_SECONDS) == ENDS[end]
            assert (await pipes.rest()).count(b"\n") <= len(words)
    async with line_host(home) as (host, _):
        await knows(host, done, begun)
    assert "Traceback" not in home.stderr.read_text()
    ids = [entry["message_id"] for entry in agent.log()]
    assert len(ids) == len(set(ids))


async def knows(host: Host, done: list[str], begun: int) -> None:
    """Whether all is known that was: the finished tasks, and those that had only begun."""
    for task_id in done:
        assert (await host.call("get_task", task_id=task_id))["state"] == "completed"
    assert len((await host.call("list_tasks"))["tasks"]) == len(done) + begun


async def begin(pipes: Lines, agent: Agent, words: str) -> None:
    """Begin a call and come back when the agent works on it."""

    async def begun() -> bool:
        return any(entry["text"] == words for entry in agent.log())

    await pipes.ask("tools/call", name="send_task", arguments={"message": words})
    await until(begun)


async def test_a_bridge_that_nobody_talked_to_ends_too_and_writes_nothing(home: Home) -> None:
    home.configure({"dead": f"http://127.0.0.1:{free_port()}"})
    async with home.started() as process:
        assert process.stdin
        await process.stdin.aclose()
        with anyio.fail_after(END_SECONDS + 3):  # it has to start first
            assert await process.wait() == 0
    assert {path.name for path in home.folder.iterdir()} == {"agents.toml", "stderr.txt"}
    assert home.stderr.read_text() == ""


async def test_nothing_is_written_and_no_agent_contacted_before_the_first_request(
    home: Home, own_agent: Any
) -> None:
    agent = own_agent("1.3-jsonrpc")
    home.configure({"good": agent.url})
    async with line_host(home) as (host, _):
        await host.call("agent_info")
        assert agent.requests() == []
        assert {path.name for path in home.folder.iterdir()} == {"agents.toml", "stderr.txt"}


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


async def keeps_apart(alice: Host, bob: Host) -> None:
    """What one has begun is unknown to the other, even to one who knows its id and its agent."""
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
async def test_a_signal_ends_a_bridge_over_http_within_two_seconds_with_the_state_saved(
    home: Home, agent: Agent, number: signal.Signals
) -> None:
    home.configure({"good": agent.url})
    words = f"slow 20.{uuid4().int}"

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
        await client.post(url, json=request, headers=HEADERS | headers, timeout=20)
