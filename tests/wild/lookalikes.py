"""The habits of agent frameworks, one class each: what they do otherwise than a plain server.

From runs of the frameworks named; each class says what is special about one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
from scripted import CARD, Request, document, error, http, result
from stacks import QUESTION, Frame, Stack

OLD_CARD = "GET /.well-known/agent.json"
ADK_CALL = {"id": "adk-1", "name": "ask_colour", "args": {"question": QUESTION}}
STRANDS_INTERRUPT = {"interruptId": "i-1", "name": "colour", "reason": QUESTION}


class LangGraph(Stack):
    """1.0 names in 0.3 frames, cumulative status texts, ids with a colon, a strict Accept."""

    path = "/a2a/fe096781-5601-53d2-b2f6-0d3403f7e9ca"
    task_id = "0199d1c2-aaaa-7000-8000-0000000000aa:0199d1c2-bbbb-7000-8000-0000000000bb"
    context_id = "0199d1c2-aaaa-7000-8000-0000000000aa"

    @property
    def configured(self) -> str:
        return f"{self.agent.url}?assistant_id=fe096781"

    def _card(self, request: Request) -> Any:
        if parse_qs(urlsplit(request.path).query).get("assistant_id") != ["fe096781"]:
            return document({"detail": "assistant_id is required"}, 400)(request)
        return document(self.card())(request)

    def refuses(self, request: Request) -> Any:
        accept = request.headers.get("accept", "")
        streams = request.call == "SendStreamingMessage"
        wanted = "text/event-stream" if streams else "application/json"
        if wanted not in accept:
            return document({"detail": f"Accept header must include {wanted}"}, 400)
        context = request.message.get("contextId")
        if context not in (None, self.context_id):
            return error(-32602, "contextId is not a thread")
        return None

    def framed(self, name: str, value: dict[str, Any]) -> Frame:
        kinds = {"statusUpdate": "status-update", "artifactUpdate": "artifact-update"}
        final = {"final": False} if name == "statusUpdate" else {}
        return final | value | {"kind": kinds.get(name, name)}

    def part(self, text: str) -> dict[str, Any]:
        return {"kind": "text", "text": text}

    def unary(self, request: Request) -> Any:
        shown = self.stored_by_send() if self.state != "input-required" else self.stored()
        return result(shown | {"kind": "task"})(request)

    def stored_by_send(self) -> dict[str, Any]:
        return self.task("completed", artifacts=[self.whole()])

    def speaking(self) -> Iterator[Frame]:
        for end in range(len(self.pieces)):
            yield self.status("working", [self.part("".join(self.pieces[: end + 1]))])
        yield self.artifact(self.text)

    def asking(self) -> Iterator[Frame]:
        yield self.artifact(QUESTION, artifact_id="interrupt")
        yield self.status("input-required", self.question(), final=True)

    def ending_canceled(self) -> Iterator[Frame]:
        yield self.status("completed", final=True)

    def stored(self) -> dict[str, Any]:
        user = self.message(self.part("…"), role="user", message_id="u1")
        if self.state == "completed":
            agent = self.message(self.part(self.text), message_id="a9")
            said = [self.part("Task completed successfully")]
            return self.task("completed", said, history=[user, agent])
        if self.state == "input-required":
            interrupt = {"artifactId": "interrupt", "parts": self.question()}
            return self.task("input-required", artifacts=[interrupt], history=[user])
        return self.task(self.state, history=[user])


class GoogleAdk(Stack):
    """Says every text three times; asks with a function call and takes but a function response."""

    def speaking(self) -> Iterator[Frame]:
        for number, piece in enumerate(self.pieces):
            yield self.artifact(piece, append=number > 0)
        if len(self.pieces) > 1:
            yield self.artifact(self.text)
        yield self.status("working", [self.part(self.text)])

    def closing(self) -> Iterator[Frame]:
        yield self.status("completed", [self.part(self.text)])

    def question(self) -> list[Any]:
        marks = {"adk_type": "function_call", "adk_is_long_running": True}
        return [{"data": ADK_CALL, "metadata": marks}]

    def refuses(self, request: Request) -> Any:
        if not (request.message.get("taskId") and self.asked):
            return None
        part = request.message["parts"][0]
        fits = (
            len(request.message["parts"]) == 1
            and part.get("data", {}).get("id") == ADK_CALL["id"]
            and part.get("metadata", {}).get("adk_type") == "function_response"
        )
        return None if fits else error(-32602, "a function response is needed")

    def colour(self, message: dict[str, Any]) -> str:
        response = message["parts"][0]["data"]["response"]
        return str(response.get("colour") or response["result"])

    def stored(self) -> dict[str, Any]:
        if self.state != "completed":
            return super().stored()
        said = self.message(self.part(self.text), message_id="h1")
        words = [self.part(self.text)]
        whole = {"artifactId": "a1", "parts": words}
        return self.task("completed", words, artifacts=[whole], history=[said])


class Strands(Stack):
    """Streams in status messages, the artifact comes last; an answer is a lone data part."""

    version = "0.3"

    def speaking(self) -> Iterator[Frame]:
        for piece in self.pieces:
            yield self.status("working", [self.part(piece)])
        yield self.artifact(f"{self.text}\n")

    def whole(self) -> dict[str, Any]:
        return {"artifactId": "a1", "name": "agent_response", "parts": [self.part(self.text)]}

    def question(self) -> list[Any]:
        data = {"kind": "data", "data": {"interrupts": [STRANDS_INTERRUPT]}}
        return [self.part(f"Agent requires input:\n- colour: {QUESTION}"), data]

    def refuses(self, request: Request) -> Any:
        if not (request.message.get("taskId") and self.asked):
            return None
        parts = request.message["parts"]
        fits = [part["kind"] for part in parts] == ["data"] and (
            parts[0]["data"].get("interruptResponse", {}).get("interruptId") == "i-1"
        )
        words = "Task is awaiting an interrupt response and cannot accept a new message"
        return None if fits else error(-32602, words)

    def colour(self, message: dict[str, Any]) -> str:
        return str(message["parts"][0]["data"]["interruptResponse"]["response"])


class StrandsCompliant(Strands):
    """Streams in artifact chunks, with an empty last one."""

    def speaking(self) -> Iterator[Frame]:
        for number, piece in enumerate(self.pieces):
            yield self.artifact(piece, append=number > 0)
        yield self.artifact("", append=True)


class Mastra(Stack):
    """A card at a full URL only; fails with a stack trace in the error's data."""

    version = "0.3"
    path = "/api/a2a/weather"
    card_call = "GET /api/.well-known/weather/agent-card.json"

    @property
    def configured(self) -> str:
        return f"{self.agent.url}/api/.well-known/weather/agent-card.json"

    def refuses(self, request: Request) -> Any:
        if request.message["parts"][0].get("text") != "raise":
            return None
        trace = "Error: boom\n    at file:///app/secret/.mastra/output/index.mjs:42:13"
        return error(-32603, "boom", data={"stack": trace})


