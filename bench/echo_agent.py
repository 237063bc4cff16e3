"""A fast A2A 1.0 agent over JSON-RPC that answers `echo: <what it was sent>`.

It sends what a real agent's SDK sends (a task, its artifact, its last status; the message in the
history) but computes nothing, so that the time measured is the bridge's. It keeps no tasks.
"""

import argparse
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import uvicorn

TYPE_JSON: Final = [(b"content-type", b"application/json")]
TYPE_SSE: Final = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def card(port: int, *, streaming: bool) -> dict[str, Any]:
    """Describe this agent: one JSON-RPC interface, streaming or not."""
    url = f"http://127.0.0.1:{port}/"
    return {
        "name": "echo",
        "description": "Answers with what it was sent",
        "version": "1",
        "supportedInterfaces": [
            {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        ],
        "capabilities": {"streaming": streaming},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "echo", "name": "Echo", "description": "Echoes", "tags": ["echo"]}],
    }


def status(state: str) -> dict[str, str]:
    """Make a status of now."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"state": f"TASK_STATE_{state}", "timestamp": now}


def echo_events(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of one echo: the task as submitted, its artifact, its end."""
    task_id = str(uuid.uuid4())
    context_id = message.get("contextId") or str(uuid.uuid4())
    ids = {"taskId": task_id, "contextId": context_id}
    text = "".join(part.get("text", "") for part in message["parts"])
    artifact = {"artifactId": "a1", "name": "echo", "parts": [{"text": f"echo: {text}"}]}
    task = {
        "id": task_id,
        "contextId": context_id,
        "status": status("SUBMITTED"),
        "history": [message | ids],
    }
    return [
        {"task": task},
        {"artifactUpdate": ids | {"artifact": artifact, "lastChunk": True}},
        {"statusUpdate": ids | {"status": status("COMPLETED")}},
    ]


def echo_task(message: dict[str, Any]) -> dict[str, Any]:
    """Return the completed task that the events of one echo add up to."""
    first, second, last = echo_events(message)
    done: dict[str, Any] = first["task"]
    done["artifacts"] = [second["artifactUpdate"]["artifact"]]
    done["status"] = last["statusUpdate"]["status"]
    return done


def forgotten_task(task_id: str) -> dict[str, Any]:
    """Answer a `GetTask`: some completed task of that id, since none is kept."""
    return echo_task({"messageId": "m", "role": "ROLE_USER", "parts": []}) | {"id": task_id}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Answer one JSON-RPC request that is not a stream."""
    reply = {"jsonrpc": "2.0", "id": request.get("id")}
    match request.get("method"):
        case "SendMessage":
            return reply | {"result": {"task": echo_task(request["params"]["message"])}}
        case "GetTask":
            return reply | {"result": forgotten_task(request["params"]["id"])}
        case _:
            return reply | {"error": {"code": -32601, "message": "Method not found"}}


async def body_of(receive: Receive) -> bytearray:
    """Read a whole request body."""
    body = bytearray()
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            return body


async def send_json(send: Send, value: dict[str, Any]) -> None:
    """Send one JSON answer."""
    body = json.dumps(value).encode()
    headers = [*TYPE_JSON, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_stream(send: Send, request: dict[str, Any]) -> None:
    """Send the events of one echo, each by itself, as an agent does."""
    await send({"type": "http.response.start", "status": 200, "headers": TYPE_SSE})
    for event in echo_events(request["params"]["message"]):
        reply = {"jsonrpc": "2.0", "id": request.get("id"), "result": event}
        body = b"data: " + json.dumps(reply).encode() + b"\r\n\r\n"
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class EchoAgent:
    """The agent as an ASGI application."""

    def __init__(self, port: int, *, streaming: bool) -> None:
        self._card = card(port, streaming=streaming)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request: the card to a GET, JSON-RPC to a POST."""
        if scope["method"] == "GET":
            await send_json(send, self._card)
            return
        request = json.loads(await body_of(receive))
        if request.get("method") == "SendStreamingMessage":
            await send_stream(send, request)
        else:
            await send_json(send, answer(request))


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--no-streaming", dest="streaming", action="store_false")
    options = parser.parse_args()
    uvicorn.run(
        EchoAgent(options.port, streaming=options.streaming),
        host="127.0.0.1",
        port=options.port,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=300,
    )


if __name__ == "__main__":
    main()
