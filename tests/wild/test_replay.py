"""Every recorded answer of a real server, sent again byte for byte to the client and the bridge.

The answers are those of tests/a2a/answers.json. Only the JSON-RPC id is another: that of the call.
gRPC is not replayed, since its recordings are of messages and not of bytes.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from captures import Capture, captures, read, unwrapped
from exchanges import TASK_ID, Exchange, exchange, replayed
from scripted import (
    CARD,
    ScriptedAgent,
    card,
    document,
    interface,
    result,
    scripted,
    task,
)
from staging import ME, configured, staged, until

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.errors import A2AError, AgentError, AgentUnreachable
from a2a_mcp.a2a.event_streams import EventStream
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.transport import open_transport
from a2a_mcp.a2a.interfaces import Interface
from a2a_mcp.a2a.model import Message, Part, Role, StreamEvent, Task, TaskState
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    GetTaskRequest,
    Operation,
    SendMessageRequest,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.updates import apply
from a2a_mcp.a2a.versions.base import Dialect
from a2a_mcp.presentation.answer import answer_text
from a2a_mcp.presentation.content import text_of
from a2a_mcp.presentation.sentences import NO_CONTENT, NO_REASON, ONLY_FILES

pytestmark = pytest.mark.anyio

TABLES = Path(__file__).parents[1] / "a2a" / "decoding"
ANSWERS: dict[str, list[str]] = json.loads((TABLES / "answers.json").read_text("utf-8"))
ERRORS: dict[str, list[Any]] = json.loads((TABLES / "errors.json").read_text("utf-8"))
NOTHING_SAID = frozenset({NO_CONTENT, NO_REASON, ONLY_FILES})
HELLO = SendMessageRequest(
    message=Message(
        message_id="m1", role=Role.USER, parts=(Part(kind="text", text="hi"),), task_id="t1"
    )
)


EXCHANGES = {found.capture.name: found for capture in captures() if (found := exchange(capture))}
ANSWERED = sorted(name for name in EXCHANGES if name in ANSWERS)
TOLD = [
    name for name, found in EXCHANGES.items() if name in ANSWERS or name in ERRORS or found.streamed
]
BEGUN = frozenset({Operation.SEND_MESSAGE, Operation.SEND_STREAMING_MESSAGE})
AT_THE_BRIDGE = sorted(
    name for name in ANSWERED if EXCHANGES[name].operation in BEGUN | {Operation.GET_TASK}
)


@dataclass
class Heard:
    """The events of one call, up to its error if it had one."""

    events: list[StreamEvent]
    error: A2AError | None = None

    @property
    def task(self) -> Task | None:
        task = None
        for event in self.events:
            task = apply(task, event)
        return task


async def heard(agent: ScriptedAgent, found: Exchange) -> Heard:
    """Ask with the client of the capture's dialect."""
    # Plain HTTP: without the certificates of all authorities, which take longer than the exchange.
    opened = open_transport(HttpLimits(), user_agent="test", verify=False)
    async with aclosing(opened) as transport:
        client = A2AClient(transport, Interface(agent.url, found.dialect), _nothing)
        events: list[StreamEvent] = []
        try:
            with anyio.move_on_after(0.3 if _left_open(found) else 20) as scope:
                async for event in _ask(client, found):
                    events.append(event)  # noqa: PERF401 - kept when the next one fails
        except A2AError as error:
            return Heard(events, error)
        assert not scope.cancelled_caught or _left_open(found)
        return Heard(events)


async def _ask(client: A2AClient, found: Exchange) -> Any:
    match found.operation:
        case Operation.SEND_MESSAGE:
            yield await client.send(HELLO)
        case Operation.GET_TASK:
            yield await client.get(GetTaskRequest(id=TASK_ID))
        case Operation.CANCEL_TASK:
            yield await client.cancel(CancelTaskRequest(id=TASK_ID))
        case Operation.SUBSCRIBE_TO_TASK:
            async for event in _each(client.subscribe(SubscribeToTaskRequest(id=TASK_ID))):
                yield event
        case _:
            async for event in _each(client.stream(HELLO)):
                yield event


async def _each(opening: AbstractAsyncContextManager[EventStream]) -> AsyncIterator[StreamEvent]:
    """Yield the events of a stream one by one; those of one read come together."""
    async with opening as stream:
        async for together in stream:
            for event in together:
                yield event


def _left_open(found: Exchange) -> bool:
    return found.ended.startswith("still-open")


async def _nothing() -> Attachment:
    return Attachment({}, {})


def recorded_events(capture: Capture) -> tuple[int, bool]:
    """Count the events of a recorded stream; tell whether an error was among them."""
    bodies = [json.loads(event.data) for event in read(capture.stream_bytes() or b"")]
    failed = [body for body in bodies if body.get("error")]
    return sum(bool(unwrapped(body)) for body in bodies if body not in failed), bool(failed)


# Bare messages, which are no call of any dialect.
NOT_A_CALL = {"python-a2a-0.5.10/bare-message-a2a", "python-a2a-0.5.10/bare-message-at-root"}


