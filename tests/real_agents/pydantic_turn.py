"""The parts of a test agent that a2a-sdk 0.2 and 0.3 share: models in pydantic, states in kebab."""

from base64 import b64encode
from typing import Any

import httpx
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.context import ServerCallContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.tasks import (
    BasePushNotificationSender,
    InMemoryPushNotificationConfigStore,
    InMemoryTaskStore,
    TaskUpdater,
)
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentSkill,
    DataPart,
    FilePart,
    FileWithBytes,
    FileWithUri,
    Message,
    Part,
    Role,
    Task,
    TaskIdParams,
    TaskState,
    TaskStatus,
    TextPart,
)
from hosting import Record
from words import Content, Turn, respond

FINAL = ("input-required", "completed", "canceled", "failed", "rejected")


class PydanticTurn(Turn):
    """A turn in pydantic models."""

    def __init__(self, context: RequestContext, queue: EventQueue) -> None:
        self.text = context.get_user_input()
        self.continues = context.current_task is not None
        self._context = context
        self._queue = queue
        self._updates = TaskUpdater(queue, context.task_id or "", context.context_id or "")

    @property
    def message(self) -> Message:
        """The message that began this turn."""
        assert self._context.message
        return self._context.message

    async def reply(self, *parts: Content) -> None:
        message = Message(
            message_id=f"reply-to-{self.message.message_id}",
            context_id=self._context.context_id,
            role=Role.agent,
            parts=[_part(part) for part in parts],
        )
        await self._queue.enqueue_event(message)

    async def announce(self) -> None:
        task = Task(
            id=self._updates.task_id,
            context_id=self._updates.context_id,
            status=TaskStatus(state=TaskState.submitted),
            history=[self.message],
        )
        await self._queue.enqueue_event(task)

    async def status(self, state: str, *parts: Content) -> None:
        said = [_part(part) for part in parts]
        message = self._updates.new_agent_message(said) if said else None
        await self._updates.update_status(TaskState(state), message, final=state in FINAL)

    async def artifact(
        self, name: str, *parts: Content, append: bool = False, last: bool = True
    ) -> None:
        await self._updates.add_artifact(
            [_part(part) for part in parts], name, name, append=append, last_chunk=last
        )

    def received(self) -> dict[str, Any]:
        message = self.message
        parts = [part.root for part in message.parts]
        return {
            "message_id": message.message_id,
            "task_id": message.task_id,
            "context_id": message.context_id,
            "reference_task_ids": message.reference_task_ids or [],
            "extensions": message.extensions or [],
            "metadata": message.metadata or {},
            "request_metadata": self._context.metadata,
            "texts": [part.text for part in parts if isinstance(part, TextPart)],
            "data": [
                {"data": part.data, "metadata": part.metadata or {}}
                for part in parts
                if isinstance(part, DataPart)
            ],
            "files": [_file(part.file) for part in parts if isinstance(part, FilePart)],
        }


def _part(content: Content) -> Part:
    if isinstance(content, str):
        return Part(root=TextPart(text=content))
    if isinstance(content, dict):
        return Part(root=DataPart(data=content))
    file: FileWithBytes | FileWithUri
    if content.url:
        file = FileWithUri(uri=content.url, mime_type=content.media_type, name=content.name)
    else:
        encoded = b64encode(content.content).decode()
        file = FileWithBytes(bytes=encoded, mime_type=content.media_type, name=content.name)
    return Part(root=FilePart(file=file))


def _file(file: FileWithBytes | FileWithUri) -> dict[str, str]:
    return {
        "name": file.name or "",
        "media_type": file.mime_type or "",
        "bytes": file.bytes if isinstance(file, FileWithBytes) else "",
        "url": file.uri if isinstance(file, FileWithUri) else "",
    }


class Executor(AgentExecutor):
    """Runs the words, and notes that it did."""

    def __init__(self, record: Record) -> None:
        self._record = record

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        turn = PydanticTurn(context, event_queue)
        message_id = turn.message.message_id
        task_id, context_id = context.task_id or "", context.context_id or ""
        self._record.execution(message_id, task_id, context_id, turn.text)
        await respond(turn)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        await PydanticTurn(context, event_queue).status("canceled", "canceled as asked")


class Handler(DefaultRequestHandler):
    """Notes cancel requests: their metadata never reaches the executor."""

    def __init__(self, record: Record, *, push: bool) -> None:
        store = InMemoryPushNotificationConfigStore() if push else None
        super().__init__(
            Executor(record),
            InMemoryTaskStore(),
            push_config_store=store,
            push_sender=BasePushNotificationSender(httpx.AsyncClient(), store) if store else None,
        )
        self._record = record

    async def on_cancel_task(
        self, params: TaskIdParams, context: ServerCallContext | None = None
    ) -> Task | None:
        self._record.cancel(params.id, params.metadata or {})
        return await super().on_cancel_task(params, context)


def extended_card(public: AgentCard) -> AgentCard:
    """Build what only callers with credentials see: one more skill."""
    secrets = AgentSkill(id="secrets", name="Secrets", description="For members.", tags=["test"])
    more = {
        "description": "Does what the first word says, and secrets.",
        "skills": [*public.skills, secrets],
        "default_output_modes": [*public.default_output_modes, "image/png"],
    }
    return public.model_copy(update=more)


def card_fields(generation: str, url: str, *, streaming: bool, push: bool) -> dict[str, Any]:
    """Return what the cards of both generations hold."""
    return {
        "name": f"Test agent {generation}",
        "description": "Does what the first word says.",
        "version": generation,
        "url": url,
        "capabilities": AgentCapabilities(streaming=streaming, push_notifications=push),
        "default_input_modes": ["text/plain", "application/*", "image/png"],
        "default_output_modes": ["text/plain"],
        "skills": [AgentSkill(id="words", name="Words", description="All of it.", tags=["test"])],
    }
