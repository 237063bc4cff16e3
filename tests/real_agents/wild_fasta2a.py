"""A test agent on FastA2A: 2.1 (A2A 1.0 over JSON-RPC) or, as `--old`, 0.6 (A2A 0.3).

One worker that does one thing after the other, as the framework's own examples have it: a message
or a request to cancel waits until the turn before it has ended. Every message begins a new task; a
question is remembered by its context, which is how this framework holds a conversation.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fasta2a import FastA2A, Worker
from fasta2a.broker import InMemoryBroker
from fasta2a.storage import InMemoryStorage
from hosting import Record, listen, parser, serve
from starlette.types import ASGIApp, Receive, Scope, Send
from words import Content, Turn, respond

OVER = ("completed", "canceled", "failed", "rejected")
ASKED = "asked"


class StoredTurn(Turn):
    """A turn on 0.6: what happens is written into the storage, for those who look."""

    def __init__(self, worker: "Words", params: dict[str, Any], *, continues: bool) -> None:
        self.continues = continues
        self.worker = worker
        self.task_id: str = params["id"]
        self.context_id: str = params["context_id"]
        self._message: dict[str, Any] = params["message"]
        self._parts: dict[str, list[dict[str, Any]]] = {}
        self.text = "".join(part.get("text", "") for part in self._message["parts"])

    async def reply(self, text: str) -> None:
        await self.finish(text)

    async def announce(self) -> None:
        """Do nothing: the framework has made the task."""

    async def status(self, state: str, text: str = "", data: dict[str, Any] | None = None) -> None:
        said = [self.message(text)] if text else []
        await self.worker.storage.update_task(self.task_id, state, new_messages=said)
        if state == "input-required":
            await self.worker.storage.update_context(self.context_id, ASKED)

    async def artifact(
        self, name: str, *parts: Content, append: bool = False, last: bool = True
    ) -> None:
        shown = self._parts.setdefault(name, [])
        shown.extend(self.part(part) for part in parts)
        if last:
            whole = {"artifact_id": name, "name": name, "parts": shown}
            await self.worker.storage.update_task(self.task_id, "working", new_artifacts=[whole])

    def received(self) -> dict[str, Any]:
        return {
            "message_id": self._message["message_id"],
            "task_id": self.task_id,
            "context_id": self.context_id,
            "reference_task_ids": self._message.get("reference_task_ids", []),
            "metadata": self._message.get("metadata", {}),
            "texts": [part["text"] for part in self._message["parts"] if "text" in part],
            "data": [part["data"] for part in self._message["parts"] if "data" in part],
        }

    def message(self, text: str) -> dict[str, Any]:
        """Build a message of the agent."""
        said = {"role": "agent", "message_id": str(uuid4()), "parts": [self.part(text)]}
        return said | {"kind": "message"}

    def part(self, content: Content) -> dict[str, Any]:
        """Build a part in this version's shape."""
        if isinstance(content, str):
            return {"kind": "text", "text": content}
        if isinstance(content, dict):
            return {"kind": "data", "data": content}
        file = {"mime_type": content.media_type}
        if content.url:
            return {"kind": "file", "file": file | {"uri": content.url}}
        return {"kind": "file", "file": file | {"bytes": b64encode(content.content).decode()}}


class StreamedTurn(StoredTurn):
    """A turn on 2.1: what happens goes to the streams too."""

    async def status(self, state: str, text: str = "", data: dict[str, Any] | None = None) -> None:
        await super().status(state, text)
        # The framework tells of the end by itself, but without a word.
        if text or state == "working":
            said = self.message(text) if text else None
            await self.worker.publish_status(self.task_id, self.context_id, state, said)

    async def artifact(
        self, name: str, *parts: Content, append: bool = False, last: bool = True
    ) -> None:
        await super().artifact(name, *parts, append=append, last=last)
        chunk = {"artifact_id": name, "name": name, "parts": [self.part(part) for part in parts]}
        await self.worker.publish_artifact(
            self.task_id, self.context_id, chunk, append=append, last_chunk=last
        )

    def message(self, text: str) -> dict[str, Any]:
        return {"role": "agent", "message_id": str(uuid4()), "parts": [self.part(text)]}

    def part(self, content: Content) -> dict[str, Any]:
        if isinstance(content, str):
            return {"text": content}
        if isinstance(content, dict):
            return {"data": content}
        named = {"filename": content.name, "media_type": content.media_type}
        if content.url:
            return named | {"url": content.url}
        return named | {"raw": b64encode(content.content).decode()}


@dataclass
class Words(Worker[str]):  # type: ignore[misc]
    """Runs the words, and notes that it did."""

    record: Record
    turn: type[StoredTurn]

    async def run_task(self, params: dict[str, Any]) -> None:
        context_id = params["context_id"]
        continues = await self.storage.load_context(context_id) == ASKED
        await self.storage.update_context(context_id, "")
        turn = self.turn(self, params, continues=continues)
        message_id = params["message"]["message_id"]
        self.record.execution(message_id, params["id"], context_id, turn.text)
        await respond(turn)

    async def cancel_task(self, params: dict[str, Any]) -> None:
        self.record.cancel(params["id"], params.get("metadata") or {})
        task = await self.storage.load_task(params["id"])
        if task and task["status"]["state"] not in OVER:
            await self.storage.update_task(params["id"], "canceled")

    def build_message_history(self, history: list[Any]) -> list[Any]:
        return history

    def build_artifacts(self, result: Any) -> list[Any]:
        return [result]


@dataclass
class Living:
    """The application with its lifespan, begun by the first request: a mounted one gets none."""

    app: FastA2A
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    life: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.life = self.life or asyncio.create_task(self._live())
        await self.ready.wait()
        await self.app(scope, receive, send)

    async def _live(self) -> None:
        async with self.app.router.lifespan_context(self.app):
            self.ready.set()
            await asyncio.Event().wait()


def application(url: str, record: Record, turn: type[StoredTurn]) -> ASGIApp:
    """Build the agent with its worker, as the framework's documentation does."""
    broker, storage = InMemoryBroker(), InMemoryStorage[str]()

    @asynccontextmanager
    async def lifespan(app: FastA2A) -> AsyncIterator[None]:
        async with app.task_manager, Words(broker, storage, record, turn).run():
            yield

    app = FastA2A(
        storage=storage,
        broker=broker,
        url=url,
        name="Test agent FastA2A",
        description="Does what the first word says.",
        lifespan=lifespan,
    )
    return Living(app)


def main() -> None:
    arguments = parser()
    arguments.add_argument("--old", action="store_true", help="this is 0.6")
    options = arguments.parse_args()
    listener, origin = listen(options.port)
    record = Record()
    turn = StoredTurn if options.old else StreamedTurn
    serve(application(origin, record, turn), listener, record, origin)


if __name__ == "__main__":
    main()
