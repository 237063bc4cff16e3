"""Calls over gRPC: what is sent, what is answered, and what is certain when it fails."""

from collections.abc import AsyncIterator
from typing import Any, Final

import anyio
import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_server import Answer, calling, serving_grpc

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AgentUnreachable,
    AuthenticationRequired,
    Delivery,
    InvalidAgentResponse,
    InvalidRequest,
    TaskNotCancelable,
    TaskNotFound,
    UnsupportedOperation,
    VersionNotSupported,
)
from a2a_mcp.a2a.grpc.schema_0_3 import V0_3
from a2a_mcp.a2a.model import Message, Part, Role, StreamEvent, Task, TaskState
from a2a_mcp.a2a.requests import GetTaskRequest, ListTasksRequest, SendMessageRequest
from a2a_mcp.a2a.versions import v0_3_grpc

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]

SENT: Final = SendMessageRequest(
    message=Message(message_id="m1", role=Role.USER, parts=(Part(kind="text", text="hi"),))
)
WORKING: Final = {"id": "t1", "contextId": "c1", "status": {"state": "TASK_STATE_WORKING"}}
DONE: Final = {"id": "t1", "contextId": "c1", "status": {"state": "TASK_STATE_COMPLETED"}}
STATUS: Final = grpc.StatusCode


def says(answer: Any) -> Answer:
    async def method(_params: Any, _context: Any) -> Any:
        return answer

    return method


def refuses(code: grpc.StatusCode, text: str, reason: str | None = None) -> Answer:
    async def method(_params: Any, context: grpc.aio.ServicerContext) -> Any:
        await context.abort(code, text, details(code, reason) if reason else ())

    return method


