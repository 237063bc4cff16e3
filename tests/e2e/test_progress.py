"""Who asks for progress gets it before the result, over either transport and in either era."""

import pytest
from agents import Agent

from e2e.bridges import Home
from e2e.conftest import Hosts
from e2e.hosts import ERAS
from e2e.lines import LEGACY, MODERN, lines

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("mode", list(ERAS))
@pytest.mark.parametrize("tool", ["send_task", "subscribe"])
async def test_a_stream_of_five_chunks_is_at_least_five_increasing_notifications(
    hosts: Hosts, every_agent: dict[str, Agent], transport: str, mode: str, tool: str
) -> None:
    seen: list[tuple[float, str]] = []

    async def progress(count: float, _total: float | None, words: str | None) -> None:
        seen.append((count, words or ""))

    host = hosts[transport, mode]
    answer = await host.call(tool, progress, message="stream 5 0.25", agent="1.3-jsonrpc")
    assert answer["state"] == "completed"
    counts = [count for count, _ in seen]
    assert len(counts) >= 5
    assert counts == sorted(set(counts))
    words = " ".join(words for _, words in seen)
    for number in range(1, 6):
        assert f"chunk{number}" in words
    assert len(counts) / answer.seconds <= 5 + 2  # at most five a second, and the last word


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_a_fast_stream_is_thinned_out_but_its_last_word_is_not_lost(
    hosts: Hosts, every_agent: dict[str, Agent], transport: str
) -> None:
    seen: list[str] = []

    async def progress(_count: float, _total: float | None, words: str | None) -> None:
        seen.append(words or "")

    host = hosts[transport, "auto"]
    answer = await host.call("send_task", progress, message="stream 30 0.03", agent="1.3-jsonrpc")
    assert answer["state"] == "completed"
    assert len(seen) <= 5 * answer.seconds + 2
    assert "completed" in seen[-1] or "chunk30" in seen[-1]


@pytest.mark.parametrize("kind", ["0.3-jsonrpc", "0.2-jsonrpc", "1.3-rest"])
async def test_other_agents_progress_is_told_too(
    hosts: Hosts, every_agent: dict[str, Agent], kind: str
) -> None:
    seen: list[str] = []

    async def progress(_count: float, _total: float | None, words: str | None) -> None:
        seen.append(words or "")

    host = hosts["stdio", "legacy"]
    await host.call("send_task", progress, message="slow 0.5", agent=kind)
    assert any("still working" in words for words in seen)


@pytest.mark.parametrize("version", [LEGACY, MODERN])
async def test_notifications_come_before_the_result_and_only_when_asked_for(
    home: Home, every_agent: dict[str, Agent], version: str
) -> None:
    home.configure({"good": every_agent["1.3-jsonrpc"].url})
    call = {"name": "send_task", "arguments": {"message": "stream 5 0.25"}}
    async with lines(home, version) as pipes:
        assert "result" in await pipes.request("tools/call", **call)
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
