"""A host over HTTP without an SDK and without a session: a killed bridge costs it one call."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import mcp.types as t
from e2e.hosts import CALL_SECONDS, Host, Progress
from e2e.lines import CLIENT, META, MODERN


@asynccontextmanager
async def raw_host(url: str) -> AsyncIterator[Host]:
    """Connect to a bridge. Calls raise httpx.HTTPError where it goes away meanwhile."""
    async with httpx.AsyncClient(timeout=CALL_SECONDS) as client:
        bridge = _Bridge(client, url)
        listed = t.ListToolsResult.model_validate(await bridge.request("tools/list", {}))
        yield Host(bridge.ask, listed.tools)


class _Bridge:
    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self._numbers = itertools.count(1)

    async def ask(
        self, tool: str, arguments: Mapping[str, Any], _progress: Progress | None
    ) -> t.CallToolResult:
        params = {"name": tool, "arguments": dict(arguments)}
        return t.CallToolResult.model_validate(await self.request("tools/call", params))

    async def request(self, method: str, params: dict[str, Any]) -> Any:
        number = next(self._numbers)
        content = {
            "jsonrpc": "2.0",
            "id": number,
            "method": method,
            "params": params | {"_meta": _ENVELOPE},
        }
        named = {"Mcp-Name": params["name"]} if "name" in params else {}
        headers = _HEADERS | {"Mcp-Method": method} | named
        answer = await self._client.post(self._url, json=content, headers=headers)
        return _result(answer, number)


def _result(answer: httpx.Response, number: int) -> Any:
    """Return what was answered, as JSON or as the last event of a stream."""
    text = answer.text
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        events = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
        text = next((each for each in events if json.loads(each).get("id") == number), "")
        if not text:
            raise httpx.RemoteProtocolError("the stream ended before its answer")
    message = json.loads(text)
    assert "result" in message, message
    return message["result"]


_HEADERS: Final = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": MODERN,
}
_ENVELOPE: Final = {
    f"{META}protocolVersion": MODERN,
    f"{META}clientInfo": CLIENT,
    f"{META}clientCapabilities": {},
}
