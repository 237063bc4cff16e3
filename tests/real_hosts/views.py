"""Whether the view of tasks works at the reference host of MCP Apps: `scripts/views`.

Its bridge to views comes from npm and runs in a real browser; the agents are scripted. Prints a
line for each thing tried, and ends with an error where one fails. With a file name as its argument,
THEME in it, it writes pictures of the view in light and dark.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import anyio
from chromium import Browser, chromium
from mcp import Client
from real_agents.npm import packages
from rendering_host import rendered, renders
from scripted import CANCEL, GET, SEND, Request, ScriptedAgent, Step, done, result, scripted, task
from staging import configured, hosted

PAGE: Final = Path(__file__).with_name("reference.html")
SCOPE: Final = "@modelcontextprotocol"
MODULES: Final = {
    f"{SCOPE}/ext-apps/app-bridge": f"{SCOPE}/ext-apps/dist/src/app-bridge.js",
    f"{SCOPE}/client": f"{SCOPE}/client/dist/index.mjs",
    f"{SCOPE}/client/_shims": f"{SCOPE}/client/dist/shimsBrowser.mjs",
    f"{SCOPE}/core": f"{SCOPE}/core/dist/index.mjs",
    f"{SCOPE}/core/internal": f"{SCOPE}/core/dist/internal.mjs",
    "zod/v4": "zod/v4/index.js",
    "eventsource": "eventsource/dist/index.js",
    "eventsource-parser": "eventsource-parser/dist/index.js",
    "eventsource-parser/stream": "eventsource-parser/dist/stream.js",
    "pkce-challenge": "pkce-challenge/dist/index.browser.js",
    "jose": "jose/dist/webapi/index.js",
}
WIND: Final = (
    "Fresh breeze from the west, 9 to 11 m/s, with gusts up to 17 m/s around noon. The bridge stays"
    " open; light trailers should cross before ten. The wind turns north-west in the evening and"
    " drops to 6 m/s. No rain is expected before midnight, and visibility is good all day."
)
TRAINS: Final = (
    "Two trains have seats: 08:25 with one change in Hønefoss, or 12:03 direct. Which one?"
)
WORK: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "weather": {
        "Wind at the Øresund bridge tomorrow?": done(WIND, task_id="w1"),
        "Rain in Oslo this week?": task("working", "Station 3 of 12: Blindern", task_id="w2"),
    },
    "travel": {
        "Refund of booking 4411": task("failed", "The booking is not known.", task_id="b1"),
        "A train to Bergen on Friday": task("input-required", TRAINS, task_id="b2"),
    },
}


class _Files(SimpleHTTPRequestHandler):
    """Files that a page of any origin may import."""

    extensions_map: Final = {".js": "text/javascript", ".mjs": "text/javascript", "": "text/plain"}  # type: ignore[misc]

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def reference_host() -> Iterator[str]:
    """Yield the page of the host; its modules are served until the block ends."""
    folder = packages("views") / "node_modules"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{server.server_port}"
    imports = {name: f"{at}/{path}" for name, path in MODULES.items()}
    try:
        yield PAGE.read_text(encoding="utf-8").replace("IMPORTS", json.dumps({"imports": imports}))
    finally:
        server.shutdown()
        server.server_close()


class Agency:
    """One agent and its tasks; cancelling one of them succeeds."""

    def __init__(self, agent: ScriptedAgent, work: dict[str, dict[str, Any]]) -> None:
        self.url = agent.url
        self.tasks = {each["id"]: each for each in work.values()}
        self._work = work
        agent.on(SEND, self._begin)
        agent.on(GET, self._read)
        agent.on(CANCEL, self._cancel)

    def _begin(self, request: Request) -> list[Step]:
        return [*result({"task": self._work[request.message["parts"][0]["text"]]})(request)]

    def _read(self, request: Request) -> list[Step]:
        return [*result(self.tasks[request.params["id"]])(request)]

    def _cancel(self, request: Request) -> list[Step]:
        name = request.params["id"]
        self.tasks[name] = task("canceled", "As you like.", task_id=name)
        return self._read(request)


@asynccontextmanager
async def working() -> AsyncIterator[tuple[Client, dict[str, Agency]]]:
    """Yield a client of a bridge whose agents have begun all the work."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        agents = {
            name: Agency(await stack.enter_async_context(scripted()), work)
            for name, work in WORK.items()
        }
        urls: dict[str, Any] = {name: agent.url for name, agent in agents.items()}
        client = await stack.enter_async_context(
            hosted(configured({"apps": True}, **urls), folder, **renders())
        )
        for agent, work in WORK.items():
            for message in work:
                sent = {"message": message, "agent": agent, "wait_seconds": 1}
                await client.call_tool("send_task", sent)
        yield client, agents


async def tried(browser: Browser, host: str, theme: str, picture: str | None) -> None:
    """Try the view at the host. Raises TimeoutError where something is not seen."""
    async with (
        working() as (client, agents),
        rendered(browser, client, theme=theme, host=host) as view,
    ):
        for words in ("Station 3", "Which one?", "not known", "gusts up to"):
            await view.sees(words)
        if picture:
            high = await view.run("document.documentElement.offsetHeight")
            await view.page.until(f"document.querySelector('iframe').offsetHeight >= {high}")
            file = anyio.Path(picture.replace("THEME", theme))
            await file.write_bytes(await view.page.picture())
        print(f"{theme}: shows all tasks")
        agents["weather"].tasks["w2"] = done("Dry until Sunday.", task_id="w2")
        await view.sees("Dry until Sunday.")
        print(f"{theme}: follows a task to its end")
        button = "document.querySelector('li button.end:not([hidden])')"
        await view.run(f"{button}.click(), {button}.click()")
        await view.sees("As you like.")
        print(f"{theme}: cancels a task")
        await view.page.run("bridge.teardownResource({})")
        await view.rests()
        assert view.page.faults == []
        print(f"{theme}: ends when it is told to")


async def main(picture: str | None = None) -> None:
    """Try the view in light and in dark."""
    with reference_host() as host:
        async with chromium() as browser:
            for theme in ("light", "dark"):
                await tried(browser, host, theme, picture)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else None)
