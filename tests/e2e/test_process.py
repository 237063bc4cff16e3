"""The bridge as a process that a host starts: what it writes, and how it ends."""

import json
import signal
import sys
from typing import Any, Final
from uuid import uuid4

import anyio
import pytest
from real_agents import Agent, Agents

from e2e.bridges import END_SECONDS, Home, PatientHome, free_port, until
from e2e.lines import LEGACY, MODERN, Lines, line_host
from e2e.scripted import agent_that, says, scripted

pytestmark = pytest.mark.anyio

NASTY: Final = "".join(map(chr, range(32))) + "\x7f\x85\x9b\u2028\u2029\u202e\ud800\udfff\ufeff\n"
SIGNALS: Final = [signal.SIGTERM, signal.SIGINT] if sys.platform != "win32" else []
"""On Windows only a console sends signals; hosts close stdin there."""


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
            await pipes.ended()
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
        await pipes.ended()


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
async def test_the_end_waits_for_no_call_and_comes_with_the_state_saved(
    home: Home, agent: Agent, end: Any, version: str
) -> None:
    home = PatientHome(home.folder).configure({"good": agent.url})
    async with line_host(home, version) as (host, pipes):
        done = (await host.send(f"task {uuid4()}"))["task_id"]
        for word in ("slow", "silent"):  # in a call, and in one that heard nothing yet
            await begin(pipes, agent, f"{word} 600.{uuid4().int}")
        await ends(pipes, end, calls=2)
    async with line_host(home, version) as (host, pipes):
        assert (await host.call("get_task", task_id=done))["state"] == "completed"
        assert len((await host.call("list_tasks"))["tasks"]) == 3
        await ends(pipes, end, calls=0)
    assert "Traceback" not in home.stderr.read_text()
    ids = [entry["message_id"] for entry in agent.log()]
    assert len(ids) == len(set(ids))


async def ends(pipes: Lines, end: Any, calls: int) -> None:
    """End the bridge; it may still answer the calls that were open, and writes nothing else."""
    await end(pipes)
    assert await pipes.ended() == ENDS[end]
    assert (await pipes.rest()).count(b"\n") <= calls


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
        with anyio.fail_after(END_SECONDS):
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
