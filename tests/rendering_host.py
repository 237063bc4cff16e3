"""A host that renders the view in a real browser: its client is that of the SDK."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import mcp.types as t
from chromium import Browser, Page
from mcp import Client
from mcp.client.extension import advertise

HOST: Final = Path(__file__).with_name("rendering_host.html").read_text(encoding="utf-8")
IDENTIFIER: Final = "io.modelcontextprotocol/ui"
RENDERS: Final = {"mimeTypes": ["text/html;profile=mcp-app"]}
SHOWN: Final = "list_tasks"
TIMES_FASTER: Final = 100
QUICK: Final = """
const TIMES_FASTER = %d, planned = new Set();
const real = {
  setTimeout: setTimeout.bind(window), clearTimeout: clearTimeout.bind(window),
  setInterval: setInterval.bind(window),
};
window.setTimeout = (call, ms, ...rest) => {
  const id = real.setTimeout(() => { planned.delete(id); call(...rest); }, ms / TIMES_FASTER);
  planned.add(id);
  return id;
};
window.clearTimeout = (id) => { planned.delete(id); real.clearTimeout(id); };
window.setInterval = (call, ms) => real.setInterval(call, ms / TIMES_FASTER);
"""
"""Lets a view wait for a fraction of the time that it would wait for, and tells what it plans."""
RESTS: Final = """new Promise((rests) => {
  const look = () => planned.size ? real.setTimeout(look, 5) : rests(true);
  look();
})"""


class Rendered:
    """The view as one host shows it; `calls` are those of the view, in order."""

    def __init__(self, page: Page, client: Client, tools: dict[str, t.Tool]) -> None:
        self.page = page
        self.calls: list[dict[str, Any]] = []
        self.refuses = False
        self._client = client
        self._tools = tools

    async def sees(self, words: str) -> None:
        """Wait until the words can be read in the view."""
        await self.until(f"document.body.innerText.includes({json.dumps(words)})")

    async def until(self, script: str) -> Any:
        return await self.page.until(script, frame=True)

    async def run(self, script: str) -> Any:
        return await self.page.run(script, frame=True)

    async def rests(self) -> None:
        """Wait until the view will do nothing of its own."""
        await self.run(RESTS)

    async def tell(self, method: str, **params: Any) -> None:
        """Send the view a notification."""
        await self.page.run(f"post({json.dumps({'method': method, 'params': params})})")

    async def asked(self, number: str, method: str) -> dict[str, Any]:
        """Ask the view something; return its whole answer."""
        await self.page.run(f"post({json.dumps({'id': number, 'method': method})})")
        answer = f"heard.find((it) => it.id === {number!r} && it.method === undefined)"
        found: dict[str, Any] = await self.page.until(answer)
        return found

    async def answer(self, call: dict[str, Any]) -> None:
        """Answer a call of the view: by the server, unless the tool is the model's alone."""
        self.calls.append(call)
        ui = (self._tools[call["name"]].meta or {}).get("ui", {})
        if self.refuses or "app" not in ui.get("visibility", ["model", "app"]):
            outcome: dict[str, Any] = {"error": {"code": -32000, "message": "Not for views."}}
        else:
            outcome = {"result": await self._called(call["name"], call["arguments"])}
        await self.page.run(f"post({json.dumps({'id': call['id'], **outcome})})")

    async def _called(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        found = await self._client.call_tool(name, arguments)
        return found.model_dump(mode="json", by_alias=True, exclude_none=True)

    async def shown(self, *, theme: str, serves: bool) -> dict[str, Any]:
        return {
            "result": await self._called(SHOWN, {}),
            "context": {"theme": theme},
            "capabilities": {"serverTools": {}} if serves else {},
        }


@asynccontextmanager
async def rendered(
    browser: Browser,
    client: Client,
    *,
    theme: str = "light",
    serves: bool = True,
    times_faster: int = TIMES_FASTER,
    host: str = HOST,
) -> AsyncIterator[Rendered]:
    """Call the tool that has the view, and render it as its metadata say.

    A host that `serves` passes calls of the view on. `host` is its page.
    """
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    (read,) = (await client.read_resource((tools[SHOWN].meta or {})["ui"]["resourceUri"])).contents
    assert isinstance(read, t.TextResourceContents)
    async with browser.open() as page, anyio.create_task_group() as answering:
        view = Rendered(page, client, tools)
        await page.bind("called", lambda call: answering.start_soon(view.answer, json.loads(call)))
        await page.show(host, QUICK % times_faster)
        shown = await view.shown(theme=theme, serves=serves)
        await page.until("globalThis.render")
        await page.run(f"render({json.dumps(read.text)}, {json.dumps(shown)})")
        await page.until("heard.some(({ method }) => method === 'ui/notifications/initialized')")
        yield view
        await page.run("called = () => {}")  # what is asked already is answered


def renders() -> dict[str, Any]:
    """Return the options of a client that says it renders views."""
    return {"extensions": [advertise(IDENTIFIER, RENDERS)]}
