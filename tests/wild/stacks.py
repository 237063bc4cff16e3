"""A scripted agent that behaves as an agent framework does; `lookalikes` holds their habits.

The base is what a plain a2a-sdk server does. The first word of a message says what happens: `echo`,
`stream` and `laugh` (in three pieces), `slow` (until `finish`), `ask` (for a colour).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anyio
from scripted import CARD, Request, ScriptedAgent, Step, document, error, result

METHODS = {
    "1.0": ("SendMessage", "SendStreamingMessage", "GetTask", "CancelTask", "SubscribeToTask"),
    "0.3": ("message/send", "message/stream", "tasks/get", "tasks/cancel", "tasks/resubscribe"),
}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
QUESTION = "which colour?"
Frame = dict[str, Any]


class Stack:
    """One framework; a subclass overrides the frames that it sends otherwise."""

    version = "1.0"
    said_version: str | None = None
    path = ""
    streaming = True
    waits = True
    card_call = CARD
    task_id = "t1"
    context_id = "c1"

    def __init__(self, agent: ScriptedAgent) -> None:
        self.agent = agent
        self.url = agent.url + self.path
        self.ran: list[str] = []
        self.pieces: list[str] = []
        self.scene = ""
        self.asked = False
        self.canceled = False
        self.finished = anyio.Event()
        agent.on(CARD, document({"detail": "Not Found"}, 404))
        agent.on(self.card_call, self._card)
        send, stream, get, cancel, subscribe = METHODS[self.version]
        agent.on(send, self._checked(self.unary))
        agent.on(stream, self._checked(self.streamed))
        agent.on(get, self.get)
        agent.on(cancel, self.cancel)
        agent.on(subscribe, error(-32601, "Method not found"))
        for other in {*METHODS["1.0"], *METHODS["0.3"], "ListTasks"} - set(METHODS[self.version]):
            agent.on(other, error(-32601, "Method not found"))

    # --- what is configured, and what the card says ---

    @property
    def configured(self) -> str:
        """The URL that a person would configure."""
        return self.url

    def card(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "name": type(self).__name__,
            "description": "Does what a framework does.",
            "version": "1",
            "capabilities": {"streaming": self.streaming},
            "defaultInputModes": ["text"],
            "defaultOutputModes": ["text"],
            "skills": [],
        }
        version = self.said_version or self.version
        if version == "1.0":
            one = {"url": self.url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
            return said | {"supportedInterfaces": [one]}
        return said | {"url": self.url, "protocolVersion": "0.3.0"}

    def _card(self, request: Request) -> Any:
        return document(self.card())(request)

    # --- what is asked of it ---

    def _checked(self, reply: Any) -> Any:
        """Begin the work that a message asks for, unless it is refused."""

        def answer(request: Request) -> Any:
            refusal = self.refuses(request)
            if refusal:
                return refusal(request)
            self.begin(request)
            return reply(request)

        return answer

    def refuses(self, request: Request) -> Any:
        """Return the refusal of a message, or nothing."""
        return None

    def begin(self, request: Request) -> None:
        message = request.message
        words = "".join(part.get("text", "") for part in message["parts"])
        self.ran.append(words or json.dumps(message["parts"][0].get("data")))
        if message.get("taskId") and self.asked:
            self.scene, self.asked = "answer", False
            self.pieces = ["got: ", self.colour(message)]
            return
        self.scene = words.partition(" ")[0]
        self.asked = self.scene == "ask"
        self.pieces = {
            "stream": ["one ", "two ", "three"],
            "slow": ["finally ", "done"],
            "laugh": ["ha", "ha", "ha"],
            "ask": [],
        }.get(self.scene, [f"echo: {words}"])

    def colour(self, message: dict[str, Any]) -> str:
        """Read the answer to the question."""
        return str(message["parts"][0].get("text"))

    def finish(self) -> None:
        """Let the slow work come to its end."""
        self.finished.set()

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def state(self) -> str:
        if self.asked:
            return "input-required"
        if self.scene == "slow" and self.canceled:
            return "canceled"
        return "working" if self.scene == "slow" and not self.finished.is_set() else "completed"

    def unary(self, request: Request) -> Any:
        shown = self.stored() if self.waits else self.task("submitted")
        return result({"task": shown} if self.version == "1.0" else shown)(request)

    def get(self, request: Request) -> Any:
        if request.params["id"] != self.task_id:
            return error(-32001, "Task not found")(request)
        return result(self.stored())(request)

    def cancel(self, request: Request) -> Any:
        self.canceled = True
        self.finished.set()
        return result(self.stored())(request)

    # --- its stream ---

    def streamed(self, request: Request) -> Iterator[Step]:
        yield HEAD
        for frame in self.frames():
            yield frame if isinstance(frame, anyio.Event) else self._sse(request, frame)
        yield b"0\r\n\r\n"

    def _sse(self, request: Request, frame: Frame) -> bytes:
        data = self.event(request, frame)
        return f"{len(data):x}\r\n".encode() + data + b"\r\n"

    def event(self, request: Request, frame: Frame) -> bytes:
        body = {"jsonrpc": "2.0", "id": request.json["id"], "result": frame}
        return f"data: {json.dumps(body)}\n\n".encode()

    def frames(self) -> Iterator[Frame | anyio.Event]:
        yield from self.opening()
        if self.asked:
            yield from self.asking()
            return
        if self.scene == "slow":
            yield self.finished
        if self.canceled:
            yield from self.ending_canceled()
            return
        yield from self.speaking()
        yield from self.closing()

    def opening(self) -> Iterator[Frame]:
        yield self.framed("task", self.task("submitted"))
        yield self.status("working")

    def speaking(self) -> Iterator[Frame]:
        for number, piece in enumerate(self.pieces):
            yield self.artifact(piece, append=number > 0)

    def closing(self) -> Iterator[Frame]:
        yield self.status("completed", final=True)

    def asking(self) -> Iterator[Frame]:
        yield self.status("input-required", self.question(), final=True)

    def ending_canceled(self) -> Iterator[Frame]:
        yield self.status("canceled", final=True)

    # --- its JSON ---

    def stored(self) -> dict[str, Any]:
        """The task as a read shows it now."""
        if self.state == "completed":
            return self.task("completed", artifacts=[self.whole()])
        if self.state == "input-required":
            return self.task("input-required", self.question())
        return self.task(self.state)

    def whole(self) -> dict[str, Any]:
        return {"artifactId": "a1", "parts": [self.part(piece) for piece in self.pieces]}

    def question(self) -> list[Any]:
        return [self.part(QUESTION)]

    def part(self, text: str) -> dict[str, Any]:
        return {"text": text} if self.version == "1.0" else {"kind": "text", "text": text}

    def word(self, state: str) -> str:
        return f"TASK_STATE_{state.upper().replace('-', '_')}" if self.version == "1.0" else state

    def message(self, *parts: Any, role: str = "agent", message_id: str = "m1") -> dict[str, Any]:
        kind = {} if self.version == "1.0" else {"kind": "message"}
        role = f"ROLE_{role.upper()}" if self.version == "1.0" else role
        return kind | {"messageId": message_id, "role": role, "parts": list(parts)}

    def task(self, state: str, said: list[Any] | None = None, **more: Any) -> dict[str, Any]:
        status: dict[str, Any] = {"state": self.word(state)}
        if said is not None:
            status["message"] = self.message(*said)
        kind = {} if self.version == "1.0" else {"kind": "task"}
        return kind | {"id": self.task_id, "contextId": self.context_id, "status": status} | more

    def status(self, state: str, said: list[Any] | None = None, *, final: bool = False) -> Frame:
        event = {
            "taskId": self.task_id,
            "contextId": self.context_id,
            "status": self.task(state, said)["status"],
        }
        return self.framed(
            "statusUpdate", event | ({} if self.version == "1.0" else {"final": final})
        )

    def artifact(self, *texts: str, append: bool = False, artifact_id: str = "a1") -> Frame:
        parts = [self.part(text) for text in texts]
        event = {
            "taskId": self.task_id,
            "contextId": self.context_id,
            "artifact": {"artifactId": artifact_id, "parts": parts},
            "append": append,
        }
        return self.framed("artifactUpdate", event)

    def framed(self, name: str, value: dict[str, Any]) -> Frame:
        kinds = {"statusUpdate": "status-update", "artifactUpdate": "artifact-update"}
        if self.version == "1.0":
            return {name: value}
        return value | {"kind": kinds.get(name, name)}
