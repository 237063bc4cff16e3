"""A test agent on python-a2a 0.5: A2A as of spring 2025, each method at a URL of its own.

Served as the framework's `run_server` does: one thread and one connection a request. A task exists
for others only once its turn has ended, so a running one is neither found nor cancelled; a stream
says `submitted` and then everything at once. There are no messages without a task.
"""

import asyncio
import json
import logging
import os
import sys
import threading
from base64 import b64encode
from functools import partial
from typing import Any

from flask import Flask, jsonify, request
from hosting import Record, listen, parser
from python_a2a import A2AServer, AgentCard, AgentSkill, Task, TaskState, TaskStatus
from python_a2a.server.http import create_flask_app
from werkzeug.serving import make_server
from words import Content, Turn, respond

STATES = {
    "working": "waiting",
    "auth-required": "input-required",
    "rejected": "failed",
}
"""This framework's word for a state it does not know."""


class TaskTurn(Turn):
    """A turn in the framework's task."""

    def __init__(self, task: Task, *, continues: bool) -> None:
        self._task = task
        self._message = task.message or {}
        self.text = _text(self._message)
        self.continues = continues

    async def reply(self, text: str) -> None:
        await self.finish(text)

    async def announce(self) -> None:
        await self.status("submitted")

    async def status(self, state: str, text: str = "", data: dict[str, Any] | None = None) -> None:
        said = {"role": "agent", "content": {"type": "text", "text": text}} if text else None
        self._task.status = TaskStatus(TaskState(STATES.get(state, state)), said)

    async def artifact(
        self, name: str, *parts: Content, append: bool = False, last: bool = True
    ) -> None:
        if not append:
            self._task.artifacts.append({"name": name, "parts": []})
        self._task.artifacts[-1]["parts"].extend(_part(part) for part in parts)

    def received(self) -> dict[str, Any]:
        return {
            "message_id": self._message.get("message_id", ""),
            "task_id": self._task.id,
            "context_id": self._task.session_id,
            "metadata": self._message.get("metadata") or {},
            "request_metadata": self._task.metadata,
            "texts": [self.text],
        }


def _text(message: dict[str, Any]) -> str:
    # tasks/send has rewritten the message into the framework's own form, tasks/stream has not.
    if "content" in message:
        return str(message["content"].get("text", ""))
    return "".join(part.get("text", "") for part in message.get("parts", []))


def _part(content: Content) -> dict[str, Any]:
    if isinstance(content, str):
        return {"type": "text", "text": content}
    if isinstance(content, dict):
        return {"type": "data", "data": content}
    file = {"name": content.name, "mimeType": content.media_type}
    if content.url:
        return {"type": "file", "file": file | {"uri": content.url}}
    return {"type": "file", "file": file | {"bytes": b64encode(content.content).decode()}}


class Agent(A2AServer):  # type: ignore[misc]
    """Runs the words, and notes that it did."""

    def __init__(self, card: AgentCard, record: Record) -> None:
        super().__init__(agent_card=card)
        self._record = record

    def handle_task(self, task: Task) -> Task:
        turn = TaskTurn(task, continues=task.id in self.tasks)
        message_id = turn.received()["message_id"]
        self._record.execution(message_id, task.id, task.session_id, turn.text)
        asyncio.run(respond(turn))
        return task


def recorded(app: Flask, record: Record) -> Flask:
    """Note every request to the application, and let it show the record."""

    def note() -> None:
        if request.path.removeprefix("/") in vars(record):
            return
        headers = {name.lower(): value for name, value in request.headers}
        seen = {"method": request.method, "path": request.path, "headers": headers}
        record.requests.append(seen)
        if request.path.endswith("/tasks/cancel"):
            params = request.get_json().get("params", {})
            record.cancel(params.get("id", ""), params.get("metadata") or {})

    app.before_request(note)
    for name, entries in vars(record).items():
        app.add_url_rule(f"/{name}", name, partial(jsonify, entries))
    return app


def card(url: str) -> AgentCard:
    """Build the card; the framework puts its own idea of the version into it."""
    skill = AgentSkill(id="words", name="Words", description="All of it.", tags=["test"])
    return AgentCard(
        name="Test agent python-a2a",
        description="Does what the first word says.",
        url=url,
        version="0.5.10",
        skills=[skill],
    )


def main() -> None:
    options = parser().parse_args()
    listener, origin = listen(options.port)
    record = Record()
    app = recorded(create_flask_app(Agent(card(origin), record)), record)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": origin}), flush=True)
    # The pipe closes however the test run ends, kill -9 included.
    while os.read(sys.stdin.fileno(), 4096):
        pass


if __name__ == "__main__":
    main()
