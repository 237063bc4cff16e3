"""A test agent on PraisonAI 1.7: A2A 0.3 in its own reading, at `/a2a` under the place of its card.

The agent is the framework's own with the model taken out: `chat` gets a text and returns a text, so
every answer is a completed task, a question too, and every message begins a new task. A streamed
turn holds up the whole server while it lasts, and its task stays `submitted`: so the framework is.
"""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

from fastapi import FastAPI
from hosting import Record, listen, parser, serve
from praisonaiagents import Agent
from praisonaiagents.ui.a2a import A2A
from praisonaiagents.ui.a2a.task_store import TaskStore
from praisonaiagents.ui.a2a.types import Message, Task
from words import Content, Turn, respond

ASKED: ContextVar[Task] = ContextVar("asked")
"""The task of the request being answered: the framework gives its agent the text alone."""


class Refused(Exception):
    """The only failure the framework knows: its agent raises."""


class SpokenTurn(Turn):
    """A turn whose answer is one text."""

    continues = False

    def __init__(self, text: str, task: Task) -> None:
        self.text = text
        self.answer = ""
        self._task = task

    async def reply(self, text: str) -> None:
        self.answer += text

    async def announce(self) -> None:
        """Do nothing: the framework has made the task."""

    async def status(self, state: str, text: str = "", data: dict[str, Any] | None = None) -> None:
        if state in ("failed", "rejected"):
            raise Refused(text)
        if state in ("input-required", "auth-required"):
            self.answer += text

    async def artifact(
        self, name: str, *parts: Content, append: bool = False, last: bool = True
    ) -> None:
        self.answer += "".join(map(_text, parts))

    def received(self) -> dict[str, Any]:
        message = _message(self._task)
        return {
            "message_id": message.message_id,
            "task_id": message.task_id,
            "context_id": message.context_id,
            "metadata": message.metadata or {},
            "texts": [self.text],
        }


def _text(content: Content) -> str:
    if isinstance(content, str):
        return content
    return json.dumps(content) if isinstance(content, dict) else content.url or content.name


def _message(task: Task) -> Message:
    return task.history[0]


class Speaker(Agent):  # type: ignore[misc]
    """Runs the words, and notes that it did."""

    def __init__(self, record: Record) -> None:
        super().__init__(
            name="Test agent PraisonAI", role="Does what the first word says", goal="Test"
        )
        self._record = record

    def chat(self, prompt: str) -> str:
        task = ASKED.get()
        message = _message(task)
        self._record.execution(message.message_id, task.id, task.context_id or "", prompt)
        turn = SpokenTurn(prompt, task)
        # A stream calls this on the event loop, where no other may run.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, respond(turn)).result()
        return turn.answer


class Store(TaskStore):  # type: ignore[misc]
    """Tells the agent which task it works on, and notes what is to be cancelled."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self._record = record

    def create_task(self, message: Message, context_id: str | None = None) -> Task:
        task = super().create_task(message, context_id)
        ASKED.set(task)
        return task

    def cancel_task(self, task_id: str) -> Task | None:
        self._record.cancel(task_id, {})
        return super().cancel_task(task_id)


def main() -> None:
    options = parser().parse_args()
    listener, origin = listen(options.port)
    record = Record()
    served = A2A(agent=Speaker(record), url=f"{origin}/a2a", version="1.7.17")
    served.task_store = Store(record)
    app = FastAPI()
    app.include_router(served.get_router())
    serve(app, listener, record, origin)


if __name__ == "__main__":
    main()