class AgentFramework(Stack):
    """Its card says 0.3, and it speaks 1.0 alone."""

    said_version = "0.3"


class AgentStack(Stack):
    """Begins with a status, never sends a task, and keeps the answer in the history alone."""

    version = "0.3"

    def opening(self) -> Iterator[Frame]:
        yield self.status("working")

    def speaking(self) -> Iterator[Frame]:
        yield self.status("working", [self.part(self.text)])

    def stored(self) -> dict[str, Any]:
        if self.state != "completed":
            return super().stored()
        user = self.message(self.part("…"), role="user", message_id="u1")
        agent = self.message(self.part(self.text), message_id="m1")
        return self.task("completed", history=[user, agent])


class Kagenti(Stack):
    """Begins with a status; the answer is the last status's message."""

    def opening(self) -> Iterator[Frame]:
        yield self.status("working", [self.part("Processing …")])

    def speaking(self) -> Iterator[Frame]:
        yield from ()

    def closing(self) -> Iterator[Frame]:
        yield self.status("completed", [self.part(self.text)])

    def stored(self) -> dict[str, Any]:
        if self.state != "completed":
            return super().stored()
        before = self.message(self.part("Processing …"), message_id="m0")
        return self.task("completed", [self.part(self.text)], history=[before])


class PydanticAi(Stack):
    """Never waits, repeats all text in the last frame, and ignores a cancel."""

    waits = False

    def speaking(self) -> Iterator[Frame]:
        yield from super().speaking()
        yield self.artifact(self.text)

    def cancel(self, request: Request) -> Any:
        return result(self.stored())(request)


