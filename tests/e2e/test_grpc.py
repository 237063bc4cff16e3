"""The scenes of the other bindings over gRPC: real servers of both SDKs, and both versions of each.

Each message is carried out once, counted in the agent's own log.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio
import pytest
from pydantic import SecretStr
from real_agents import Agent, Agents
from real_agents.gate import Gate
from real_agents.words import PNG
from staging import configured, hosted

from a2a_mcp.a2a.auth.static import Bearer
from e2e.bridges import Home, Table, free_port, until
from e2e.hosts import Answer, Host, stdio_host

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]

CELLS: Final[dict[str, tuple[str, str, str]]] = {
    "python-1.3": ("1.3-grpc", "", "1.0"),
    "python-1.3-as-0.3": ("1.3-grpc", "", "0.3"),
    "python-0.3": ("0.3-grpc", "", "0.3"),
    "js-1.3": ("js-1.3", "/grpc", "1.0"),
    "js-1.3-as-0.3": ("js-1.3", "/grpc", "0.3"),
    "js-0.3": ("js-0.3", "/grpc", "0.3"),
}
"""Name: the process that the agent lives in, the path of its card there, the version spoken."""

FILE: Final = {"name": "a.png", "content": "iVBORw0KGgo="}
NOISE: Final = re.compile(r"^[DEIW]\d{4} |grpc|absl|Traceback", re.MULTILINE)
by_cell = pytest.mark.parametrize("cell", CELLS)


@dataclass(frozen=True)
class Known:
    """All cells behind one bridge, and the processes that they live in."""

    home: Home
    host: Host
    processes: dict[str, Agent]

    def ran(self, cell: str) -> list[str]:
        return [entry["text"] for entry in self.processes[CELLS[cell][0]].log()]

    def called(self, cell: str) -> list[dict[str, Any]]:
        return self.processes[CELLS[cell][0]].requests()

    async def send(self, cell: str, message: str, **more: Any) -> Answer:
        """Send a message; the agent carries it out once."""
        before = len(self.ran(cell))
        answer = await self.host.send(message, agent=cell, **more)
        assert self.ran(cell)[before:] == [message]
        return answer


def tables(processes: dict[str, Agent]) -> dict[str, Table]:
    return {
        cell: {"url": processes[kind].url + path, "version": version}
        for cell, (kind, path, version) in CELLS.items()
    }


@pytest.fixture(scope="module")
def processes(running_agent: Agents) -> dict[str, Agent]:
    kinds = dict.fromkeys(kind for kind, *_ in CELLS.values())
    with ThreadPoolExecutor() as pool:
        return dict(zip(kinds, pool.map(running_agent, kinds), strict=True))


@pytest.fixture(scope="module")
async def known(
    processes: dict[str, Agent], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Known]:
    home = Home(tmp_path_factory.mktemp("grpc")).configure(tables(processes))
    async with AsyncExitStack() as exits:
        stderr = exits.enter_context(home.stderr.open("a"))
        host = await exits.enter_async_context(stdio_host(home.stdio(), "auto", stderr))
        yield Known(home, host, processes)


@by_cell
async def test_echo_comes_with_the_first_reply(known: Known, cell: str) -> None:
    words = f"echo {uuid4()}"
    answer = await known.send(cell, words)
    assert (answer["state"], answer["text"]) == ("completed", words.replace("echo", "echo:", 1))
    assert answer.get("task_id") is None


@by_cell
async def test_a_stream_comes_in_pieces(known: Known, cell: str) -> None:
    came = await known.host.call("subscribe", message="stream 3", agent=cell)
    said = [update["text"] for update in came["updates"] if update["text"].strip()]
    assert len(said) > 1
    assert (came["state"], came["text"].strip()) == ("completed", "chunk1 chunk2 chunk3")
    again = await known.host.call("get_task", task_id=came["task_id"])
    assert (again["state"], again["text"].strip()) == ("completed", "chunk1 chunk2 chunk3")


@by_cell
async def test_slow_work_is_handed_back_and_followed_to_its_end(
    known: Known, cell: str, gate: Gate
) -> None:
    begun = await known.send(cell, f"slow {gate}", wait_seconds=0.1)
    assert begun["state"] in ("submitted", "working")
    seen = await known.host.call("get_task", task_id=begun["task_id"])
    assert seen["state"] in ("submitted", "working")
    gate.open()
    ended = await known.host.call("subscribe", task_id=begun["task_id"])
    assert (ended["state"], ended["text"]) == ("completed", "slow done")


@by_cell
async def test_a_cancel_reaches_the_agent(known: Known, cell: str) -> None:
    begun = await known.send(cell, "slow 600", wait_seconds=0.2)
    await known.host.call("cancel_task", task_id=begun["task_id"])
    assert (await known.host.stopped(begun["task_id"]))["state"] == "canceled"
    again = await known.host.call("cancel_task", task_id=begun["task_id"])
    assert "already ended" in again["note"]


@by_cell
async def test_a_question_is_answered_in_its_task(known: Known, cell: str) -> None:
    asked = await known.send(cell, "input")
    assert (asked["state"], asked["text"]) == ("input-required", "Which city?")
    answered = await known.host.call("send_task", task_id=asked["task_id"], message="blue")
    assert known.ran(cell)[-1] == "blue"
    if cell == "js-1.3-as-0.3":  # carries it out, but its stream drops what the agent says
        assert answered.failed
        assert "carried the message out is not known" in answered["next_step"]
        return
    assert (answered["state"], answered["text"]) == ("completed", "got: blue")
    assert answered["task_id"] == asked["task_id"]


@by_cell
@pytest.mark.parametrize(
    ("word", "state", "words"),
    [("fail", "failed", "it broke"), ("reject", "rejected", "not something I do")],
)
async def test_a_failure_is_told_in_the_agents_words(
    known: Known, cell: str, word: str, state: str, words: str
) -> None:
    answer = await known.send(cell, word)
    assert (answer["state"], answer.failed) == (state, True)
    assert words in answer["text"]


@by_cell
async def test_an_exception_of_the_agent_is_a_failure(known: Known, cell: str) -> None:
    answer = await known.send(cell, "raise")
    assert answer.failed
    assert "raised before any event" in answer.text


@by_cell
async def test_a_picture_comes_byte_for_byte(known: Known, cell: str) -> None:
    sent = await known.send(cell, "files")
    assert "https://example.com/report.pdf" in sent["text"]
    where = {"task_id": sent["task_id"], "artifact_id": "picture"}
    shown = await known.host.call("get_artifact", **where)
    assert f"image/png, {len(PNG)} bytes" in shown.text
    saved = shown.text.partition("\n- ")[2].partition(": image/png")[0]
    assert await anyio.Path(saved).read_bytes() == PNG


@by_cell
async def test_data_metadata_and_a_file_arrive(known: Known, cell: str) -> None:
    whole = CELLS[cell][2] == "1.0"  # 0.3 has no reliable form for bytes
    files = [FILE] if whole else []
    sent = await known.send(cell, "meta", data={"a": 1, "b": [True]}, files=files)
    heard = json.loads(sent["text"])
    assert [item.get("data", item) for item in heard["data"]] == [{"a": 1, "b": [True]}]
    assert [file["bytes"] for file in heard["files"]] == [file["content"] for file in files]


@by_cell
async def test_a_file_that_the_version_cannot_carry_is_refused_unsent(
    known: Known, cell: str
) -> None:
    if CELLS[cell][2] == "1.0":
        return
    before = len(known.ran(cell))
    refused = await known.host.send("meta", agent=cell, files=[FILE])
    assert refused.failed
    assert "no reliable form for file bytes" in refused.text
    assert len(known.ran(cell)) == before


@by_cell
async def test_data_of_the_agent_comes_as_data(known: Known, cell: str) -> None:
    sent = await known.send(cell, "data")
    shown = await known.host.call("get_artifact", task_id=sent["task_id"], artifact_id="data")
    assert '{"answer": 42, "list": [1, 2, 3]}' in shown.text


async def test_tasks_go_on_over_a_restart_of_the_bridge(
    processes: dict[str, Agent], tmp_path: Path, gate: Gate
) -> None:
    home = Home(tmp_path).configure(tables(processes))
    before = {kind: len(agent.log()) for kind, agent in processes.items()}
    begun: dict[str, Answer] = {}
    with home.stderr.open("a") as stderr:
        async with stdio_host(home.stdio(), "auto", stderr) as host:
            for cell in CELLS:
                begun[cell] = await host.send(f"slow {gate}", agent=cell, wait_seconds=0.1)
        async with stdio_host(home.stdio(), "auto", stderr) as host:
            gate.open()
            for cell in CELLS:
                ended = await host.call("subscribe", task_id=begun[cell]["task_id"])
                assert (ended["state"], ended["text"]) == ("completed", "slow done")
    assert NOISE.findall(home.stderr.read_text()) == []
    ran = sum(len(agent.log()) - before[kind] for kind, agent in processes.items())
    assert ran == len(CELLS)


async def test_the_version_goes_along_where_there_is_one(known: Known) -> None:
    for cell, (_, _, version) in CELLS.items():
        if cell.startswith("js"):  # these agents record HTTP only, and refuse other versions
            continue
        before = len(known.called(cell))
        await known.send(cell, f"echo {uuid4()}")
        calls = [call for call in known.called(cell)[before:] if call["method"] == "GRPC"]
        told = {call["headers"].get("a2a-version") for call in calls}
        assert told == {"1.0" if version == "1.0" else None}
        package = "lf.a2a.v1" if version == "1.0" else "a2a.v1"
        assert {call["path"].split("/")[1] for call in calls} == {f"{package}.A2AService"}


async def test_nothing_but_the_bridges_log_is_on_stderr(known: Known) -> None:
    await known.send("python-1.3", f"echo {uuid4()}")
    assert NOISE.findall(known.home.stderr.read_text()) == []


TOKEN: Final = "t0k3n-of-the-test"


async def test_a_server_that_is_gone_takes_nothing_and_one_that_dies_leaves_doubt(
    own_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    """Seen through one server that is killed twice, and wants a token all the while."""
    place = ("--port", str(free_port()), "--grpc-port", str(free_port()), "--token", TOKEN)
    agent = own_agent("1.3-grpc", *place)
    known = {"url": agent.url, "auth": Bearer(SecretStr(TOKEN))}
    stranger = {"url": agent.url, "auth": ()}
    async with hosted(configured(it=known, stranger=stranger), tmp_path) as client:

        async def send(message: str, name: str = "it") -> str:
            came = await client.call_tool("send_task", {"message": message, "agent": name})
            return "".join(block.text for block in came.content if block.type == "text")

        def ran() -> list[str]:
            return [entry["text"] for entry in agent.log()]

        assert "refused the credentials" in await send("echo zero", "stranger")
        assert "echo: one" in await send("echo one")
        assert ran() == ["echo one"]

        async def refused() -> bool:
            return "not delivered" in await send("echo two")

        agent.kill()
        await until(refused)  # "unknown" until the channel has seen that its connection is gone
        agent = own_agent("1.3-grpc", *place)
        told: list[str] = []

        async def lose() -> None:
            told.append(await send("silent 60 three"))

        async def taken() -> bool:
            return ran() == ["silent 60 three"]

        async with anyio.create_task_group() as group:
            group.start_soon(lose)
            await until(taken)
            agent.kill()
        assert "unknown" in told[0]
        assert "do not simply send it again" in told[0]
        agent = own_agent("1.3-grpc", *place)
        assert "echo: four" in await send("echo four")
        assert ran() == ["echo four"]
