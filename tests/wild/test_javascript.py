"""What agents on @a2a-js/sdk do beside the scenes of all agents: failures, files, sign-ins.

Each message is carried out once, counted in the agent's own log.
"""

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import mcp.types as t
import pytest
from e2e.bridges import Home, until
from e2e.hosts import Answer, Host, stdio_host
from real_agents import JAVASCRIPT as KINDS
from real_agents import Agent, Agents
from real_agents.words import PNG
from targets import JAVASCRIPT, javascript

pytestmark = pytest.mark.anyio

FAILURES: Final = {
    "fail": ("failed", "it broke"),
    "reject": ("rejected", "not something I do"),
    "raise": ("failed", "raised before any event"),
    "crash": ("failed", "crashed while working"),
}
LOST: Final = frozenset({("js-0.2-polled", "crash"), ("js-0.3-polled", "crash")})
"""These tell of the failure under a made-up id, and only a call that waits: it stays `working`."""

FILE: Final = {"name": "a.png", "content": "iVBORw0KGgo="}
by_name = pytest.mark.parametrize("name", JAVASCRIPT)
STREAMED: Final = [name for name in JAVASCRIPT if "polled" not in name]
by_streamed = pytest.mark.parametrize("name", STREAMED)


@dataclass(frozen=True)
class Known:
    """All agents of JAVASCRIPT behind one bridge, and the processes that they live in."""

    host: Host
    processes: dict[str, Agent]

    def ran(self, name: str) -> list[str]:
        kind, *_ = JAVASCRIPT[name]
        return [entry["text"] for entry in self.processes[kind].log()]

    async def send(self, name: str, message: str, **more: Any) -> Answer:
        """Send a message; the agent carries it out once."""
        before = len(self.ran(name))
        answer = await self.host.send(message, agent=name, **more)
        assert self.ran(name)[before:] == [message]
        return answer


@pytest.fixture(scope="module")
async def known(
    running_agent: Agents, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Known]:
    with ThreadPoolExecutor() as pool:
        processes = dict(zip(KINDS, pool.map(running_agent, KINDS), strict=True))
    home = Home(tmp_path_factory.mktemp("javascript"))
    tables = {name: javascript(name, processes[kind]) for name, (kind, *_) in JAVASCRIPT.items()}
    home.configure(
        {name: table | {"limits": {"call_seconds": 2}} for name, table in tables.items()}
    )
    async with AsyncExitStack() as exits:
        stderr = exits.enter_context(home.stderr.open("a"))
        host = await exits.enter_async_context(stdio_host(home.stdio(), "legacy", stderr))
        yield Known(host, processes)


@by_name
@pytest.mark.parametrize("word", FAILURES)
async def test_a_failure_is_told_in_the_agents_words(known: Known, name: str, word: str) -> None:
    if (name, word) in LOST:
        answer = await known.send(name, word, wait_seconds=0.3)
        assert answer["state"] in ("submitted", "working")
        assert not answer.failed
        return
    answer = await known.send(name, word)
    state, words = FAILURES[word]
    assert (answer["state"], answer.failed) == (state, True)
    assert words in answer["text"]


@by_streamed
async def test_a_picture_comes_byte_for_byte(known: Known, name: str) -> None:
    sent = await known.send(name, "files")
    assert "https://example.com/report.pdf" in sent["text"]
    where = {"task_id": sent["task_id"], "artifact_id": "picture"}
    shown = await known.host.call("get_artifact", **where)
    assert f"image/png, {len(PNG)} bytes" in shown.text
    saved = shown.text.partition("\n- ")[2].partition(": image/png")[0]
    assert await anyio.Path(saved).read_bytes() == PNG


@by_streamed
async def test_data_metadata_and_a_file_arrive(known: Known, name: str) -> None:
    files = [] if "rest" in name and "0.3" in name else [FILE]  # no reliable form for bytes there
    sent = await known.send(name, "meta", data={"a": 1}, files=files, metadata={"k": 2})
    heard = json.loads(sent["text"])
    assert (heard["data"], heard["metadata"]) == ([{"a": 1}], {"k": 2})
    told = [(file["name"], file["mimeType"], file["bytes"]) for file in heard["files"]]
    assert told == [(file["name"], "image/png", file["content"]) for file in files]


@by_streamed
async def test_a_sign_in_is_asked_for_and_waited_for(known: Known, name: str) -> None:
    asked = await known.send(name, "auth 0.3")
    assert asked["state"] == "auth-required"

    async def signed_in() -> bool:
        now = await known.host.call("get_task", task_id=asked["task_id"])
        return (now["state"], now["text"]) == ("completed", "signed in")

    assert await until(signed_in)


@by_name
async def test_a_cancelled_question_is_told_by_what_became_of_it(known: Known, name: str) -> None:
    asked = await known.send(name, "input", wait_seconds=0.3)
    told = await known.host.call("cancel_task", task_id=asked["task_id"])
    if name.startswith("js-1.3"):
        # The SDK waits for a word of an agent that, after the SDK's example, has none here.
        assert told.failed
        assert "no answer within" in told["note"]
        assert told["state"] == "input-required"
    else:
        assert (told["state"], told.failed) == ("canceled", False)


async def test_the_person_is_not_asked_again_for_an_answer_that_was_dropped(
    running_agent: Agents, tmp_path: Path
) -> None:
    asked = []

    async def person(_: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
        asked.append(params.message)
        return t.ElicitResult(action="accept", content={"answer": "blue"})

    agent, home = running_agent("js-1.3"), Home(tmp_path)
    home.configure({"it": javascript("js-1.3-as-0.3", agent) | {"ask_user": True}})
    before = len(agent.log())
    with home.stderr.open("a") as stderr:
        async with stdio_host(home.stdio(), "legacy", stderr, person=person) as host:
            answer = await host.send("input", agent="it")
    assert len(asked) == 1
    assert answer.failed
    assert "answered this message with an error" in answer["note"]
    assert [entry["text"] for entry in agent.log()[before:]] == ["input", "blue"]
