"""One call or stream over a transport: what is sent, its deadline, its connection."""

import math
from contextlib import AsyncExitStack
from typing import Any

import anyio
import httpx
import pytest
from faults import (
    USER_AGENT,
    Peer,
    Server,
    always,
    by_path,
    events,
    head,
    in_turn,
    ok,
    serving,
    stream_head,
    transport,
)
from http_calls import NOTHING, cut_in_the_body, failing, fetch, huge_and_said, post

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentUnreachable,
    Delivery,
    InvalidAgentResponse,
    TooManyStreams,
)
from a2a_mcp.a2a.http.responses import EventStream, HttpResponse

pytestmark = pytest.mark.anyio


async def test_an_answer_comes_with_status_headers_and_json() -> None:
    async with (
        serving(always(ok({"a": 1}, "X-One: 1", status=201))) as server,
        transport() as client,
    ):
        answer = await fetch(client, post(server, "/rpc?key=a%2Fb"))
        assert (answer.status, answer.body, answer.is_json) == (201, {"a": 1}, True)
        assert answer.headers["x-one"] == "1"
        (request,) = server.requests
        assert (request.verb, request.target) == ("POST", "/rpc?key=a%2Fb")
        assert request.json() == {"hello": 1}
        assert request.headers["content-type"] == "application/json"


async def test_credentials_go_along_and_join_the_urls_own_query() -> None:
    attachment = Attachment({"Authorization": "Bearer s"}, {"key": "k&"})
    async with serving(always(ok({}))) as server, transport() as client:
        outgoing = HttpRequest("GET", f"{server.url}/x?a=b", query={"c": "d e"})
        await client.fetch(outgoing, {"X-Mine": "1"}, attachment)
        (request,) = server.requests
        assert dict(httpx.QueryParams(request.target.partition("?")[2])) == {
            "a": "b",
            "c": "d e",
            "key": "k&",
        }
        assert request.headers["authorization"] == "Bearer s"
        assert request.headers["x-mine"] == "1"
        assert request.body == b""


async def test_every_request_carries_the_user_agent_that_the_caller_chose() -> None:
    async with serving(always(ok({}))) as server, transport() as client:
        await fetch(client, post(server))
        await client.file(server.url, NOTHING)
        assert [request.headers["user-agent"] for request in server.requests] == [USER_AGENT] * 2


async def test_calls_share_a_connection() -> None:
    async with serving(always(ok({}))) as server, transport() as client:
        for _ in range(3):
            await fetch(client, post(server))
        assert (len(server.requests), server.connections) == (3, 1)


async def test_cookies_are_not_kept() -> None:
    async with serving(always(ok({}, "Set-Cookie: a=b; Path=/"))) as server, transport() as client:
        await fetch(client, post(server))
        await fetch(client, post(server))
        assert ["cookie" in request.headers for request in server.requests] == [False, False]


async def slow_body(peer: Peer) -> None:
    await peer.send(head("Content-Type: application/json", "Content-Length: 100000"))
    await peer.drip(b" ")