def test_no_recorded_answer_is_left_out_but_those_to_calls_that_are_never_made() -> None:
    grpc = {name for name in ANSWERS if name.startswith("a2a-sdk-1.3.0-grpc/")}
    assert set(ANSWERS) - set(EXCHANGES) == NOT_A_CALL | grpc


@pytest.mark.parametrize("name", TOLD)
async def test_the_client_reads_a_recorded_exchange_as_it_was_meant(name: str) -> None:
    found = EXCHANGES[name]
    async with scripted() as agent:
        agent.on(found.call, replayed(found.capture))
        came = await heard(agent, found)
    if name in ANSWERS:
        answer_is_read(came, *ANSWERS[name])
    if name in ERRORS:
        refusal_is_raised(came, *ERRORS[name])
    if found.streamed:
        stream_is_read_to_its_end(came, found)


def answer_is_read(came: Heard, state: str, text: str) -> None:
    if state == "message":
        messages = [event for event in came.events if isinstance(event, Message)]
        assert [text_of(message.parts) for message in messages] == [text]
        return
    assert came.task is not None
    assert (came.task.state.value, answer_text(came.task)) == (state, text)


def refusal_is_raised(came: Heard, kind: str, code: int | None, delivery: str) -> None:
    assert isinstance(came.error, AgentError)
    said = [type(came.error).__name__, came.error.code, came.error.delivery.value]
    assert said == [kind, code, delivery]


def stream_is_read_to_its_end(came: Heard, found: Exchange) -> None:
    events, failed = recorded_events(found.capture)
    cut = found.ended.startswith("transport_error")
    assert len(came.events) == events
    assert isinstance(came.error, AgentError) is failed
    assert isinstance(came.error, AgentUnreachable) is (cut and not failed)


async def _at_the_bridge(agent: ScriptedAgent, found: Exchange, folder: Path) -> tuple[str, str]:
    """Send through the whole bridge; the capture is the answer, or what the first poll shows."""
    streaming = found.operation is Operation.SEND_STREAMING_MESSAGE
    _offers(agent, found.dialect, streaming=streaming)
    if found.operation is Operation.GET_TASK:
        read_id = unwrapped(found.capture.answer["body"])["id"]
        working = task("working", task_id=read_id)
        send = Exchange(found.capture, found.dialect, Operation.SEND_MESSAGE)
        agent.on(send.call, document(working) if _rest(found) else result(working))
        get = found.call.replace(TASK_ID, read_id)
        agent.on(get, replayed(found.capture))
    else:
        agent.on(found.call, replayed(found.capture))
    pinned = {} if found.dialect.card_hint else {"version": found.dialect.version}
    async with staged(configured(it={"url": agent.url} | pinned), folder) as stage:
        view = await stage.send()
    assert len(agent.sends()) == 1
    text = "" if view.text in NOTHING_SAID else view.text
    return (view.state.value if view.state else "none"), text


def _rest(found: Exchange) -> bool:
    return found.dialect.binding == "HTTP+JSON"


def _offers(agent: ScriptedAgent, dialect: Dialect, *, streaming: bool) -> None:
    one = [interface(agent.url, dialect.version, dialect.binding)]
    if dialect.card_hint:
        one = [interface(agent.url, "0.3.0")]
    said = card(agent.url, supportedInterfaces=one)
    said["capabilities"] = {"streaming": streaming} | (
        {dialect.card_hint: True} if dialect.card_hint else {}
    )
    agent.on(CARD, document(said))


STOPS = frozenset({"message", *(state.value for state in TaskState if state.stop)})
SIGN_INS = [name for name in AT_THE_BRIDGE if name.endswith("stream-auth")]
STOPPED = sorted({name for name in AT_THE_BRIDGE if ANSWERS[name][0] in STOPS} - set(SIGN_INS))


@pytest.mark.parametrize("name", STOPPED)
async def test_the_bridge_gives_a_recorded_answer_as_it_was_meant(
    name: str, tmp_path: Path
) -> None:
    state, text = ANSWERS[name]
    async with scripted() as agent:
        came = await _at_the_bridge(agent, EXCHANGES[name], tmp_path)
    assert came == ("completed" if state == "message" else state, text)


@pytest.mark.parametrize("name", SIGN_INS)
async def test_a_stream_that_asks_to_sign_in_is_read_on_to_its_end(
    name: str, tmp_path: Path
) -> None:
    found = EXCHANGES[name]
    async with scripted() as agent:
        _offers(agent, found.dialect, streaming=True)
        agent.on(found.call, replayed(found.capture))
        config = configured(it={"url": agent.url, "version": found.dialect.version})
        async with staged(config, tmp_path) as stage:
            asked = await stage.send()

            async def at_the_end() -> bool:
                records = await stage.tasks.find(ME, asked.task_id or "", "it")
                return records[0].state.value == ANSWERS[name][0]

            await until(at_the_end)
    assert asked.state is TaskState.AUTH_REQUIRED
    assert "https://" in asked.text
