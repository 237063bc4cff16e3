"""A fast A2A 1.0 agent for loads: tasks that run until they are told to end.

A message "work" begins a task, "chat" one that says something four times a second; anything else is
echoed at once. `POST /end` ends all tasks. It computes next to nothing, so that what is measured
is the bridge.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import uvicorn

CHAT_SECONDS: Final = 0.25
PAGE: Final = 100

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class ManyAgent:
    """The agent as an ASGI application."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/"
        self._tasks: list[str] = []
        self._end = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["method"] == "GET":
            await answer(send, self._card())
        elif scope["path"] == "/end":
            self._end.set()
            await answer(send, {"tasks": len(self._tasks)})
        else:
            await self._call(json.loads(await body_of(receive)), send)

    async def _call(self, request: dict[str, Any], send: Send) -> None:
        params = request["params"]
        match request["method"]:
            case "SendStreamingMessage":
                await self._stream(request, send)
            case "SubscribeToTask":
                await self._follow(request["id"], params["id"], send, chats=False)
            case "SendMessage":
                await answer(send, result(request, {"task": self._begin(params)}))
            case "GetTask":
                await answer(send, result(request, self._task(params["id"])))
            case "ListTasks":
                await answer(send, result(request, self._page(params)))

    def _begin(self, params: dict[str, Any]) -> dict[str, Any]:
        words = "".join(part["text"] for part in params["message"]["parts"])
        if words.startswith("echo"):
            return task("echo", "COMPLETED", words)
        self._tasks.append(f"task-{len(self._tasks)}")
        return self._task(self._tasks[-1])

    def _task(self, task_id: str) -> dict[str, Any]:
        if self._end.is_set():
            return task(task_id, "COMPLETED", f"result of {task_id}")
        return task(task_id, "WORKING")

    def _page(self, params: dict[str, Any]) -> dict[str, Any]:
        start = int(params.get("pageToken") or 0)
        page = [self._task(each) for each in self._tasks[start : start + PAGE]]
        rest = start + PAGE < len(self._tasks)
        return {"tasks": page, "nextPageToken": str(start + PAGE) if rest else ""}

    async def _stream(self, request: dict[str, Any], send: Send) -> None:
        params = request["params"]
        begun = self._begin(params)
        chats = params["message"]["parts"][0]["text"].startswith("chat")
        await self._follow(request["id"], begun["id"], send, chats=chats, first=begun)

    async def _follow(
        self,
        number: Any,
        task_id: str,
        send: Send,
        *,
        chats: bool,
        first: dict[str, Any] | None = None,
    ) -> None:
        """Stream a task to its end."""
        kind = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        now = first or self._task(task_id)
        await event(send, number, {"task": now})
        said = 0
        while now["status"]["state"] == "TASK_STATE_WORKING" and not self._end.is_set():
            said += 1
            if chats:
                await asyncio.sleep(CHAT_SECONDS)
                await event(send, number, {"statusUpdate": step(task_id, said)})
            else:
                await self._end.wait()
        if task_id != "echo":
            await event(send, number, {"task": self._task(task_id)})
        await send({"type": "http.response.body", "body": b""})

    def _card(self) -> dict[str, Any]:
        at = {"url": self._url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        return {
            "name": "many",
            "description": "Works",
            "version": "1",
            "supportedInterfaces": [at],
            "capabilities": {"streaming": True},
            "defaultInputModes": ["text/plain"],
            "defaultOutputModes": ["text/plain"],
            "skills": [],
        }


def task(task_id: str, state: str, text: str = "") -> dict[str, Any]:
    """Return a task, with its result once it has one."""
    artifact = {"artifactId": "a", "parts": [{"text": text}]}
    return {
        "id": task_id,
        "contextId": f"context of {task_id}",
        "status": {"state": f"TASK_STATE_{state}"},
        "artifacts": [artifact] if text else [],
    }


def step(task_id: str, number: int) -> dict[str, Any]:
    """Return what a task says while it works."""
    said = {
        "messageId": f"{task_id}-{number}",
        "role": "ROLE_AGENT",
        "parts": [{"text": f"step {number}: looking at the next page of what was found"}],
    }
    return {"taskId": task_id, "status": {"state": "TASK_STATE_WORKING", "message": said}}


def result(request: dict[str, Any], value: Any) -> dict[str, Any]:
    """Return a JSON-RPC answer."""
    return {"jsonrpc": "2.0", "id": request["id"], "result": value}


async def body_of(receive: Receive) -> bytes:
    """Read a whole request body."""
    body = b""
    while True:
        piece = await receive()
        body += piece.get("body", b"")
        if not piece.get("more_body"):
            return body


async def answer(send: Send, value: Any) -> None:
    """Send one JSON answer."""
    kind = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


async def event(send: Send, number: Any, value: dict[str, Any]) -> None:
    """Send one event of a stream."""
    reply = {"jsonrpc": "2.0", "id": number, "result": value}
    body = b"data: " + json.dumps(reply).encode() + b"\n\n"
    await send({"type": "http.response.body", "body": body, "more_body": True})


def main() -> None:
    """Serve until killed."""
    port = int(sys.argv[1])
    uvicorn.run(
        ManyAgent(port), port=port, lifespan="off", log_level="warning", timeout_keep_alive=300
    )


if __name__ == "__main__":
    main()