def details(code: grpc.StatusCode, reason: str) -> tuple[tuple[str, bytes], ...]:
    """Return what goes beside an error of 1.0: a google.rpc.Status that holds an ErrorInfo."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain="a2a-protocol.org")
    status = status_pb2.Status(code=code.value[0])
    status.details.add().Pack(info)
    return (("grpc-status-details-bin", status.SerializeToString()),)


async def read(client: A2AClient, seen: list[StreamEvent] | None = None) -> None:
    """Read the stream that a message begins to its end."""
    async with client.stream(SENT) as events:
        async for together in events:
            (seen if seen is not None else []).extend(together)


async def hangs(_params: Any, _context: Any) -> Any:
    await anyio.sleep_forever()


async def test_a_message_goes_out_as_its_version_writes_it_and_the_task_comes_back() -> None:
    async with (
        serving_grpc({"SendMessage": says({"task": DONE})}) as server,
        calling(server.url, Attachment({"Authorization": "Bearer s3cret"})) as client,
    ):
        task = await client.send(SENT)
    assert isinstance(task, Task)
    assert (task.id, task.state) == ("t1", TaskState.COMPLETED)
    ((method, params, pairs),) = server.calls
    assert (method, params["message"]["messageId"]) == ("SendMessage", "m1")
    assert (pairs["a2a-version"], pairs["authorization"]) == ("1.0", "Bearer s3cret")
    assert pairs["user-agent"].startswith("tests grpc-python")


async def test_the_end_of_a_wait_is_not_told_to_the_server() -> None:
    left = []

    async def answer(_params: Any, context: grpc.aio.ServicerContext) -> Any:
        left.append(context.time_remaining())
        return {"task": DONE}

    async with serving_grpc({"SendMessage": answer}) as server, calling(server.url) as client:
        await client.send(SENT, seconds=5)
    assert left == [None]


async def test_a_streams_events_come_one_by_one() -> None:
    going = anyio.Event()

    async def answers(_params: Any, _context: Any) -> AsyncIterator[Any]:
        yield {"task": WORKING}
        await going.wait()
        yield {"statusUpdate": {"taskId": "t1", "contextId": "c1", "status": DONE["status"]}}

    async with (
        serving_grpc(streams={"SendStreamingMessage": answers}) as server,
        calling(server.url) as client,
        client.stream(SENT) as events,
    ):
        seen = []
        async for together in events:
            seen += together
            going.set()
    assert [type(event).__name__ for event in seen] == ["Task", "TaskStatusUpdateEvent"]


async def test_an_error_in_a_stream_is_told_after_what_came_before_it() -> None:
    async def answers(_params: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        yield {"task": WORKING}
        await context.abort(STATUS.UNKNOWN, "the agent's words")

    seen: list[StreamEvent] = []
    async with (
        serving_grpc(streams={"SendStreamingMessage": answers}) as server,
        calling(server.url) as client,
    ):
        with pytest.raises(AgentError, match="the agent's words") as failed:
            await read(client, seen)
    assert len(seen) == 1
    assert failed.value.delivery is Delivery.UNKNOWN


ANSWERS: Final[dict[str, tuple[Answer, type[A2AError], Delivery]]] = {
    "1.0, with details": (
        refuses(STATUS.NOT_FOUND, "Task not found", "TASK_NOT_FOUND"),
        TaskNotFound,
        Delivery.UNKNOWN,
    ),
    "1.0, not cancelable": (
        refuses(STATUS.FAILED_PRECONDITION, "no", "TASK_NOT_CANCELABLE"),
        TaskNotCancelable,
        Delivery.UNKNOWN,
    ),
    "1.0, another version": (
        refuses(STATUS.FAILED_PRECONDITION, "no", "VERSION_NOT_SUPPORTED"),
        VersionNotSupported,
        Delivery.NEVER,
    ),
    "0.3, the name of a class": (
        refuses(STATUS.NOT_FOUND, "TaskNotFoundError: Task not found"),
        TaskNotFound,
        Delivery.UNKNOWN,
    ),
    "0.3, not cancelable": (
        refuses(STATUS.UNIMPLEMENTED, "TaskNotCancelableError: Task cannot be canceled"),
        TaskNotCancelable,
        Delivery.UNKNOWN,
    ),
    "0.3, invalid": (
        refuses(STATUS.INVALID_ARGUMENT, "InvalidParamsError: the task has ended"),
        InvalidRequest,
        Delivery.UNKNOWN,
    ),
    "0.3, only words": (
        refuses(STATUS.FAILED_PRECONDITION, "Task not cancelable: t1"),
        TaskNotCancelable,
        Delivery.UNKNOWN,
    ),
    "an unknown method": (
        refuses(STATUS.UNIMPLEMENTED, "Method not found!"),
        AgentError,
        Delivery.NEVER,
    ),
    "an unknown method, of a2a-js": (
        refuses(STATUS.UNIMPLEMENTED, "The server does not implement the method /a/B"),
        AgentError,
        Delivery.NEVER,
    ),
    "an agent that does not do this": (
        refuses(STATUS.UNIMPLEMENTED, "I do not do that"),
        AgentError,
        Delivery.UNKNOWN,
    ),
    "no credentials": (
        refuses(STATUS.UNAUTHENTICATED, "who are you?"),
        AuthenticationRequired,
        Delivery.NEVER,
    ),
    "not allowed": (
        refuses(STATUS.PERMISSION_DENIED, "not for you"),
        AuthenticationRequired,
        Delivery.NEVER,
    ),
    "too much asked": (
        refuses(STATUS.RESOURCE_EXHAUSTED, "quota exceeded"),
        AgentError,
        Delivery.UNKNOWN,
    ),
    "an exception": (
        refuses(STATUS.UNKNOWN, "Unexpected <class 'RuntimeError'>: boom"),
        AgentError,
        Delivery.UNKNOWN,
    ),
    "gone": (
        refuses(STATUS.UNAVAILABLE, "Stream removed"),
        AgentUnreachable,
        Delivery.UNKNOWN,
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_an_error_is_what_it_would_be_over_http(case: str) -> None:
    answer, kind, delivery = ANSWERS[case]
    async with serving_grpc({"SendMessage": answer}) as server, calling(server.url) as client:
        with pytest.raises(A2AError) as failed:
            await client.send(SENT)
    assert (type(failed.value), failed.value.delivery) == (kind, delivery)
    assert len(server.calls) == 1
    assert failed.value.url == server.url.replace("http", "grpc")


async def test_an_agent_that_refuses_a_stream_may_have_begun() -> None:
    async def answers(_params: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        reason = "UNSUPPORTED_OPERATION"
        await context.abort(STATUS.FAILED_PRECONDITION, "no", details(STATUS.UNKNOWN, reason))
        yield

    async with (
        serving_grpc(streams={"SendStreamingMessage": answers}) as server,
        calling(server.url) as client,
    ):
        with pytest.raises(UnsupportedOperation) as failed:
            await read(client)
    assert failed.value.delivery is Delivery.UNKNOWN


async def test_an_agent_that_streams_nothing_has_not_begun() -> None:
    async def answers(_params: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        words = "UnsupportedOperationError: Streaming is not supported by the agent"
        await context.abort(STATUS.UNIMPLEMENTED, words)
        yield

    async with (
        serving_grpc(streams={"SendStreamingMessage": answers}, schema=V0_3) as server,
        calling(server.url, dialect=v0_3_grpc.GRPC) as client,
    ):
        with pytest.raises(UnsupportedOperation) as failed:
            await read(client)
    assert failed.value.delivery is Delivery.NEVER


async def test_a_task_of_0_3_is_named_by_path_and_no_version_is_told() -> None:
    async with (
        serving_grpc({"GetTask": says(DONE)}, schema=V0_3) as server,
        calling(server.url, dialect=v0_3_grpc.GRPC) as client,
    ):
        task = await client.get(GetTaskRequest(id="t1", history_length=2))
    assert task.state is TaskState.COMPLETED
    ((_, params, pairs),) = server.calls
    assert params == {"name": "tasks/t1", "historyLength": 2}
    assert "a2a-version" not in pairs


async def test_tasks_are_listed() -> None:
    listed = {"tasks": [DONE], "totalSize": 1}
    async with (
        serving_grpc({"ListTasks": says(listed)}) as server,
        calling(server.url) as client,
    ):
        page = await client.list(ListTasksRequest(context_id="c1", page_size=5))
    assert [task.id for task in page.tasks] == ["t1"]
    assert server.calls[0][1] == {"contextId": "c1", "pageSize": 5}


async def test_a_state_of_a_later_version_is_unknown() -> None:
    later = b"\x0a\x02t1\x1a\x02\x08\x63"  # id t1, status { state 99 }
    async with serving_grpc({"GetTask": says(later)}) as server, calling(server.url) as client:
        task = await client.get(GetTaskRequest(id="t1"))
    assert task.state is TaskState.UNKNOWN


@pytest.mark.parametrize("answer", [b"\xff\xff", b"\x1a\x02\x1a\x09"])
async def test_an_answer_that_is_no_message_is_told(answer: bytes) -> None:
    async with serving_grpc({"GetTask": says(answer)}) as server, calling(server.url) as client:
        with pytest.raises(InvalidAgentResponse, match="no A2A message"):
            await client.get(GetTaskRequest(id="t1"))


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize(
    "part",
    [
        Part(kind="data", data=nested(120)),
        Part(kind="data", data={"id": [-(2**53) - 1]}),
        Part(kind="text", text="\ud800"),
    ],
)
async def test_what_protobuf_cannot_carry_is_not_sent(part: Part) -> None:
    message = SENT.message.model_copy(update={"parts": (part,)})
    async with serving_grpc({"SendMessage": hangs}) as server, calling(server.url) as client:
        with pytest.raises(InvalidRequest, match="gRPC cannot carry this request") as failed:
            await client.send(SENT.model_copy(update={"message": message}))
    assert failed.value.delivery is Delivery.NEVER
    assert server.calls == []


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment({"Authorization": "Bearer a\nb"}),
        Attachment({"X-Key": "ключ"}),
        Attachment({"x-key-bin": "abc"}),
        Attachment({"X-Key!": "abc"}),
        Attachment(params={"key": "s3cret"}),
    ],
)
async def test_credentials_that_metadata_cannot_hold_are_not_sent_nor_told(
    attachment: Attachment,
) -> None:
    async with (
        serving_grpc({"SendMessage": hangs}) as server,
        calling(server.url, attachment) as client,
    ):
        with pytest.raises(AgentUnreachable, match="gRPC") as failed:
            await client.send(SENT)
    assert failed.value.delivery is Delivery.NEVER
    assert not any(secret in failed.value.message for secret in ("a\nb", "ключ", "abc", "s3cret"))
    assert server.calls == []


async def test_an_answer_that_takes_too_long_is_in_doubt() -> None:
    async with serving_grpc({"SendMessage": hangs}) as server, calling(server.url) as client:
        with pytest.raises(AgentUnreachable, match=r"no answer within 0\.1 s") as failed:
            await client.send(SENT, seconds=0.1)
    assert failed.value.delivery is Delivery.UNKNOWN
    assert len(server.calls) == 1


async def test_a_larger_answer_than_the_limit_is_refused() -> None:
    task = {**DONE, "metadata": {"x": "y" * 5_000}}
    async with (
        serving_grpc({"SendMessage": says({"task": task})}) as server,
        calling(server.url, body_bytes=2_000) as client,
    ):
        with pytest.raises(InvalidAgentResponse, match="larger than 2000 bytes"):
            await client.send(SENT)


async def test_a_larger_message_than_the_server_takes_is_not_delivered() -> None:
    part = Part(kind="text", text="x" * 5_000)
    message = SENT.message.model_copy(update={"parts": (part,)})
    bound = [("grpc.max_receive_message_length", 2_000)]
    async with (
        serving_grpc({"SendMessage": hangs}, options=bound) as server,
        calling(server.url) as client,
    ):
        with pytest.raises(InvalidRequest, match="larger than the agent's server takes") as failed:
            await client.send(SENT.model_copy(update={"message": message}))
    assert failed.value.delivery is Delivery.NEVER
    assert server.calls == []


@pytest.mark.parametrize("limits", [{"event_bytes": 1_000}, {"stream_bytes": 3_000}])
async def test_a_larger_stream_than_its_limits_is_cut(limits: dict[str, int]) -> None:
    async def answers(_params: Any, _context: Any) -> AsyncIterator[Any]:
        while True:
            yield {"task": {**WORKING, "metadata": {"x": "y" * 2_000}}}

    async with (
        serving_grpc(streams={"SendStreamingMessage": answers}) as server,
        calling(server.url, **limits) as client,
    ):
        with pytest.raises(InvalidAgentResponse, match="larger than"):
            await read(client)


async def test_a_compressed_answer_is_refused() -> None:
    task = {**DONE, "metadata": {"x": "y" * 5_000}}
    async with (
        serving_grpc(
            {"SendMessage": says({"task": task})}, compression=grpc.Compression.Gzip
        ) as server,
        calling(server.url) as client,
    ):
        with pytest.raises(InvalidAgentResponse, match="compressed"):
            await client.send(SENT)
