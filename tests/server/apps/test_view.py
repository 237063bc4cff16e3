"""The view in a real browser, at a host that speaks the protocol of MCP Apps."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from chromium import Browser, chromium
from rendering_host import Rendered, rendered, renders
from scripted import (
    CANCEL,
    GET,
    SEND,
    Request,
    ScriptedAgent,
    Step,
    done,
    error,
    result,
    scripted,
    task,
)
from staging import configured, hosted

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif("sys.platform == 'win32'", reason="there the pipe is no socket"),
]

METHOD_NOT_FOUND: Final = -32601
TITLE: Final = "count the rain"
EVIL: Final = (
    "<img src=https://evil.example/x.png onerror=\"document.title='owned'\">"
    "<script>document.title = 'owned'</script><b>bold</b>"
)
MARKUP: Final = "document.querySelectorAll('main img, main script, main b').length"
DARK: Final = "rgb(23, 25, 28)"
LIGHT: Final = "rgb(255, 255, 255)"
SECTIONS: Final = "[...document.querySelectorAll('section')].map((it) => it.innerText)"
BUTTON: Final = "document.querySelector('li button')"
PLACE: Final = f"(({{ x, y }}) => [x + 9, y + 9])({BUTTON}.getBoundingClientRect())"
REFUSED: Final = """(() => {
  try { document.body.innerHTML = "<b>x</b>"; } catch (fault) { return fault.name; }
})()"""
UNREACHABLE: Final = "fetch('https://evil.example').catch((fault) => fault.name)"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        says(running, task("working", "half done"))
        yield running


@pytest.fixture
async def other() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        says(running, task("input-required", "Which station?", task_id="t2"))
        yield running


def says(agent: ScriptedAgent, state: dict[str, Any]) -> None:
    agent.on(SEND, result({"task": state}))
    agent.on(GET, result(state))


@asynccontextmanager
async def view(
    browser: Browser, folder: Path, *agents: ScriptedAgent, title: str = TITLE, **options: Any
) -> AsyncIterator[Rendered]:
    """Begin a task at each of the agents `a`, `b`, …, and render the view."""
    named = dict(zip("ab", (each.url for each in agents), strict=False))
    async with hosted(configured({"apps": True}, **named), folder, **renders()) as client:
        for name in named:
            sent = {"message": title, "agent": name, "wait_seconds": 0}
            await client.call_tool("send_task", sent)
        async with rendered(browser, client, **options) as shown:
            yield shown
        assert shown.page.faults == []
        assert shown.page.loads == []


async def test_tasks_are_read_by_agent_with_state_age_and_words(
    browser: Browser, agent: ScriptedAgent, other: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent, other) as shown:
        await shown.sees("half done")
        await shown.sees("Which station?")
        spoken = await shown.page.spoken()
        working, question = sorted(await shown.run(SECTIONS))
    assert sorted(name for role, name in spoken if role == "heading") == ["Tasks", "a", "b"]
    assert {("list", "Tasks of a"), ("list", "Tasks of b")} <= {*spoken}
    assert ("button", f"Cancel: {TITLE}") in spoken
    waits = "It waits for an answer: give it in the conversation."
    for words in ("input-required", "s ago", TITLE, "Which station?", waits):
        assert words in question
    for words in ("working", "s ago", TITLE, "half done"):
        assert words in working


async def test_no_word_of_an_agent_becomes_markup(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    says(agent, task("working", EVIL))
    async with view(browser, tmp_path, agent, title=f"title {EVIL}") as shown:
        await shown.sees(EVIL)
        await shown.sees(f"title {EVIL[:20]}")
        assert await shown.run(MARKUP) == 0
        assert await shown.run("document.title") == "Tasks"


async def test_its_policy_would_let_no_markup_in_and_no_word_out(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent) as shown:
        assert await shown.run(REFUSED) == "TypeError"
        assert await shown.run(UNREACHABLE) == "TypeError"
        shown.page.loads.clear()


async def test_it_follows_by_itself_until_all_has_ended(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent) as shown:
        await shown.sees("half done")
        says(agent, task("working", "nearly done"))
        await shown.sees("nearly done")
        says(agent, done("It rained."))
        await shown.sees("It rained.")
        await shown.sees("1 shown, 0 not ended")
        assert await shown.run(f"{BUTTON}.hidden")


async def test_it_rests_where_it_is_scrolled_away(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent) as shown:
        await shown.sees("half done")
        await shown.page.run("frame.style.marginTop = '5000px'")
        await shown.rests()
        says(agent, task("working", "nearly done"))
        await shown.page.run("frame.style.marginTop = 0")
        await shown.sees("nearly done")


async def test_it_rests_where_another_page_is_in_front(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent) as shown:
        await shown.sees("half done")
        async with browser.open() as front:
            await front.command("Page.bringToFront")
            await shown.rests()
            assert await shown.run("document.hidden")
            says(agent, task("working", "nearly done"))
        await shown.page.command("Page.bringToFront")
        await shown.sees("nearly done")


async def test_it_rests_after_its_host_has_taken_leave(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent) as shown:
        await shown.sees("half done")
        await shown.asked("end", "ui/resource-teardown")
        await shown.rests()
        before = len(shown.calls)
        await shown.tell("ui/notifications/tool-cancelled")
        await shown.asked("there", "ping")
        assert len(shown.calls) == before


async def test_cancel_asks_once_and_needs_no_mouse(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    def cancels(request: Request) -> Sequence[Step]:
        says(agent, task("canceled", "as you like"))
        return result(task("canceled", "as you like"))(request)

    agent.on(CANCEL, cancels)
    async with view(browser, tmp_path, agent, times_faster=1) as shown:
        await shown.sees("half done")
        await shown.page.press("Tab", "Tab", "Enter")
        await shown.sees("Really cancel?")
        assert ("button", f"Really cancel?: {TITLE}") in await shown.page.spoken()
        assert agent.calls(CANCEL) == []
        await shown.page.press("Enter")
        await shown.sees("canceled")
        assert len(agent.calls(CANCEL)) == 1
        await shown.until("document.activeElement.id === 'refresh'")
        assert await shown.run(f"{BUTTON}.hidden")


async def test_a_cancel_that_fails_says_why_and_may_be_tried_again(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(CANCEL, error(-32002, "It is too late for that"))
    async with view(browser, tmp_path, agent, times_faster=1) as shown:
        await shown.sees("half done")
        await shown.run(f"{BUTTON}.click(), {BUTTON}.click()")
        await shown.sees("It is too late for that")
        await shown.until(f"!{BUTTON}.disabled && {BUTTON}.textContent === 'Cancel'")


async def test_a_double_click_cancels_nothing(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent, times_faster=1) as shown:
        await shown.sees("half done")
        x, y = await shown.run(PLACE)
        await shown.page.click(x, y, times=2)
        assert await shown.run(f"{BUTTON}.textContent") == "Really cancel?"
        assert "cancel_task" not in {call["name"] for call in shown.calls}


async def test_a_cancel_that_is_not_confirmed_is_forgotten(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent) as shown:
        await shown.sees("half done")
        await shown.run(f"{BUTTON}.click()")
        await shown.until(f"{BUTTON}.textContent === 'Cancel'")


async def test_a_long_answer_is_folded(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    says(agent, done("It rained. " * 200))
    async with view(browser, tmp_path, agent) as shown:
        more = "document.querySelector('.more')"
        await shown.until(f"!{more}.hidden")
        folded = await shown.run("document.querySelector('.words').clientHeight")
        await shown.run(f"{more}.click()")
        assert await shown.run(f"{more}.getAttribute('aria-expanded')") == "true"
        assert await shown.run("document.querySelector('.words').clientHeight") > 2 * folded


@pytest.mark.parametrize(("theme", "ground"), [("light", LIGHT), ("dark", DARK)])
async def test_light_or_dark_and_colours_are_those_of_the_host(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path, theme: str, ground: str
) -> None:
    look = "getComputedStyle(document.body)"
    async with view(browser, tmp_path, agent, theme=theme) as shown:
        assert await shown.run(f"{look}.backgroundColor") == ground
        colours = {"--color-text-primary": "rgb(1, 2, 3)", "--other": "4"}
        await shown.tell("ui/notifications/host-context-changed", styles={"variables": colours})
        await shown.until(f"{look}.color === 'rgb(1, 2, 3)'")
        assert await shown.run(f"{look}.getPropertyValue('--other')") == ""


async def test_a_host_that_passes_no_calls_shows_what_it_was_given(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent, serves=False) as shown:
        await shown.sees(TITLE)
        await shown.rests()
        assert shown.calls == []
        assert await shown.run("[...document.querySelectorAll('button')].every((it) => it.hidden)")


async def test_what_the_host_refuses_is_said(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with view(browser, tmp_path, agent) as shown:
        await shown.sees("half done")
        shown.refuses = True
        await shown.run("document.getElementById('refresh').click()")
        await shown.sees("Not for views.")


async def test_what_is_no_message_of_the_host_changes_nothing(
    browser: Browser, agent: ScriptedAgent, tmp_path: Path
) -> None:
    rows = {"structuredContent": {"tasks": [{"agent": "forged", "state": "working"}]}}
    forged = {"jsonrpc": "2.0", "method": "ui/notifications/tool-result", "params": rows}
    async with view(browser, tmp_path, agent) as shown:
        await shown.sees("half done")
        await shown.run(f"window.postMessage({json.dumps(forged)}, '*')")
        for method in ("toString", "__proto__", "ui/notifications/other"):
            await shown.tell(method)
        assert (await shown.asked("odd", "constructor"))["error"]["code"] == METHOD_NOT_FOUND
        assert "forged" not in await shown.run("document.body.innerText")
