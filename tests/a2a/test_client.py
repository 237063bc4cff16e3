import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from captures import bodies
from faults import (
    EVENTS,
    Peer,
    Request,
    Route,
    Server,
    always,
    events,
    head,
    in_turn,
    ok,
    serving,
    stream_head,
    transport,
)

from a2a_mcp.a2a.answers import retry_after
from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AgentFailure,
    AgentUnreachable,
    AuthenticationRequired,
    ContentTypeNotSupported,
    Delivery,
    InvalidAgentResponse,
    InvalidRequest,
    MethodNotFound,
    TaskNotFound,
    UnsupportedOperation,
    UrlRefused,
    VersionNotSupported,
)
from a2a_mcp.a2a.event_streams import MOST_TOGETHER
from a2a_mcp.a2a.interface_text import from_text
from a2a_mcp.a2a.interfaces import Interface
from a2a_mcp.a2a.model import (
    Message,
    Part,
    Role,
    StreamEvent,
    Task,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a_mcp.a2a.requests import (
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    SendMessageRequest,
    SubscribeToTaskRequest,
)
from a2a_mcp.a2a.versions import v0_3, v0_3_rest, v1_0
from a2a_mcp.a2a.versions.base import Dialect
from a2a_mcp.presentation.answer import answer_text
from a2a_mcp.presentation.content import text_of

pytestmark = pytest.mark.anyio
ALL = [v1_0.JSONRPC, v1_0.REST, v0_3.JSONRPC, v0_3_rest.REST, v0_3.JSONRPC_0_2]
NAMES = ["1.0-jsonrpc", "1.0-rest", "0.3-jsonrpc", "0.3-rest", "0.2-jsonrpc"]
every_dialect = pytest.mark.parametrize("dialect", ALL, ids=NAMES)
HELLO = SendMessageRequest(
    message=Message(message_id="m1", role=Role.USER, parts=(Part(kind="text", text="hi"),))
)
TASK = {"id": "t/1", "contextId": "c", "status": {"state": "working"}}
DONE = {"id": "t/1", "contextId": "c", "status": {"state": "completed"}}


@asynccontextmanager
async def calling(
    server: Server, dialect: Dialect = v1_0.JSONRPC, tenant: str | None = None, **limits: Any
) -> AsyncIterator[A2AClient]:
    async def attach() -> Attachment:
        return Attachment({"Authorization": "Bearer s"})

    async with transport(**limits) as opened:
        yield A2AClient(opened, Interface(f"{server.url}/a2a", dialect, tenant), attach)


def replying(result: Any, **more: Any) -> Route:
    """Answer in the envelope of JSON-RPC where it was asked in one."""

    def route(request: Request) -> bytes:
        asked = json.loads(request.body) if request.body else {}
        if "jsonrpc" not in asked:
            return ok(result, **more)
        return ok({"jsonrpc": "2.0", "id": asked["id"], "result": result}, **more)

    return route


Call = Callable[[A2AClient], Any]
CALLS: dict[str, Call] = {
    "send": lambda client: client.send(HELLO),
    "get": lambda client: client.get(GetTaskRequest(id="t/1", history_length=3)),
    "cancel": lambda client: client.cancel(CancelTaskRequest(id="t/1")),
    "list": lambda client: client.list(ListTasksRequest(page_size=5, include_artifacts=True)),
}
# What is dialled, by dialect: JSON-RPC at the interface's own URL, HTTP+JSON below it.
DIALLED = {
    ("1.0-jsonrpc", "send"): "POST /a2a SendMessage",
    ("1.0-jsonrpc", "get"): "POST /a2a GetTask",
    ("1.0-jsonrpc", "cancel"): "POST /a2a CancelTask",
    ("1.0-jsonrpc", "list"): "POST /a2a ListTasks",
    ("1.0-rest", "send"): "POST /a2a/message:send",
    ("1.0-rest", "get"): "GET /a2a/tasks/t%2F1?historyLength=3",
    ("1.0-rest", "cancel"): "POST /a2a/tasks/t%2F1:cancel",
    ("1.0-rest", "list"): "GET /a2a/tasks?pageSize=5&includeArtifacts=true",
    ("0.3-jsonrpc", "send"): "POST /a2a message/send",
    ("0.3-jsonrpc", "get"): "POST /a2a tasks/get",
    ("0.3-jsonrpc", "cancel"): "POST /a2a tasks/cancel",
    ("0.2-jsonrpc", "send"): "POST /a2a message/send",
    ("0.3-rest", "send"): "POST /a2a/v1/message:send",
    ("0.3-rest", "get"): "GET /a2a/v1/tasks/t%2F1?historyLength=3",
    ("0.3-rest", "cancel"): "POST /a2a/v1/tasks/t%2F1:cancel",
}


@pytest.mark.parametrize(("name", "call"), DIALLED)
async def test_a_call_goes_where_its_dialect_says(name: str, call: str) -> None:
    dialect = ALL[NAMES.index(name)]
    result = {"tasks": [TASK]} if call == "list" else TASK
    async with serving(replying(result)) as server, calling(server, dialect) as client:
        await CALLS[call](client)
        (request,) = server.requests
        body = json.loads(request.body) if request.body else {}
        dialled = f"{request.verb} {request.target} {body.get('method', '')}".strip()
        assert dialled == DIALLED[name, call]
        assert request.headers.get("a2a-version") == dialect.headers.get("A2A-Version")
        assert request.headers["authorization"] == "Bearer s"
        assert "json" in request.headers["accept"]


@every_dialect
async def test_a_send_is_answered_with_a_task_or_a_message(dialect: Dialect) -> None:
    reply = {"role": "agent", "parts": [{"text": "hello"}], "messageId": "m2"}
    for bare, kind in ((TASK, "task"), (reply, "message")):
        for result in (bare, {kind: bare}, {**bare, "kind": kind}):
            async with serving(replying(result)) as server, calling(server, dialect) as client:
                got = await client.send(HELLO)
        assert type(got).__name__.lower() == kind


REAL = {
    "1.0-jsonrpc": "a2a-sdk-1.3.0-jsonrpc/send-task",
    "1.0-rest": "a2a-sdk-1.3.0-rest/send-task",
    "0.3-jsonrpc": "a2a-sdk-0.3.26/send-task",
    "0.3-rest": "a2a-sdk-0.3.26-rest/send-configuration-blocking-true",
    "0.2-jsonrpc": "a2a-sdk-0.2.16/send-task",
}


@pytest.mark.parametrize(("name", "recorded"), REAL.items())
async def test_the_answer_of_a_real_server_arrives_whole(name: str, recorded: str) -> None:
    (result,) = bodies(recorded)
    dialect = ALL[NAMES.index(name)]
    async with serving(replying(result)) as server, calling(server, dialect) as client:
        got = await client.send(HELLO)
    assert isinstance(got, Task)
    assert got.state is TaskState.COMPLETED
    assert answer_text(got) == {"0.3-rest": "slept"}.get(name, "result of: hi")


@every_dialect
async def test_a_stream_gives_its_events_and_ends(dialect: Dialect) -> None:
    said = {"taskId": "t/1", "status": {"state": "completed"}, "final": True}
    wrapped = [{"task": TASK}, {"unknownKind": {}}, {"statusUpdate": said}]
    if dialect.binding == "JSONRPC":
        wrapped = [{"jsonrpc": "2.0", "id": "1", "result": item} for item in wrapped]
    async with serving(always(events(*wrapped, {}, "not json"))) as server:
        async with calling(server, dialect) as client, client.stream(HELLO) as stream:
            came = [event async for together in stream for event in together]
        assert "text/event-stream" in server.requests[0].headers["accept"]
    assert [type(event) for event in came] == [Task, TaskStatusUpdateEvent]


async def first_of(client: A2AClient) -> StreamEvent:
    async with client.stream(HELLO) as stream:
        return (await anext(stream))[0]


@every_dialect
async def test_a_stream_that_is_answered_with_one_json_gives_one_event(dialect: Dialect) -> None:
    async with (
        serving(replying({"task": DONE})) as server,
        calling(server, dialect) as client,
        client.stream(HELLO) as stream,
    ):
        (event,) = [event async for together in stream for event in together]
    assert isinstance(event, Task)


@every_dialect
async def test_a_subscription_names_the_task(dialect: Dialect) -> None:
    async with serving(always(events({"task": DONE}))) as server:
        async with (
            calling(server, dialect) as client,
            client.subscribe(SubscribeToTaskRequest(id="t/1")) as stream,
        ):
            assert [event async for together in stream for event in together] != []
        (request,) = server.requests
    if dialect.binding == "JSONRPC":
        assert request.json()["params"]["id"] == "t/1"
    else:
        assert (request.verb, request.body) == ("GET", b"")
        assert request.target.endswith("/tasks/t%2F1:subscribe")


@pytest.mark.parametrize("dialect", ALL[2:], ids=NAMES[2:])
async def test_an_operation_that_a_dialect_lacks_is_refused_before_anything_is_sent(
    dialect: Dialect,
) -> None:
    async with serving(replying(TASK)) as server, calling(server, dialect) as client:
        with pytest.raises(UnsupportedOperation) as refused:
            await client.list(ListTasksRequest())
        assert refused.value.delivery is Delivery.NEVER
        assert server.requests == []


async def test_content_that_a_dialect_cannot_carry_is_refused_before_anything_is_sent() -> None:
    message = HELLO.message.model_copy(update={"parts": (Part(kind="raw", raw=b"x"),)})
    async with serving(replying(TASK)) as server, calling(server, v0_3_rest.REST) as client:
        with pytest.raises(ContentTypeNotSupported):
            await client.send(SendMessageRequest(message=message))
        with pytest.raises(InvalidRequest):
            await client.get(GetTaskRequest(id=".."))
        assert server.requests == []


async def test_a_tenant_is_a_param_or_a_piece_of_the_path() -> None:
    async with serving(replying(TASK)) as server:
        async with calling(server, v1_0.JSONRPC, "acme") as client:
            await client.get(GetTaskRequest(id="t"))
        async with calling(server, v1_0.REST, "acme") as client:
            await client.get(GetTaskRequest(id="t"))
        by_rpc, by_rest = server.requests
    assert by_rpc.json()["params"] == {"id": "t", "tenant": "acme"}
    assert by_rest.target == "/a2a/acme/tasks/t"


async def test_a_page_of_tasks_is_read() -> None:
    page = {"tasks": [TASK, DONE], "nextPageToken": "n", "totalSize": 7}
    async with serving(replying(page)) as server, calling(server) as client:
        got = await client.list(ListTasksRequest())
    assert [task.state for task in got.tasks] == [TaskState.WORKING, TaskState.COMPLETED]
    assert (got.next_page_token, got.total_size) == ("n", 7)


def error(code: int, message: str = "m") -> Any:
    return {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("reply", "kind", "delivery"),
    [
        (ok(error(-32001)), TaskNotFound, Delivery.UNKNOWN),
        (ok(error(-32001), status=404), TaskNotFound, Delivery.UNKNOWN),
        (ok(error(-32009)), VersionNotSupported, Delivery.NEVER),
        (ok(error(-32603), status=500), AgentFailure, Delivery.UNKNOWN),
        (ok("<html>", status=404, kind="text/html"), AgentError, Delivery.NEVER),
        (ok("busy", status=503, kind="text/plain"), AgentError, Delivery.UNKNOWN),
        (ok("slow down", status=429, kind="text/plain"), AgentError, Delivery.NEVER),
        (ok("who?", status=401, kind="text/plain"), AuthenticationRequired, Delivery.NEVER),
        (ok("<html>", kind="text/html"), InvalidAgentResponse, Delivery.UNKNOWN),
        (ok(b""), InvalidAgentResponse, Delivery.UNKNOWN),
        (ok([]), InvalidAgentResponse, Delivery.UNKNOWN),
        (ok({"hello": 1}), InvalidAgentResponse, Delivery.UNKNOWN),
        (ok(TASK, "Location: /b", status=303), UrlRefused, Delivery.NEVER),
        (ok(b"[" * 100_000), InvalidAgentResponse, Delivery.UNKNOWN),
        (ok(b"[" * 900 + b"]" * 900), InvalidAgentResponse, Delivery.UNKNOWN),
        (ok(b"9" * 20_000), InvalidAgentResponse, Delivery.UNKNOWN),
        (ok({"jsonrpc": "2.0", "id": "x", "result": TASK}), InvalidAgentResponse, Delivery.UNKNOWN),
    ],
)
@pytest.mark.parametrize("way", [CALLS["send"], first_of], ids=["send", "stream"])
async def test_an_answer_that_is_not_a2a_is_an_error_that_says_whether_it_was_delivered(
    reply: bytes, kind: type[A2AError], delivery: Delivery, way: Call
) -> None:
    async with serving(always(reply)) as server, calling(server) as client:
        with pytest.raises(kind) as failed:
            await way(client)
        assert type(failed.value) is kind
        assert failed.value.delivery is delivery
        assert failed.value.url == f"{server.url}/a2a"
        assert len(server.requests) == 1


async def test_a_refusal_says_when_to_come_back_and_what_to_show() -> None:
    later = ok("no", "Retry-After: 7", status=429)
    challenge = ok("no", "WWW-Authenticate: Bearer", status=401)
    async with serving(in_turn(later, challenge)) as server, calling(server) as client:
        with pytest.raises(AgentError) as limited:
            await client.send(HELLO)
        with pytest.raises(AuthenticationRequired) as refused:
            await client.send(HELLO)
    assert limited.value.retry_after == 7
    assert refused.value.challenge == "Bearer"


@pytest.mark.parametrize("call", ["send", "get", "cancel"])
async def test_an_event_of_a_stream_is_no_answer_to_a_call(call: str) -> None:
    async with (
        serving(replying({"artifact": {}, "taskId": "t"})) as server,
        calling(server) as client,
    ):
        with pytest.raises(InvalidAgentResponse, match="JSON of another kind"):
            await CALLS[call](client)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("-1", None),
        ("1.5", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("soon", None),
        ("²", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_nothing(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


async def test_the_events_of_one_read_come_together_and_never_too_many() -> None:
    said = [{"statusUpdate": {"taskId": "t/1", "status": {"state": "working"}}}] * 150
    wrapped = [{"jsonrpc": "2.0", "id": "1", "result": item} for item in said]
    async with (
        serving(always(events(*wrapped))) as server,
        calling(server) as client,
        client.stream(HELLO) as stream,
    ):
        sizes = [len(together) async for together in stream]
    assert sum(sizes) == 150
    assert 1 < max(sizes) <= MOST_TOGETHER


async def test_an_error_inside_a_stream_is_raised_after_what_came_before() -> None:
    stream = events({"jsonrpc": "2.0", "result": {"task": TASK}}, error(-32603, "boom"))
    async with (
        serving(always(stream)) as server,
        calling(server) as client,
        client.stream(HELLO) as came,
    ):
        assert isinstance((await anext(came))[0], Task)
        with pytest.raises(AgentFailure, match="boom"):
            await anext(came)


async def test_a_bare_status_on_a_stream_is_an_event_and_not_a_whole_task() -> None:
    bare = {"id": "t/1", "status": {"state": "working"}}
    async with serving(always(events(bare))) as server, calling(server) as client:
        assert isinstance(await first_of(client), TaskStatusUpdateEvent)


async def test_a_stream_without_any_event_ends_without_an_error() -> None:
    async with (
        serving(always(events())) as server,
        calling(server) as client,
        client.stream(HELLO) as came,
    ):
        assert [event async for together in came for event in together] == []


async def test_a_stream_that_breaks_leaves_delivery_unknown() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(head(f"Content-Type: {EVENTS}", "Content-Length: 10000"))
        await peer.send(b'data: {"task": {"id": "t", "status": {}}}\n\n')

    async with (
        serving(always(script)) as server,
        calling(server) as client,
        client.stream(HELLO) as came,
    ):
        assert isinstance((await anext(came))[0], Task)
        with pytest.raises(AgentUnreachable) as failed:
            await anext(came)
    assert failed.value.delivery is Delivery.UNKNOWN


async def test_hostile_events_are_passed_over_and_good_ones_come_through() -> None:
    hostile = ["[" * 100_000, "9" * 20_000, '{"a": NaN}', '"\\ud800"', "[]", "null", "\u2028", "{"]
    async with (
        serving(always(events(*hostile, {"task": DONE}))) as server,
        calling(server) as client,
        client.stream(HELLO) as came,
    ):
        (event,) = [event async for together in came for event in together]
    assert isinstance(event, Task)


async def test_a_bad_part_does_not_cost_the_good_ones() -> None:
    body = (
        b'{"id": "t", "status": {}, "artifacts": [{"artifactId": "a", "parts": ['
        b'{"text": "\\ud800 caf\xe9"}, {"data": NaN}, {"data": 1e999}, {"raw": "!"}, {"data": '
        + b"[" * 200
        + b"]" * 200
        + b'}, {"text": "fine"}]}]}'
    )
    async with serving(always(ok(body))) as server, calling(server) as client:
        got = await client.get(GetTaskRequest(id="t"))
    parts = got.artifacts[0].parts
    assert [part.kind for part in parts] == ["text", "data", "data", "empty", "empty", "text"]
    assert (parts[0].text, parts[1].data, parts[2].data) == ("\ud800 caf\ufffd", "NaN", "inf")
    assert text_of(parts).endswith("fine")


async def test_a_limit_of_one_send_wins_over_the_general_one() -> None:
    async def silence(peer: Peer) -> None:
        await peer.wait()

    async with serving(always(silence)) as server, calling(server, call_seconds=60) as client:
        with pytest.raises(AgentUnreachable, match=r"no answer within 0\.2 s"):
            await client.send(HELLO, seconds=0.2)


async def test_the_call_that_follows_a_broken_stream_is_answered() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(stream_head() + b"data: x")
        peer.reset()

    async with serving(in_turn(script, ok(DONE))) as server, calling(server) as client:
        with pytest.raises((AgentUnreachable, StopAsyncIteration)):
            await first_of(client)
        assert (await client.get(GetTaskRequest(id="t/1"))).state is TaskState.COMPLETED


@every_dialect
async def test_the_interface_of_a_task_can_be_kept_as_text(dialect: Dialect) -> None:
    async with serving(replying(TASK)) as server, calling(server, dialect, "acme") as client:
        assert from_text(client.interface_key) == client.interface


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/jsonl", EVENTS])
async def test_a_stream_of_json_lines_gives_its_events(kind: str) -> None:
    results = [{"task": TASK}, {"statusUpdate": {"taskId": "t/1", "status": DONE["status"]}}]
    lines = [json.dumps({"jsonrpc": "2.0", "result": result}) + "\n" for result in results]
    async with (
        serving(always(ok("".join(lines), kind=kind))) as server,
        calling(server) as client,
        client.stream(HELLO) as came,
    ):
        task, status = [event async for together in came for event in together]
    assert isinstance(task, Task)
    assert isinstance(status, TaskStatusUpdateEvent)
    assert status.status.state is TaskState.COMPLETED


SAID = "Agent my_agent not found. Create it first."


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (ok(SAID, kind="text/plain; charset=utf-8"), SAID),
        (ok(SAID, kind="application/json"), SAID),
        (ok({"status": "accepted", "job": 7}, status=202), '{"status": "accepted", "job": 7}'),
        (ok({"jsonrpc": "2.0", "result": {"note": "queued"}}, status=202), '"note": "queued"'),
    ],
)
@pytest.mark.parametrize("way", [CALLS["send"], first_of], ids=["send", "stream"])
async def test_a_short_answer_that_is_not_a2a_is_quoted(reply: bytes, said: str, way: Call) -> None:
    async with serving(always(reply)) as server, calling(server) as client:
        with pytest.raises(InvalidAgentResponse) as failed:
            await way(client)
    assert said in failed.value.message
    assert failed.value.delivery is Delivery.UNKNOWN


@pytest.mark.parametrize(
    "reply",
    [
        ok("secret" * 1_000, kind="text/plain"),
        ok({"hello": "secret" * 1_000}),
        ok("<html>secret", kind="text/html"),
        ok("<p>secret", kind="text/plain"),
        ok("secret", kind="image/png"),
    ],
)
async def test_pages_files_and_long_answers_are_not_quoted(reply: bytes) -> None:
    async with serving(always(reply)) as server, calling(server) as client:
        with pytest.raises(InvalidAgentResponse) as failed:
            await client.send(HELLO)
    assert "secret" not in failed.value.message


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("kind", [EVENTS, "application/x-ndjson", "application/json"])
async def test_a_json_rpc_error_in_the_place_of_a_stream_proves_what_its_code_proves(
    kind: str, indent: int | None
) -> None:
    body = json.dumps(error(-32601, "no such method"), indent=indent)
    async with serving(always(ok(body, kind=kind))) as server, calling(server) as client:
        with pytest.raises(MethodNotFound, match="no such method") as failed:
            await first_of(client)
    assert failed.value.delivery is Delivery.NEVER


async def test_an_error_without_an_envelope_is_an_error_whatever_the_status() -> None:
    reply = ok({"error": {"code": -32005, "message": "text only"}})
    async with serving(always(reply)) as server, calling(server) as client:
        with pytest.raises(ContentTypeNotSupported, match="text only"):
            await client.send(HELLO)


@pytest.mark.parametrize(
    ("way", "delivery"),
    [(first_of, Delivery.NEVER), (CALLS["send"], Delivery.UNKNOWN)],
    ids=["stream", "send"],
)
async def test_a_plain_refusal_of_a_stream_proves_that_nothing_ran(
    way: Call, delivery: Delivery
) -> None:
    reply = ok(error(-32004, "This agent answers at once only"))
    async with serving(always(reply)) as server, calling(server) as client:
        with pytest.raises(UnsupportedOperation) as failed:
            await way(client)
    assert failed.value.delivery is delivery


async def test_a_plain_refusal_of_the_stream_of_a_task_proves_nothing() -> None:
    """a2a-js 1.x has carried the message out by then."""
    to_task = HELLO.model_copy(
        update={"message": HELLO.message.model_copy(update={"task_id": "t"})}
    )
    reply = ok(error(-32004, "This operation is not supported"))
    async with serving(always(reply)) as server, calling(server) as client:
        with pytest.raises(UnsupportedOperation) as failed:
            async with client.stream(to_task) as stream:
                await anext(stream)
    assert failed.value.delivery is Delivery.UNKNOWN


async def test_a_refusal_inside_a_stream_does_not_prove_that_nothing_ran() -> None:
    async with serving(always(events(error(-32004, "no")))) as server, calling(server) as client:
        with pytest.raises(UnsupportedOperation) as failed:
            await first_of(client)
    assert failed.value.delivery is Delivery.UNKNOWN
