"""A client that asks for progress gets it before the result, over both transports and eras."""

import pytest
from real_agents import Agent

from e2e.bridges import Home
from e2e.conftest import Hosts
from e2e.hosts import ERAS
from e2e.lines import LEGACY, MODERN, lines

pytestmark = pytest.mark.anyio


class Heard:
    """What a call's progress has said, in order."""

    def __init__(self) -> None:
        self.counts: list[float] = []
        self.words: list[str] = []

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.counts.append(progress)
        self.words.append(message or "")


@pytest.mark.parametrize(
    ("transport", "mode", "tool"),
    [
        *((transport, mode, "send_task") for transport in ("stdio", "http") for mode in ERAS),
        ("stdio", "legacy", "subscribe"),
    ],
)
async def test_a_stream_of_five_chunks_is_at_least_five_increasing_notifications(
    hosts: Hosts, every_agent: dict[str, Agent], transport: str, mode: str, tool: str
) -> None:
    heard = Heard()
    host = hosts[transport, mode]
    answer = await host.watch(heard, tool, message="stream 5 0.3", agent="1.3-jsonrpc")
    assert answer["state"] == "completed"
    assert len(heard.counts) >= 5
    assert heard.counts == sorted(set(heard.counts))
    told = [number for number in range(1, 6) if f"chunk{number} " in f"{' '.join(heard.words)} "]
    assert told[-1] == 5
    assert len(told) >= 4  # two may come as one on a busy machine
    assert len(heard.counts) / answer.seconds <= 5 + 2  # at most five a second, and the last word


@pytest.mark.parametrize("mode", ERAS)
async def test_an_error_stays_what_it_is_when_progress_was_asked_for(
    hosts: Hosts, every_agent: dict[str, Agent], mode: str
) -> None:
    answer = await hosts["stdio", mode].watch(Heard(), "send_task", message="hi", agent="nobody")
    assert "There is no agent named 'nobody'" in answer["error"]


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_a_fast_stream_is_thinned_out_but_its_last_word_is_not_lost(
    hosts: Hosts, every_agent: dict[str, Agent], transport: str
) -> None:
    heard = Heard()
    host = hosts[transport, "auto"]
    answer = await host.watch(heard, "send_task", message="stream 30 0.03", agent="1.3-jsonrpc")
    assert answer["state"] == "completed"
    assert len(heard.words) <= 5 * answer.seconds + 2
    assert "completed" in heard.words[-1] or "chunk30" in heard.words[-1]


@pytest.mark.parametrize("kind", ["0.3-jsonrpc", "0.2-jsonrpc", "1.3-rest"])
async def test_other_agents_progress_is_told_too(
    hosts: Hosts, every_agent: dict[str, Agent], kind: str
) -> None:
    heard = Heard()
    host = hosts["stdio", "legacy"]
    await host.watch(heard, "send_task", message="slow 0.5", agent=kind)
    assert any("still working" in words for words in heard.words)


@pytest.mark.parametrize("version", [LEGACY, MODERN])
async def test_notifications_come_before_the_result_and_only_when_asked_for(
    home: Home, every_agent: dict[str, Agent], version: str
) -> None:
    home.configure({"good": every_agent["1.3-jsonrpc"].url})
    call = {"name": "send_task", "arguments": {"message": "stream 5 0.3"}}
    async with lines(home, version) as pipes:
        unasked = {"name": "send_task", "arguments": {"message": "stream 3"}}
        assert "result" in await pipes.request("tools/call", **unasked)
        assert pipes.notifications == []
        answer = await pipes.request("tools/call", **call, _meta={"progressToken": "p"})
        assert answer["result"]["structuredContent"]["state"] == "completed"
        before = len(pipes.notifications)
        assert before >= 5
        for note in pipes.notifications:
            assert note["method"] == "notifications/progress"
            assert note["params"]["progressToken"] == "p"
        await pipes.request("tools/list")
        assert len(pipes.notifications) == before
