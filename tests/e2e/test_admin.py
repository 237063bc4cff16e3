"""The listener for operators: what it shows, what it never shows, and who may read it."""

import sys
from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest
from chromium import chromium
from real_agents import Agents

from e2e.bridges import Home, free_port, ran
from e2e.hosts import http_host

pytestmark = pytest.mark.anyio

SECRET_WORDS: Final = "input about my salary"


@pytest.fixture
async def admin(home: Home, running_agent: Agents) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the listener of a bridge that has called one of its agents."""
    port = free_port()
    agents = {"good": running_agent("1.3-jsonrpc").url, "down": "http://127.0.0.1:1"}
    tokens, lost = {"alice": "alice-secret"}, str(home.folder / "missing" / "audit.jsonl")
    home.configure(agents, admin={"port": port}, tokens=tokens, audit_file=lost)
    async with home.serving() as served:
        async with http_host(served.url, "auto", "alice-secret") as host:
            await host.send(SECRET_WORDS, agent="good")
            await host.send(SECRET_WORDS, agent="down")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client


async def test_the_status_tells_how_all_fares_and_no_words_of_anyone(
    admin: httpx.AsyncClient,
) -> None:
    told = await admin.get("/status.json")
    status = told.json()
    assert {it["name"]: it["health"] for it in status["agents"]} == {
        "good": "answers",
        "down": "failing",
    }
    reasons = {it["name"]: it["reason"] for it in status["agents"]}
    assert reasons == {"good": None, "down": "AgentUnreachable"}
    assert status["ready"] is True
    assert status["store"] == "works"
    (waiting,) = status["tasks"]
    assert (waiting["agent"], waiting["state"], waiting["count"]) == ("good", "input-required", 1)
    assert status["audit_lines_lost"] == 2
    shown = await admin.get("/status")
    assert shown.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    for page in (told.text, shown.text):
        assert "answers" in page
        assert "AgentUnreachable" in page
        assert "input-required" in page
        assert not any(word in page for word in ("salary", "alice", "Which city", "<script"))
    assert (await admin.get("/readyz")).json() == {"ok": True}
    for path in ("/status", "/status.json", "/readyz", "/metrics"):
        assert (await admin.get(path, headers={"Host": "evil.example"})).status_code == 421


async def test_a_port_of_the_listener_that_is_taken_is_one_line(
    admin: httpx.AsyncClient, home: Home
) -> None:
    port = admin.base_url.port
    home.configure({}, admin={"port": port})
    done = ran(home.command("--http", "--port", str(free_port())), env=home.environment())
    assert done.returncode not in (0, None)
    assert "server.admin" in done.stderr
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


LOOK: Final = """({
  back: getComputedStyle(document.body).backgroundColor,
  text: getComputedStyle(document.body).color,
  bad: getComputedStyle(document.querySelector('td.bad')).color,
  fits: document.documentElement.scrollWidth <= innerWidth,
})"""


@pytest.mark.skipif(sys.platform == "win32", reason="there the browser's pipe is no socket")
async def test_the_page_is_readable_in_a_browser_light_and_dark_on_wide_and_narrow_screens(
    admin: httpx.AsyncClient,
) -> None:
    seen = {}
    address = f"{admin.base_url}/status"
    async with chromium() as browser:
        for width, scheme in ((900, "light"), (900, "dark"), (420, "light")):
            async with browser.open(width=width) as page:
                features = [{"name": "prefers-color-scheme", "value": scheme}]
                await page.command("Emulation.setEmulatedMedia", features=features)
                await page.command("Page.navigate", url=address)
                await page.until("document.querySelector('td.bad')")
                seen[width, scheme] = await page.run(LOOK)
                assert "of them failing" in await page.run("document.body.innerText")
            assert page.faults == []
            assert {url for url in page.loads if "favicon" not in url} == {address}
    assert all(look["fits"] for look in seen.values())
    for part in ("back", "text", "bad"):
        assert seen[900, "light"][part] != seen[900, "dark"][part]
