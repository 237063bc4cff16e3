"""A host in front of the bridge: it calls tools and holds every result against the contract.

What holds for every result is checked here, so that each test of this folder checks it too: the
structure matches the schema, text and structure are both complete and short enough, no value is
null, and a failure is marked as an error.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TextIO

import anyio
import httpx2
import mcp.types as t
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.session import ElicitationFnT
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.dispatcher import ProgressFnT
from real_agents.noting import note

from e2e.bridges import until

ERAS: Final = {"legacy": "2025-11-25", "auto": "2026-07-28"}
"""Mode of the SDK's client, and the protocol version that it then speaks."""

CALL_SECONDS: Final = 60
LARGEST: Final = 10_000
FACTS: Final = ("agent", "task_id", "context_id", "state", "error", "text", "note", "next_step")
FAILURES: Final = ("failed", "rejected")
STOPS: Final = ("completed", "failed", "canceled", "rejected", "input-required", "auth-required")

Progress = ProgressFnT
Person = ElicitationFnT
Ask = Callable[[str, Mapping[str, Any], Progress | None], Awaitable[t.CallToolResult]]


@dataclass(frozen=True)
class Answer:
    """A result: what hosts show of it, either the text or the structure, and how long it took."""

    text: str
    structure: dict[str, Any]
    failed: bool
    seconds: float
    content: list[t.ContentBlock]

    def __getitem__(self, name: str) -> Any:
        assert name in self.structure, f"no {name} in {self.structure}"
        return self.structure[name]

    def get(self, name: str) -> Any:
        return self.structure.get(name)


class Host:
    """A connected host; `ask` calls a tool, `tools` is what tools/list has said."""

    def __init__(self, ask: Ask, tools: list[t.Tool]) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self._ask = ask

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool; return its checked result, which may be an error."""
        return await self._called(tool, arguments, None)

    async def watch(self, progress: Progress, tool: str, **arguments: Any) -> Answer:
        """Call a tool and ask for progress."""
        return await self._called(tool, arguments, progress)

    async def _called(
        self, tool: str, arguments: Mapping[str, Any], progress: Progress | None
    ) -> Answer:
        start = anyio.current_time()
        with anyio.fail_after(CALL_SECONDS):
            result = await self._ask(tool, arguments, progress)
        seconds = anyio.current_time() - start
        text = "".join(block.text for block in result.content if isinstance(block, t.TextContent))
        structure = result.structured_content or {}
        answer = Answer(text, structure, bool(result.is_error), seconds, result.content)
        if tool in self.tools:
            check(self.tools[tool], answer)
        return answer

    async def send(self, message: str, **arguments: Any) -> Answer:
        """Call send_task."""
        return await self.call("send_task", message=message, **arguments)

    async def stopped(self, task_id: str, seconds: float = 60, **arguments: Any) -> Answer:
        """Read a task until it has stopped, as a patient model would."""

        async def look() -> Answer | None:
            seen = await self.call("get_task", task_id=task_id, **arguments)
            return seen if seen.failed or seen.get("state") in STOPS else None

        found = await until(look, seconds)
        assert found
        return found


def check(tool: t.Tool, answer: Answer) -> None:
    """Check what holds for any result of a tool."""
    seen = f"{tool.name}: {answer.structure} / {answer.text!r}"
    assert answer.text, seen
    assert len(answer.text.encode()) <= LARGEST, seen
    assert len(compact(answer.structure)) <= LARGEST, seen
    assert not answer.text.lstrip().startswith('{"'), f"the text is JSON: {seen}"
    assert "Traceback" not in answer.text, seen
    if tool.output_schema:
        assert answer.structure, seen
        Draft202012Validator(tool.output_schema).validate(answer.structure)
        assert not has_null(answer.structure), seen
        for name in FACTS:
            fact = answer.get(name)
            assert fact is None or str(fact) in answer.text, f"{name} is not in the text: {seen}"
    failed = answer.get("state") in FAILURES and tool.name != "cancel_task"
    if answer.get("error") or failed:
        assert answer.failed, f"a failure called a success: {seen}"
    if answer.failed:
        assert answer.get("error") or answer.get("state"), seen
        assert answer.get("next_step") or answer.get("note"), f"nothing to do next: {seen}"


def compact(value: Any) -> bytes:
    """Write JSON without spaces, the form in which sizes are counted."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def has_null(value: Any) -> bool:
    """Return whether there is a null anywhere."""
    if isinstance(value, dict):
        return any(map(has_null, value.values()))
    if isinstance(value, list):
        return any(map(has_null, value))
    return value is None


@asynccontextmanager
async def stdio_host(
    parameters: StdioServerParameters, mode: str, stderr: TextIO, person: Person | None = None
) -> AsyncIterator[Host]:
    """Start a bridge as a host does and connect the SDK's client to it; a `person` can be asked."""
    async with _connected(stdio_client(parameters, stderr), mode, person) as host:
        yield host


@asynccontextmanager
async def http_host(
    url: str,
    mode: str,
    token: str = "",
    person: Person | None = None,
    auth: httpx2.Auth | None = None,
) -> AsyncIterator[Host]:
    """Connect the SDK's client to a bridge that serves HTTP; a `person` can be asked.

    It shows a token, or gets one by `auth`.
    """
    note(token or "")
    headers = {"Authorization": f"Bearer {token}"} if token else None
    async with (
        httpx2.AsyncClient(headers=headers, auth=auth, timeout=CALL_SECONDS) as client,
        _connected(streamable_http_client(url, http_client=client), mode, person) as host,
    ):
        yield host


@asynccontextmanager
async def _connected(transport: Any, mode: str, person: Person | None) -> AsyncIterator[Host]:
    async with Client(transport, mode=mode, elicitation_callback=person) as client:
        assert client.protocol_version == ERAS[mode]

        async def ask(
            tool: str, arguments: Mapping[str, Any], progress: Progress | None
        ) -> t.CallToolResult:
            return await client.call_tool(tool, dict(arguments), progress_callback=progress)

        listed = await client.list_tools()
        yield Host(ask, listed.tools)
