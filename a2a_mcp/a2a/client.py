"""A client of one agent over one interface: one method per operation of A2A.

It writes with the interface's dialect and reads with the liberal decoder. Every failure says
whether the request may have been executed. It never retries and never waits beyond its limits.
"""

from __future__ import annotations

import contextlib
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
)
from dataclasses import replace
from functools import partial

from a2a_mcp.a2a.answers import result_of, retry_after, unexpected
from a2a_mcp.a2a.auth.renewal import renewed_for
from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings import jsonrpc
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.card import FoundCard, read_card
from a2a_mcp.a2a.decoding.card import is_card
from a2a_mcp.a2a.decoding.errors import decode_error, is_error
from a2a_mcp.a2a.decoding.events import decode_page
from a2a_mcp.a2a.decoding.push_configs import decode_push_config, decode_push_configs
from a2a_mcp.a2a.errors import (
    AuthenticationRequired,
    Delivery,
    InvalidAgentResponse,
    UnsupportedOperation,
)
from a2a_mcp.a2a.event_streams import EventStream, Together, event_of, events_of
from a2a_mcp.a2a.http.origins import origin_of
from a2a_mcp.a2a.http.responses import EventStream as OpenStream
from a2a_mcp.a2a.http.responses import HttpResponse
from a2a_mcp.a2a.interface_text import to_text
from a2a_mcp.a2a.interfaces import Interface
from a2a_mcp.a2a.model import Message, StreamEvent, Task, TaskPage
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    CreatePushConfigRequest,
    DeletePushConfigRequest,
    GetExtendedAgentCardRequest,
    GetPushConfigRequest,
    GetTaskRequest,
    ListPushConfigsRequest,
    ListTasksRequest,
    Operation,
    PushConfig,
    PushConfigPage,
    Request,
    SendMessageRequest,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.transport import Transport


