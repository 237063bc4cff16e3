"""The view of tasks over HTTP: each person sees, and can reach, only what is that person's own."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx2
import pytest
from chromium import chromium
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from rendering_host import rendered, renders
from scripted import GET, SEND, Request, Step, result, scripted, task

from e2e.bridges import Home

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="there the browser's pipe is no socket"),
]

TOKENS: Final = {"alice": "alice-secret", "bob": "bob-secret"}


def begins(request: Request) -> list[Step]:
    """Begin a task that has the words of its message as its id."""
    words = request.message["parts"][0]["text"]
    return [*result({"task": task("working", f"{words} begun", task_id=words)})(request)]


def reads(request: Request) -> list[Step]:
    name = request.params["id"]
    return [*result(task("working", f"{name} half done", task_id=name))(request)]


@asynccontextmanager
async def signed_in(url: str, name: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {TOKENS[name]}"}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(url, http_client=http), **renders()) as client,
    ):
        sent = {"message": f"task-of-{name}", "agent": "it", "wait_seconds": 0}
        await client.call_tool("send_task", sent)
        yield client


async def test_each_person_sees_only_their_own_tasks(tmp_path: Path) -> None:
    async with scripted() as agent, chromium() as browser:
        agent.on(SEND, begins)
        agent.on(GET, reads)
        home = Home(tmp_path).configure({"it": agent.url}, tokens=TOKENS, apps=True)
        async with (
            home.serving() as served,
            signed_in(served.url, "alice") as alice,
            signed_in(served.url, "bob") as bob,
        ):
            for name, client, other in (("alice", alice, "bob"), ("bob", bob, "alice")):
                async with rendered(browser, client) as view:
                    await view.sees(f"task-of-{name} half done")
                    assert other not in await view.run("document.body.innerText")
                foreign = {"agent": "it", "task_id": f"task-of-{other}"}
                for tool in ("get_task", "cancel_task"):
                    assert (await client.call_tool(tool, foreign)).is_error
