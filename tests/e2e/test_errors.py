"""Every failure is an error that names the agent, says what to do next, and comes in time."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio
import pytest
from agents import Agent, Agents, start_agent

from e2e.bridges import Home, free_port, ran, until
from e2e.hosts import Answer, Host
from e2e.lines import LEGACY, MODERN, Lines, line_host
from e2e.scripted import (
    HTML,
    agent_that,
    nothing_here,
    refuses,
    says,
    scripted,
    silence,
    web_site,
)

pytestmark = pytest.mark.anyio

BUDGET: Final = 4.0
SLACK: Final = 0.5
TOKEN: Final = "a-token-that-nobody-may-see"

FAULTS: Final[dict[str, str]] = {
    "refused": "Try again later",
    "no-token": "credentials",
    "wrong-token": "credentials",
    "no-card": "URL",
    "web-site": "URL",
    "page-for-an-answer": "URL",
    "pinned-too-new": "version",
    "pinned-too-old": "version",
    "json-rpc-error": "Tell the user",
    "empty-answer": "URL",
    "raises": "Tell the user",
    "broken-table": "configuration",
    "switched-off": "another agent",
}
"""Name of an agent, and a word of what to do about it."""

WORDS: Final = {
    "refused": "not delivered",
    "no-token": "401",
    "wrong-token": "401",
    "no-card": "404",
    "web-site": "no agent card",
    "page-for-an-answer": "no valid A2A answer",
    "json-rpc-error": "the kitchen is closed",
    "raises": "raised before any event",
    "broken-table": "unknown key",
    "switched-off": "switched off",
}
"""What must stand in the error of some of them."""

NEVER_SENT: Final = {"refused", "no-token", "wrong-token", "no-card", "web-site", "pinned-too-new"}
"""Those to which it is certain that no message was delivered."""


@pytest.fixture(scope="module")
def faulty(running_agent: Agents) -> Iterator[dict[str, Any]]:
    """Agents that cannot be used, as agents.toml has them; `good` can."""
    good, old = running_agent("1.3-jsonrpc").url, running_agent("0.3-jsonrpc").url
    guarded = running_agent("1.3-jsonrpc", "--token", "the-right-one").url
    page = agent_that(lambda _: HTML)
    with ExitStack() as stack:
        yield {
            "good": good,
            "refused": f"http://127.0.0.1:{free_port()}",
            "no-token": guarded,
            "wrong-token": {"url": guarded, "auth": {"type": "bearer", "token": TOKEN}},
            "no-card": stack.enter_context(scripted(nothing_here)),
            "web-site": stack.enter_context(scripted(web_site)),
            "page-for-an-answer": stack.enter_context(scripted(page)),
            "pinned-too-new": {"url": old, "version": "1.0"},
            "pinned-too-old": {"url": good, "version": "0.3"},
            "json-rpc-error": stack.enter_context(
                scripted(agent_that(refuses(-32603, "the kitchen is closed")))
            ),
            "empty-answer": stack.enter_context(scripted(agent_that(lambda _: {}))),
            "raises": good,
            "broken-table": {"url": good, "tokn": "x"},
            "switched-off": {"url": good, "enabled": False},
            "silent": stack.enter_context(silence()),
        }


@pytest.fixture(scope="module", params=[LEGACY, MODERN])
async def pair(
    request: pytest.FixtureRequest, faulty: dict[str, Any], tmp_path_factory: Any
) -> AsyncIterator[tuple[Host, Lines]]:
    home = Home(tmp_path_factory.mktemp("errors")).configure(faulty)
    async with line_host(home, request.param) as found:
        yield found


@pytest.fixture
def host(pair: tuple[Host, Lines]) -> Host:
    return pair[0]


def names(agent: str, answer: Answer) -> bool:
    """Whether each channel names the agent as a word of its own."""
    whole = re.compile(rf"(?<![\w-]){re.escape(agent)}(?![\w-])")
    return bool(whole.search(answer.text) and whole.search(str(answer.structure)))


@pytest.mark.parametrize("agent", FAULTS)
async def test_a_failure_is_an_error_that_names_the_agent_and_what_to_do(
    host: Host, agent: str
) -> None:
    answer = await host.send("raise", agent=agent, wait_seconds=BUDGET)
    assert answer.failed
    assert answer.seconds < BUDGET + SLACK
    assert names(agent, answer)
    assert answer.get("state") in (None, "failed", "unknown")
    assert FAULTS[agent] in answer["next_step"]
    assert WORDS.get(agent, "") in answer["error"]
    if agent in NEVER_SENT:
        assert "not delivered" in answer["error"]
    for channel in (answer.text, str(answer.structure)):
        assert TOKEN not in channel
        assert "<html" not in channel


@pytest.mark.parametrize("agent", FAULTS)
async def test_a_followed_failure_is_the_same_error(host: Host, agent: str) -> None:
    answer = await host.call("subscribe", message="raise", agent=agent, wait_seconds=BUDGET)
    assert answer.failed
    assert answer.seconds < BUDGET + SLACK
    assert names(agent, answer)
    assert FAULTS[agent] in answer["next_step"]


@pytest.mark.parametrize("agent", [name for name in FAULTS if name != "raises"])
@pytest.mark.parametrize("tool", ["get_task", "cancel_task", "get_artifact"])
async def test_asking_a_faulty_agent_for_a_task_is_an_error_too(
    host: Host, agent: str, tool: str
) -> None:
    more = {"artifact_id": "answer"} if tool == "get_artifact" else {}
    answer = await host.call(tool, task_id="no-such-task", agent=agent, **more)
    assert answer.failed
    assert answer.seconds < BUDGET
    assert names(agent, answer)


@pytest.mark.parametrize("agent", FAULTS)
async def test_agent_info_says_what_is_wrong(host: Host, agent: str) -> None:
    answer = await host.call("agent_info", agent=agent)
    assert names(agent, answer)
    assert TOKEN not in answer.text
    if agent in ("refused", "no-card", "web-site", "broken-table", "switched-off"):
        assert "problem" in answer.text.lower() or answer.failed


async def test_faulty_agents_stand_in_the_list_with_their_faults(host: Host) -> None:
    answer = await host.call("agent_info")
    assert not answer.failed
    rows = {row["name"]: row for row in answer["agents"]}
    assert {*FAULTS, "good", "silent"} == rows.keys()
    assert rows["broken-table"]["state"] == rows["switched-off"]["state"] == "disabled"
    assert "tokn" in str(rows["broken-table"]["problems"])
    assert all(name in answer.text for name in rows)
    assert "tokn" in answer.text


async def test_no_secret_reaches_stderr(pair: tuple[Host, Lines], faulty: object) -> None:
    host, _ = pair
    await host.send("echo hello", agent="wrong-token", wait_seconds=BUDGET)
    answer = await host.send(f"echo {TOKEN}", agent="good")
    assert TOKEN not in answer.text
    assert TOKEN not in str(answer.structure)
    assert "echo: " in answer["text"]


async def test_an_agent_that_says_nothing_at_all_costs_no_more_than_the_budget(
    host: Host,
) -> None:
    answer = await host.send("echo hello", agent="silent", wait_seconds=1)
    assert answer.seconds < 1 + SLACK
    assert names("silent", answer)
    if not answer.failed:
        assert answer["state"] in ("submitted", "working")
        assert answer["task_id"].startswith("pending-")


async def test_an_unknown_agent_is_an_error_that_suggests_the_nearest(host: Host) -> None:
    for tool, more in (
        ("send_task", {"message": "echo hello"}),
        ("subscribe", {"message": "echo hello"}),
        ("get_task", {"task_id": "x"}),
        ("cancel_task", {"task_id": "x"}),
        ("list_tasks", {}),
        ("agent_info", {}),
    ):
        answer = await host.call(tool, agent="goood", **more)
        assert answer.failed
        assert "'goood'" in answer.text
        assert "'good'" in answer.text
        assert "refused" in answer.text
        assert "agent_info" in answer["next_step"]


async def test_no_agent_named_where_there_are_several_is_an_error_that_lists_them(
    host: Host,
) -> None:
    answer = await host.send("echo hello")
    assert answer.failed
    assert "agent=" in answer["next_step"]
    assert "good" in answer["next_step"]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("send_task", {}, "message"),
        ("send_task", {"message": 7}, "message"),
        ("send_task", {"message": "x", "agent": ["good"]}, "agent"),
        ("send_task", {"message": "x", "agent": "good", "wait_seconds": -1}, "wait_seconds"),
        ("send_task", {"message": "x", "agent": "good", "wait_second": 1}, "'wait_seconds'"),
        ("send_task", {"message": "x", "agent": "good", "files": [{}]}, "file"),
        ("send_task", {"message": "x", "agent": "good", "metadata": "y"}, "metadata"),
        ("send_task", {"messsage": "x", "agent": "good"}, "'message'"),
        ("get_task", {}, "task_id"),
        ("get_task", {"task_id": "x" * 2000, "agent": "good"}, "512"),
        ("get_task", {"task_id": "x", "history_length": "many"}, "history_length"),
        ("get_artifact", {"task_id": "x"}, "artifact_id"),
        ("get_artifact", {"task_id": "x", "artifact_id": "y", "unit": "miles"}, "unit"),
        ("cancel_task", {"taskid": "x"}, "'task_id'"),
        ("subscribe", {}, "exactly one"),
        ("subscribe", {"task_id": "x", "message": "y"}, "exactly one"),
        ("subscribe", {"message": "x", "agent": "good", "max_updates": 0}, "max_updates"),
        ("list_tasks", {"state": "sleeping"}, "state"),
        ("list_tasks", {"updated_after": "yesterday"}, "updated_after"),
        ("list_tasks", {"cursor": "not one of ours"}, "cursor"),
        ("list_tasks", {"limit": 0}, "limit"),
        ("agent_info", {"refresh": "maybe"}, "refresh"),
    ],
)
async def test_bad_arguments_are_an_error_that_names_them(
    host: Host, running_agent: Agents, tool: str, arguments: dict[str, Any], words: str
) -> None:
    good = running_agent("1.3-jsonrpc")
    before = len(good.log())
    answer = await host.call(tool, **arguments)
    assert answer.failed
    assert words in answer.text
    assert "validation error" not in answer.text
    assert "pydantic" not in answer.text
    assert len(good.log()) == before


async def test_null_is_absent_and_an_extra_argument_is_ignored_and_named(host: Host) -> None:
    answer = await host.send(
        "echo hello", agent="good", task_id=None, files=None, wait_for_previous=True
    )
    assert not answer.failed
    assert answer["text"] == "echo: hello"
    assert "wait_for_previous" in answer["note"]


async def test_an_unknown_tool_is_an_error(pair: tuple[Host, Lines]) -> None:
    _, pipes = pair
    answer = await pipes.request("tools/call", name="send_tsk", arguments={})
    assert "error" in answer or answer["result"]["isError"]
    assert "send_tsk" in str(answer)


async def test_silence_after_a_send_is_working_with_a_handle_that_resolves(
    host: Host, running_agent: Agents
) -> None:
    good, words = running_agent("1.3-jsonrpc"), str(uuid4())
    answer = await host.send(f"silent 1.5 {words}", agent="good", wait_seconds=0.5)
    assert answer.seconds < 0.5 + SLACK
    assert not answer.failed
    assert answer["state"] == "working"
    assert answer["task_id"].startswith("pending-")
    assert "do not send" in answer["next_step"].lower()
    now = await host.call("get_task", task_id=answer["task_id"])
    assert (now["state"], now["task_id"]) == ("working", answer["task_id"])
    stop = await host.call("cancel_task", task_id=answer["task_id"])
    assert stop.failed
    assert "good" in stop.text
    more = await host.send("more", task_id=answer["task_id"])
    assert more.failed
    done = await host.stopped(answer["task_id"])
    assert done["state"] == "completed"
    assert done["text"] == f"echo: {words}"
    assert sum(entry["text"].endswith(words) for entry in good.log()) == 1


async def test_a_handle_becomes_the_agents_own_id_and_both_work(
    home: Home, running_agent: Agents
) -> None:
    # a2a-sdk 0.2 blocks until the work is done, whatever one asks, when it cannot stream.
    blocking = running_agent("0.2-jsonrpc", "--no-streaming")
    home.configure({"blocking": blocking.url})
    async with line_host(home) as (host, _):
        answer = await host.send("slow 1.5", wait_seconds=0.5)
        handle = answer["task_id"]
        assert handle.startswith("pending-")
        done = await host.call("subscribe", task_id=handle, wait_seconds=10)
        assert done["state"] == "completed"
        (told,) = (entry for entry in blocking.log() if entry["text"] == "slow 1.5")
        assert done["task_id"] == told["task_id"]
        for task_id in (handle, told["task_id"]):
            seen = await host.call("get_task", task_id=task_id)
            assert (seen["task_id"], seen["state"]) == (told["task_id"], "completed")
        rows = (await host.call("list_tasks"))["tasks"]
        assert [row["task_id"] for row in rows] == [told["task_id"]]
        more = await host.send("task two", task_id=handle)
        assert more["context_id"] == done["context_id"]


async def test_without_any_agent_the_tools_are_there_and_say_what_to_configure(
    home: Home,
) -> None:
    home.configure({})
    async with line_host(home) as (host, pipes):
        assert len(host.tools) == 7
        assert "agent_info" in pipes.instructions
        answer = await host.call("agent_info")
        assert "agents.toml" in answer.text
        for tool, arguments in (
            ("send_task", {"message": "echo hello"}),
            ("send_task", {"message": "echo hello", "agent": "any"}),
            ("subscribe", {"message": "echo hello"}),
        ):
            answer = await host.call(tool, **arguments)
            assert answer.failed
            assert "No A2A agent is configured" in answer["error"]
            assert "agents.toml" in answer["next_step"]
            assert "A2A_AGENTS" in answer["next_step"]


async def test_a_dead_agent_delays_nobody_and_works_again_when_it_is_back(
    home: Home, running_agent: Agents, own_agent: Callable[..., Agent]
) -> None:
    mortal = own_agent("1.3-jsonrpc")
    good = running_agent("1.3-rest")
    with silence() as mute:
        home.configure({"mortal": mortal.url, "good": good.url, "mute": mute})
        async with line_host(home) as (host, pipes):
            asked = await host.send("input", agent="mortal")
            assert asked["state"] == "input-required"
            mortal.kill()
            await pipes.ask(
                "tools/call", name="send_task", arguments={"message": "x", "agent": "mute"}
            )
            dead = await host.send("echo hello", agent="mortal", wait_seconds=BUDGET)
            assert dead.failed
            assert names("mortal", dead)
            assert "not delivered" in dead["error"]
            assert dead.seconds < BUDGET + SLACK
            fast = await host.send("echo hello", agent="good")
            assert fast["text"] == "echo: hello"
            assert fast.seconds < 1
            with start_agent("1.3-jsonrpc", "--port", str(mortal.port)) as back:
                again = await host.send("echo hello", agent="mortal")
                assert not again.failed
                assert again["text"] == "echo: hello"
                assert [entry["text"] for entry in back.log()] == ["echo hello"]
                info = await host.call("agent_info", agent="mortal")
                assert info["agents"][0]["state"] == "ready"


async def test_a_changed_configuration_is_noticed_without_a_restart(
    home: Home, running_agent: Agents
) -> None:
    first, second = running_agent("1.3-jsonrpc"), running_agent("0.3-jsonrpc")
    home.configure({"first": first.url})
    async with line_host(home) as (host, _):
        task = await host.send("input")
        assert task["agent"] == "first"
        assert (await host.send("echo hello", agent="second")).failed
        home.configure({"first": first.url, "second": second.url})

        async def is_there() -> Answer | None:
            answer = await host.send("echo hello", agent="second")
            return None if answer.failed else answer

        assert (await until(is_there, 5))["text"] == "echo: hello"  # type: ignore[index]
        assert (await host.send("Paris", task_id=task["task_id"]))["agent"] == "first"
        home.config.write_text("this is [not TOML")

        async def is_said() -> bool:
            return "not TOML" in (await host.call("agent_info")).text

        await until(is_said, 5)
        assert not (await host.send("echo hello", agent="second")).failed
        home.configure({"second": second.url})

        async def is_gone() -> bool:
            return (await host.send("echo hello", agent="first")).failed

        await until(is_gone, 5)
        orphan = await host.call("get_task", task_id=task["task_id"])
        assert orphan.failed
        assert names("first", orphan)


def test_a_broken_file_is_told_at_the_start_with_every_fault(home: Home) -> None:
    home.config.write_text('nonsense = 1\n[server]\nwait_seconds = 100\n[agents.a]\nurl = "x"\n')
    done = ran(home.command(), env=home.environment(), stdin=-3)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "nonsense" in done.stderr
    assert "wait_seconds" in done.stderr
    assert done.stderr.count(str(home.config)) == 2
    assert "Traceback" not in done.stderr


def test_a_mistake_in_one_agent_is_fatal_only_where_that_is_asked_for(home: Home) -> None:
    home.configure({"bad": {"url": "ftp://nowhere.example"}})
    done = ran(home.command("--strict"), env=home.environment(), stdin=-3)
    assert done.returncode == 2
    assert "agents.bad" in done.stderr
    done = ran(home.command(), env=home.environment(), stdin=-3)
    assert done.returncode == 0
    assert "agent bad is disabled" in done.stderr


async def test_words_of_an_agent_cannot_steer_a_terminal(home: Home, tmp_path: Path) -> None:
    nasty = "a\x1b[2J\x00\x9b31m\u202e\ud800\U000e0041z\ttab\nline"
    with scripted(agent_that(says(nasty))) as url:
        home.configure({"nasty": url})
        async with line_host(home) as (host, _):
            answer = await host.send("hello")
    for channel in (answer.text, answer["text"]):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800\U000e0041]", channel)
        assert "\ttab\nline" in channel


async def test_waiting_for_one_call_does_not_hold_up_another(
    home: Home, running_agent: Agents
) -> None:
    home.configure({"good": running_agent("1.3-jsonrpc").url})
    async with line_host(home) as (host, pipes):
        arguments = {"message": "slow 1.5"}
        number = await pipes.ask("tools/call", name="send_task", arguments=arguments)
        answer = await host.send("echo hello")
        assert answer.seconds < 1
        with anyio.fail_after(10):
            late = await pipes.answer_to(number)
        assert late["result"]["structuredContent"]["state"] == "completed"