class FastA2A(Stack):
    """A worker that only writes its storage: a stream without any word of the answer."""

    waits = False

    def opening(self) -> Iterator[Frame]:
        yield self.framed("task", self.task("submitted"))

    def speaking(self) -> Iterator[Frame]:
        yield from ()

    def begin(self, request: Request) -> None:
        super().begin(request)
        self.asked = False


class Praison(Stack):
    """Bare frames, two l in cancelled, no kinds, -32000, and a new task for every message."""

    version = "0.3"
    path = "/a2a"
    card_call = OLD_CARD

    @property
    def configured(self) -> str:
        return self.agent.url

    def begin(self, request: Request) -> None:
        super().begin(request)
        self.task_id = f"task-{len(self.ran)}"
        self.asked = False

    def card(self) -> dict[str, Any]:
        said = super().card()
        return {
            name: said[name] for name in ("name", "url", "version", "description", "capabilities")
        }

    def part(self, text: str) -> dict[str, Any]:
        return {"text": text}

    def word(self, state: str) -> str:
        return {"canceled": "cancelled", "input-required": "input_required"}.get(state, state)

    def task(self, state: str, said: list[Any] | None = None, **more: Any) -> dict[str, Any]:
        whole = super().task(state, said, **more)
        return {name: whole[name] for name in whole if name not in ("kind", "contextId")}

    def get(self, request: Request) -> Any:
        if request.params["id"] != self.task_id:
            return error(-32000, f"Task not found: {request.params['id']}")(request)
        return result(self.stored())(request)

    def opening(self) -> Iterator[Frame]:
        yield self.status("working")

    def event(self, request: Request, frame: Frame) -> bytes:
        name = "task.artifact" if "artifact" in frame else "task.status"
        bare = {key: frame[key] for key in frame if key not in ("kind", "contextId")}
        said = f"event: {name}\ndata: {json.dumps(bare)}\n\n"
        if bare.get("final"):
            said += "event: done\ndata: {}\n\n"
        return said.encode()


class CrewAi(Stack):
    """Streams one final task and nothing before it."""

    version = "0.3"

    def frames(self) -> Iterator[Frame | anyio.Event]:
        if self.scene == "slow":
            yield self.finished
        yield self.framed("task", self.task("completed", artifacts=[self.whole()]))


class Cumulative(Stack):
    """Appends pieces that each hold the whole text so far, and says it all at the end again."""

    version = "0.3"

    def so_far(self) -> list[str]:
        return ["".join(self.pieces[: end + 1]) for end in range(len(self.pieces))]

    def speaking(self) -> Iterator[Frame]:
        for text in self.so_far():
            yield self.artifact(text, append=True)

    def closing(self) -> Iterator[Frame]:
        yield self.status("completed", [self.part(self.text)], final=True)

    def stored(self) -> dict[str, Any]:
        if self.state != "completed":
            return super().stored()
        whole = {"artifactId": "a1", "parts": [self.part(text) for text in self.so_far()]}
        return self.task("completed", [self.part(f"{self.text}\n")], artifacts=[whole])


class Js03(Stack):
    """The failure of an agent that crashes comes under another task's id."""

    version = "0.3"

    def frames(self) -> Iterator[Frame | anyio.Event]:
        if self.scene != "crash":
            yield from super().frames()
            return
        yield from self.opening()
        failed = self.status("failed", [self.part("Agent execution error: boom")], final=True)
        yield failed | {"taskId": "another-task"}

    def stored(self) -> dict[str, Any]:
        return self.task("working") if self.scene == "crash" else super().stored()


def refuse_all_but(agent: Any, place: str) -> None:
    """Serve a page of HTML at the usual places of a card."""
    for call in {CARD, OLD_CARD, "GET /v1/card", "GET /agent.json"} - {place}:
        agent.on(call, http(200, b"<html>Welcome</html>", "text/html"))