async def slow_head(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    await peer.drip(b"x")


async def endless_early_answers(peer: Peer) -> None:
    await peer.flood(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")


async def silence(peer: Peer) -> None:
    await peer.wait()


@pytest.mark.parametrize("script", [slow_body, slow_head, endless_early_answers, silence])
async def test_one_deadline_bounds_whatever_a_server_does(script: Any) -> None:
    async with serving(always(script)) as server, transport() as client:
        start = anyio.current_time()
        async with failing(AgentUnreachable, Delivery.UNKNOWN):
            await fetch(client, post(server), seconds=0.4)
        assert 0.3 < anyio.current_time() - start < 2
        with anyio.fail_after(20):
            await server.gone.wait()


async def test_the_deadline_of_the_limits_holds_where_no_other_is_given() -> None:
    async with serving(always(silence)) as server, transport(call_seconds=0.2) as client:
        with pytest.raises(AgentUnreachable, match=r"no answer within 0\.2 s"):
            await fetch(client, post(server))


async def asked(server: Server, times: int) -> None:
    """Wait until a server has got so many requests."""
    with anyio.fail_after(20):
        while len(server.requests) < times:  # noqa: ASYNC110 - nothing announces them
            await anyio.sleep(0.01)


async def no_answer(peer: Peer) -> None:
    await peer.wait()


async def one_event_and_no_end(peer: Peer) -> None:
    await peer.send(stream_head() + b"data: one\n\n")
    await peer.wait()


@pytest.mark.parametrize("seconds", [None, math.inf])
async def test_a_call_that_found_no_free_connection_delivered_nothing(
    seconds: float | None,
) -> None:
    limits = {"concurrency": 1, "connect_seconds": 0.2}
    async with (
        serving(always(no_answer)) as server,
        transport(**limits) as client,
        anyio.create_task_group() as group,
    ):
        group.start_soon(lambda: fetch(client, post(server), seconds=math.inf))
        await asked(server, 1)
        async with failing(AgentUnreachable, Delivery.NEVER):
            await fetch(client, post(server), seconds=seconds)
        assert len(server.requests) == 1
        group.cancel_scope.cancel()


async def test_streams_and_sends_that_last_leave_connections_for_others() -> None:
    routes = {"/stream": one_event_and_no_end, "/send": no_answer, "/read": ok({})}
    async with (
        serving(by_path(routes)) as server,
        transport(concurrency=16, connect_seconds=0.2) as client,
        AsyncExitStack() as streams,
        anyio.create_task_group() as group,
    ):
        for _ in range(12):
            opened = client.stream(post(server, "/stream"), {}, NOTHING)
            await streams.enter_async_context(opened)
        async with failing(TooManyStreams, Delivery.NEVER):
            await client.stream(post(server, "/stream"), {}, NOTHING).__aenter__()
        assert len(server.requests) == 12
        for _ in range(2):
            group.start_soon(lambda: fetch(client, post(server, "/send"), seconds=math.inf))
        await asked(server, 14)
        with pytest.raises(AgentUnreachable, match="too many calls"):
            await fetch(client, post(server, "/send"), seconds=math.inf)
        assert (await fetch(client, post(server, "/read"))).body == {}
        group.cancel_scope.cancel()
        await streams.aclose()
        async with client.stream(post(server, "/stream"), {}, NOTHING) as again:
            assert isinstance(again, EventStream)


async def test_an_answer_nobody_asked_for_reaches_no_later_call() -> None:
    taken, sent = anyio.Event(), anyio.Event()

    async def stray(peer: Peer) -> None:
        await peer.send(ok({"answer": 1}))
        await taken.wait()
        await peer.send(ok({"answer": "stray"}))
        sent.set()
        await peer.wait()

    async with serving(in_turn(stray, ok({"answer": 2}))) as server, transport() as client:
        assert (await fetch(client, post(server))).body == {"answer": 1}
        taken.set()
        await sent.wait()
        assert (await fetch(client, post(server))).body == {"answer": 2}


@pytest.mark.parametrize(
    "url",
    ["http://", "/relative", "ftp://127.0.0.1/", "http://\x00/", "x" * 99],
)
async def test_a_url_that_cannot_be_dialled_is_an_error_of_ours(url: str) -> None:
    async with transport() as client:
        with pytest.raises(A2AError):
            await fetch(client, HttpRequest("POST", url, {}))


async def next_data(stream: HttpResponse | EventStream) -> str:
    assert isinstance(stream, EventStream)
    return (await anext(stream.events))[0].data


async def test_events_come_as_they_are_sent() -> None:
    taken = anyio.Event()

    async def script(peer: Peer) -> None:
        await peer.send(stream_head() + b"data: one\n\n")
        await taken.wait()
        await peer.send(b"data: tw")
        await peer.send(b"o\n\ndata: last")

    async with serving(always(script)) as server, transport() as client:
        async with client.stream(post(server), {}, NOTHING) as stream:
            assert await next_data(stream) == "one"
            taken.set()
            assert await next_data(stream) == "two"
            assert await next_data(stream) == "last"
            assert isinstance(stream, EventStream)
            assert [event async for event in stream.events] == []
        assert "text/event-stream" in server.requests[0].headers["accept"]


async def test_leaving_a_stream_closes_its_connection() -> None:
    async with serving(always(one_event_and_no_end)) as server, transport() as client:
        async with client.stream(post(server), {}, NOTHING) as stream:
            assert await next_data(stream) == "one"
        with anyio.fail_after(20):
            await server.gone.wait()


async def test_a_cut_stream_gives_what_came_and_then_fails() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(head("Content-Type: text/event-stream", "Transfer-Encoding: chunked"))
        await peer.send(b"b\r\ndata: one\n\n\r\n")

    async with (
        serving(always(script)) as server,
        transport() as client,
        client.stream(post(server), {}, NOTHING) as stream,
    ):
        assert await next_data(stream) == "one"
        async with failing(AgentUnreachable, Delivery.UNKNOWN):
            await next_data(stream)


async def endless_line(peer: Peer) -> None:
    await peer.send(stream_head() + b"data: ")
    await peer.flood(b"x" * 65536)


async def endless_comments(peer: Peer) -> None:
    await peer.send(stream_head())
    await peer.flood(b": ping\n\n" * 1000)


async def endless_fragments(peer: Peer) -> None:
    await peer.send(head("Content-Type: text/event-stream", "Transfer-Encoding: chunked"))
    await peer.flood(b"1\r\nx\r\n" * 10_000)


@pytest.mark.parametrize("script", [endless_line, endless_comments, endless_fragments])
async def test_a_stream_beyond_its_limits_is_refused_and_closed(script: Any) -> None:
    limits = {"event_bytes": 50_000, "stream_bytes": 500_000}
    async with serving(always(script)) as server, transport(**limits) as client:
        async with (
            failing(InvalidAgentResponse, Delivery.UNKNOWN),
            client.stream(post(server), {}, NOTHING) as stream,
        ):
            await next_data(stream)
        with anyio.fail_after(20):
            await server.gone.wait()


@pytest.mark.parametrize("kind", ["text/event-stream; charset=utf-8", "Text/Event-Stream"])
async def test_a_stream_is_known_by_its_media_type(kind: str) -> None:
    async with (
        serving(always(ok("data: one\n\n", kind=kind))) as server,
        transport() as client,
        client.stream(post(server), {}, NOTHING) as stream,
    ):
        assert await next_data(stream) == "one"


async def test_a_plain_answer_to_a_stream_is_given_whole() -> None:
    async with (
        serving(always(ok({"error": 1}, status=400))) as server,
        transport() as client,
        client.stream(post(server), {}, NOTHING) as answer,
    ):
        assert isinstance(answer, HttpResponse)
        assert (answer.status, answer.body) == (400, {"error": 1})


async def test_a_plain_answer_to_a_stream_has_the_deadline_and_limit_of_a_call() -> None:
    limits = {"call_seconds": 0.3, "body_bytes": 1000}
    async with serving(in_turn(slow_body, huge_and_said)) as server, transport(**limits) as client:
        async with (
            failing(AgentUnreachable, Delivery.UNKNOWN),
            client.stream(post(server), {}, NOTHING),
        ):
            pass
        async with (
            failing(InvalidAgentResponse, Delivery.UNKNOWN),
            client.stream(post(server), {}, NOTHING),
        ):
            pass


async def test_a_compressed_stream_is_refused() -> None:
    answer = stream_head("Content-Encoding: br") + b"xx"
    async with (
        serving(always(answer)) as server,
        transport() as client,
        failing(InvalidAgentResponse, Delivery.UNKNOWN),
        client.stream(post(server), {}, NOTHING),
    ):
        pass


async def test_a_failure_of_one_server_leaves_the_pool_fit_for_the_next_call() -> None:
    async with (
        serving(in_turn(cut_in_the_body, ok({}))) as server,
        transport(concurrency=1) as client,
    ):
        for _ in range(1):
            with pytest.raises(AgentUnreachable):
                await fetch(client, post(server))
        assert (await fetch(client, post(server))).body == {}


async def test_a_stream_of_events_that_is_whole_is_read_to_its_end() -> None:
    async with (
        serving(always(events({"a": 1}, "two"))) as server,
        transport() as client,
        client.stream(post(server), {}, NOTHING) as stream,
    ):
        assert isinstance(stream, EventStream)
        assert [event.data async for events in stream.events for event in events] == [
            '{"a": 1}',
            "two",
        ]
