"""Every failure is an error that names the agent, says what to do next, and comes in time."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from real_agents import Agents

from e2e.bridges import Home, free_port
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
SLACK: Final = 26
"""Of a busy machine; a call that forgets its budget takes 45 seconds."""
TOKEN: Final = "unseen-word"

FAULTS: Final[dict[str, str]] = {
    "refused": "Try again later",
    "no-token": 'auth of this agent: { type = "bearer"',
    "wrong-token": "credentials",
    "no-command": "check that command",
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
    "no-token": "asks for a bearer token, which is not configured; nothing was sent",
    "wrong-token": "401",
    "no-command": "cannot be called: the credential command",
    "no-card": "404",
    "web-site": "no agent card",
    "page-for-an-answer": "no valid A2A answer",
    "json-rpc-error": "the kitchen is closed",
    "raises": "raised before any event",
    "broken-table": "unknown key",
    "switched-off": "switched off",
}
"""What must stand in the error of some of them."""

NEVER_SENT: Final = {"refused", "wrong-token", "no-card", "web-site", "pinned-too-new"}
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
            "no-command": {
                "url": good,
                "auth": {"type": "bearer", "token": {"command": ["there-is-no-such-program"]}},
            },
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


@pytest.fixture(scope="module")
async def pair(
    request: pytest.FixtureRequest, faulty: dict[str, Any], tmp_path_factory: Any
) -> AsyncIterator[tuple[Host, Lines]]:
    home = Home(tmp_path_factory.mktemp("errors")).configure(faulty)
    async with line_host(home, getattr(request, "param", LEGACY)) as found:
        yield found


@pytest.fixture
def host(pair: tuple[Host, Lines]) -> Host:
    return pair[0]


def names(agent: str, answer: Answer) -> bool:
    """Return whether each channel names the agent as a word of its own."""
    whole = re.compile(rf"(?<![\w-]){re.escape(agent)}(?![\w-])")
    return bool(whole.search(answer.text) and whole.search(str(answer.structure)))


@pytest.mark.parametrize("pair", [LEGACY, MODERN], indirect=True)
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
    assert WORDS.get(agent, "") in (answer.get("error") or answer["text"])
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
    assert answer.seconds < BUDGET + SLACK
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
    assert answer.seconds < BUDGET + SLACK
    assert names("silent", answer)
    if not answer.failed:
        assert answer["state"] in ("submitted", "working")
        assert answer["task_id"].startswith("pending-")


async def test_words_of_an_agent_cannot_steer_a_terminal(home: Home, tmp_path: Path) -> None:
    nasty = "a\x1b[2J\x00\x9b31m\u202e\ud800\U000e0041z\ttab\nline"
    with scripted(agent_that(says(nasty))) as url:
        home.configure({"nasty": url})
        async with line_host(home) as (host, _):
            answer = await host.send("hello")
    for channel in (answer.text, answer["text"]):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800\U000e0041]", channel)
        assert "\ttab\nline" in channel
