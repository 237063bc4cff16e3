"""Scripted agents that speak one version of A2A and refuse the others as real servers do.

`speak` teaches a scripted agent one version; it echoes, and asks for a colour when told to ask.
Whatever it executes stands in `ran`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from scripted import CARD, Reply, Request, ScriptedAgent, Step, document, error, http, stream

# Version -> how it calls sending, sending for a stream, reading, and cancelling.
METHODS = {
    "1.0": ("SendMessage", "SendStreamingMessage", "GetTask", "CancelTask"),
    "0.3": ("message/send", "message/stream", "tasks/get", "tasks/cancel"),
    "0.1": ("tasks/send", "tasks/sendSubscribe", "tasks/get", "tasks/cancel"),
    "python-a2a": ("tasks/send", "tasks/sendSubscribe", "tasks/get", "tasks/cancel"),
}
OTHERS = {"SubscribeToTask", "tasks/resubscribe", "ListTasks"}
EVERY_METHOD = OTHERS.union(*METHODS.values())
UNKNOWN_TAG = [{"type": "union_tag_invalid", "loc": [], "msg": "Input tag found using 'method'"}]
LITERAL = [
    {"type": "literal_error", "loc": [kind, "method"], "input": "SendMessage"}
    for kind in ("SendMessageRequest", "GetTaskRequest")
]
PROOFS: dict[str, Reply] = {
    "-32601": error(-32601, "Method not found"),
    "-32601 at HTTP 404": error(-32601, "Method not found", status=404),
    "-32009": error(-32009, "A2A version not supported. Supported versions: 1.0"),
    "orig": error(-32600, "Request payload validation error", data=UNKNOWN_TAG, status=400),
    "0.2.16": error(-32600, "Request payload validation error", data=LITERAL),
    "a gateway's 405": http(405, b"<html>Method Not Allowed</html>", "text/html"),
    "a gateway's 404": http(404, b"no upstream for this path", "text/plain"),
}
REFUSALS = PROOFS | {
    "500 for an unknown method": http(500, b"Internal Server Error", "text/plain"),  # FastA2A
}
BROKEN_ROOT = http(500, b"Internal Server Error", "text/plain")
CODES = {"1.0": -32001, "0.3": -32001, "0.1": -32001, "python-a2a": -32000}


@dataclass
class Speaker:
    """What an agent has done: the words it ran on, and its tasks as (state, text)."""

    version: str
    ran: list[str] = field(default_factory=list)
    tasks: dict[str, tuple[str, str]] = field(default_factory=dict)

    def send(self, request: Request) -> Sequence[Step]:
        task_id = self._run(request)
        shown = self.shown(task_id)
        return self._answer(request, {"task": shown} if self.version == "1.0" else shown)

    def stream(self, request: Request) -> Sequence[Step]:
        shown = self.shown(self._run(request))
        return stream({"task": shown} if self.version == "1.0" else shown)(request)

    def _run(self, request: Request) -> str:
        message, params = request.message, request.params
        words = "".join(part.get("text", "") for part in message["parts"])
        self.ran.append(words)
        known = message.get("taskId") or (params.get("id") if "id" in params else None)
        task_id = str(known or uuid4())
        if self.tasks.get(task_id, ("", ""))[0] == "input-required":
            self.tasks[task_id] = ("completed", f"got: {words}")
        elif words == "ask":
            self.tasks[task_id] = ("input-required", "which colour?")
        else:
            self.tasks[task_id] = ("completed", f"echo: {words}")
        return task_id

    def get(self, request: Request) -> Sequence[Step]:
        task_id = request.params["id"]
        if task_id not in self.tasks:
            return error(CODES[self.version], f"Task not found: {task_id}")(request)
        return self._answer(request, self.shown(task_id))

    def cancel(self, request: Request) -> Sequence[Step]:
        self.tasks[request.params["id"]] = ("canceled", "")
        return self.get(request)

    def _answer(self, request: Request, value: Any) -> Sequence[Step]:
        body = {"jsonrpc": "2.0", "id": request.json["id"], "result": value}
        return document(body)(request)

    def shown(self, task_id: str) -> dict[str, Any]:
        """Write a task as this version does."""
        state, text = self.tasks[task_id]
        status: dict[str, Any] = {"state": state}
        if self.version == "1.0":
            status["state"] = f"TASK_STATE_{state.upper().replace('-', '_')}"
        parts = [self._part(text)]
        if state == "input-required":
            role = "ROLE_AGENT" if self.version == "1.0" else "agent"
            status["message"] = {"messageId": "q", "role": role, "parts": parts}
            return self._named(task_id) | {"status": status}
        artifact = {"artifactId": "a", "parts": parts, "index": 0}
        return self._named(task_id) | {"status": status, "artifacts": [artifact]}

    def _named(self, task_id: str) -> dict[str, Any]:
        kind = {"kind": "task"} if self.version == "0.3" else {}
        old = self.version in ("0.1", "python-a2a")
        return kind | {"id": task_id, ("sessionId" if old else "contextId"): "c1"}

    def _part(self, text: str) -> dict[str, str]:
        name = {"1.0": "", "0.3": "kind"}.get(self.version, "type")
        return ({name: "text"} if name else {}) | {"text": text}


def speak(
    agent: ScriptedAgent, version: str, refusal: str = "-32601", *, known: Any = ()
) -> Speaker:
    """Make the agent speak this version alone; `known` are tasks of an agent that it replaces."""
    speaker = Speaker(version, tasks=dict(known))
    replies: dict[str, Reply] = dict.fromkeys(EVERY_METHOD, REFUSALS[refusal])
    if version == "python-a2a":
        replies = dict.fromkeys(EVERY_METHOD, BROKEN_ROOT)
    send, streaming, get, cancel = METHODS[version]
    replies |= {send: speaker.send, streaming: speaker.stream}
    replies |= {get: speaker.get, cancel: speaker.cancel}
    if version == "python-a2a":
        replies[send] = _at("/tasks/send", speaker.send)
        replies[streaming] = _at("/tasks/stream", speaker.stream)
        replies[get] = _at("/tasks/get", speaker.get)
        replies[cancel] = _at("/tasks/cancel", speaker.cancel)
    for call, reply in replies.items():
        agent.on(call, reply)
    return speaker


def _at(path: str, reply: Callable[[Request], Sequence[Step]]) -> Reply:
    """Answer at one path, and with HTTP 500 elsewhere, as python-a2a's root does."""
    return lambda request: (reply if request.path == path else BROKEN_ROOT)(request)


def says(agent: ScriptedAgent, version: str | None, **more: Any) -> None:
    """Let it have a card of this version: 1.0 lists interfaces, the older ones name a URL."""
    said: dict[str, Any] = {
        "name": "Wild agent",
        "description": "Says one thing and speaks another.",
        "version": "1",
        "capabilities": {"streaming": False},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [],
    }
    if version == "1.0":
        one = {"url": agent.url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        said["supportedInterfaces"] = [one]
    else:
        said |= {"url": agent.url} | ({"protocolVersion": version} if version else {})
    agent.on(CARD, document(said | more))


def posts(agent: ScriptedAgent) -> list[Request]:
    """Return everything that was posted to the agent."""
    return [request for request in agent.requests if request.verb == "POST"]