class A2AClient:
    """Speaks to one agent through one interface.

    `attach` returns the credentials that belong to the interface's origin, if any. `extensions`
    are the URIs of the extensions that requests use. `interface_key` is the interface as a text
    for the record of a task: follow-ups go to the interface on which it was made.
    """

    def __init__(
        self,
        transport: Transport,
        interface: Interface,
        attach: Callable[[], Awaitable[Attachment]],
        extensions: tuple[str, ...] = (),
    ) -> None:
        self.interface = interface
        self.interface_key = to_text(interface)
        self.origin = origin_of(interface.url)
        self._transport = transport
        self._attach = attach
        self._headers = interface.dialect.headers_with(extensions)

    async def send(
        self, request: SendMessageRequest, *, seconds: float | None = None
    ) -> Task | Message:
        """Send a message; return a task or, where the agent makes none, a message."""
        answer = await self._call(Operation.SEND_MESSAGE, request, seconds=seconds)
        event = await event_of(answer)
        if isinstance(event, Task | Message):
            return event
        raise self._unexpected("a task or a message", answer)

    def stream(
        self, request: SendMessageRequest
    ) -> contextlib.AbstractAsyncContextManager[EventStream]:
        """Send a message and yield the events until the agent closes the stream."""
        return self._stream(Operation.SEND_STREAMING_MESSAGE, request)

    def subscribe(
        self, request: SubscribeToTaskRequest
    ) -> contextlib.AbstractAsyncContextManager[EventStream]:
        """Attach to a running task and yield its events."""
        return self._stream(Operation.SUBSCRIBE_TO_TASK, request)

    async def get(self, request: GetTaskRequest) -> Task:
        """Return a task as it is now."""
        return await self._task(await self._call(Operation.GET_TASK, request))

    async def cancel(self, request: CancelTaskRequest) -> Task:
        """Ask the agent to stop a task; return it, which does not prove that it was stopped."""
        return await self._task(await self._call(Operation.CANCEL_TASK, request))

    async def list(self, request: ListTasksRequest) -> TaskPage:
        """Return one page of the agent's tasks; only A2A 1.0 has this."""
        answer = await self._call(Operation.LIST_TASKS, request)
        page = decode_page(result_of(answer.body))
        if page is None:
            raise self._unexpected("a list of tasks", answer)
        return page

    async def create_push(self, request: CreatePushConfigRequest) -> PushConfig:
        """Let the agent post what happens to a task; return the configuration as it keeps it."""
        return self._push_config(await self._call(Operation.CREATE_PUSH_CONFIG, request))

    async def get_push(self, request: GetPushConfigRequest) -> PushConfig:
        """Return a push configuration of a task."""
        return self._push_config(await self._call(Operation.GET_PUSH_CONFIG, request))

    async def list_push(self, request: ListPushConfigsRequest) -> PushConfigPage:
        """Return one page of the push configurations of a task."""
        answer = await self._call(Operation.LIST_PUSH_CONFIGS, request)
        page = decode_push_configs(result_of(answer.body))
        if page is None:
            raise self._unexpected("a list of push configurations", answer)
        return page

    async def delete_push(self, request: DeletePushConfigRequest) -> None:
        """Remove a push configuration; a result that is absent or empty is success."""
        await self._call(Operation.DELETE_PUSH_CONFIG, request)

    async def extended_card(self, seconds: float, body_bytes: int) -> FoundCard:
        """Return the card that the agent shows to callers with credentials."""
        answer = await self._call(
            Operation.GET_EXTENDED_AGENT_CARD,
            GetExtendedAgentCardRequest(),
            seconds=seconds,
            body_bytes=body_bytes,
        )
        document = result_of(answer.body)
        if not is_card(document):
            raise self._unexpected("an agent card", answer)
        return read_card(document, answer.raw, self.interface.place)

    async def _call(
        self,
        operation: Operation,
        request: Request,
        *,
        seconds: float | None = None,
        body_bytes: int | None = None,
    ) -> HttpResponse:
        call = self._request(operation, request)
        attachment = await self._attach()
        fetch = partial(
            self._transport.fetch, call, self._headers, seconds=seconds, body_bytes=body_bytes
        )
        answer = await fetch(attachment)
        if renewed := await renewed_for(answer, attachment):
            answer = await fetch(renewed)
        self._check(answer, call)
        return answer

    @contextlib.asynccontextmanager
    async def _stream(self, operation: Operation, request: Request) -> AsyncIterator[EventStream]:
        call = self._request(operation, request)
        async with self._streamed(call) as answer:
            if isinstance(answer, HttpResponse):
                events = _one(await self._only_event(answer, call, request))
            else:
                events = events_of(answer.events, self.interface.place)
            async with contextlib.aclosing(events):
                yield events

    @contextlib.asynccontextmanager
    async def _streamed(self, call: HttpRequest) -> AsyncIterator[HttpResponse | OpenStream]:
        """Send a call and yield its answer, that to a second call where the first was refused."""
        attachment = await self._attach()
        async with self._transport.stream(call, self._headers, attachment) as answer:
            renewed = await renewed_for(answer, attachment)
            if renewed is None:
                yield answer
                return
        async with self._transport.stream(call, self._headers, renewed) as answer:
            yield answer

    def _request(self, operation: Operation, request: Request) -> HttpRequest:
        dialect = self.interface.dialect
        if not dialect.has(operation):
            raise UnsupportedOperation(
                f"A2A {dialect.version} over {dialect.binding} has no {operation.value}",
                delivery=Delivery.NEVER,
                url=self.interface.place,
            )
        params = dialect.params(operation, request)
        target = dialect.targets[operation]
        built = dialect.build(self.interface.url, target, params, self.interface.tenant)
        return replace(built, operation=operation.value)

    def _check(self, answer: HttpResponse, call: HttpRequest) -> None:
        """Raise the error in an answer; the body counts before the status."""
        url = self.interface.place
        if not jsonrpc.belongs(answer.body, call):
            raise self._unexpected("the answer to this call, not to another", answer)
        if is_error(answer.body, answer.status):
            error = decode_error(
                answer.body,
                status=answer.status,
                url=url,
                retry_after=retry_after(answer.headers.get("retry-after")),
            )
            if isinstance(error, AuthenticationRequired):
                error.challenge = answer.headers.get("www-authenticate")
            raise error
        is_read = answer.is_json or answer.body in (None, "")
        if answer.status >= 300 or not is_read:
            raise self._unexpected("A2A", answer)

    async def _only_event(
        self, answer: HttpResponse, call: HttpRequest, request: Request
    ) -> StreamEvent:
        """Return the event in a plain answer to a streaming call.

        A plain refusal of the operation proves that no task was begun, whatever its words are. A
        message to a task may have been carried out: a2a-js 1.x refuses the stream of its answer.
        """
        try:
            self._check(answer, call)
        except UnsupportedOperation as error:
            if not _begins_task(request):
                raise
            raise error.with_delivery(Delivery.NEVER) from None
        event = await event_of(answer)
        if event is None:
            raise self._unexpected("a task or a message", answer)
        return event

    def _unexpected(self, wanted: str, answer: HttpResponse) -> InvalidAgentResponse:
        return unexpected(wanted, answer, self.interface.place)

    def _push_config(self, answer: HttpResponse) -> PushConfig:
        config = decode_push_config(result_of(answer.body))
        if config is None:
            raise self._unexpected("a push configuration", answer)
        return config

    async def _task(self, answer: HttpResponse) -> Task:
        event = await event_of(answer)
        if not isinstance(event, Task):
            raise self._unexpected("a task", answer)
        return event


def _begins_task(request: Request) -> bool:
    return isinstance(request, SendMessageRequest) and request.message.task_id is None


async def _one(event: StreamEvent) -> AsyncGenerator[Together]:
    yield [event]
