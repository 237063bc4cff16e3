"""A message reaches an agent at most once: what is repeated, where, and what never is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from scripted import (
    CARD,
    CUT,
    GET,
    LIST,
    SEND,
    STREAM,
    Reply,
    ScriptedAgent,
    card,
    cut,
    document,
    done,
    error,
    free_port,
    http,
    interface,
    moved,
    origin_of,
    result,
    scripted,
    silence,
    stream,
    task,
    words_of,
)
from staging import configured, staged

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.a2a.errors import A2AError, AgentUnreachable, Delivery, InvalidAgentResponse
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.tracking.delivery import RETRY_SECONDS

pytestmark = pytest.mark.anyio

OLD_SEND = "message/send"
REST_SEND = "POST /message:send"
UNKNOWN_METHOD_0_2 = [
    {"type": "literal_error", "loc": [kind, "method"], "input": "SendMessage"}
    for kind in ("SendMessageRequest", "GetTaskRequest")
]
BAD_PARAMS = [{"type": "missing", "loc": ["SendMessageRequest", "params"]}]
NOT_HANDLED = "A2A version '1.0' is not supported by this handler. Expected version '0.3'."


def plain(status: int, body: str = "<html>no</html>", **headers: str) -> Reply:
    return http(status, body.encode(), "text/html", **headers)


def two_interfaces(agent: ScriptedAgent, *, streaming: bool = False) -> None:
    """Offer 1.0 and below it 0.3, both at one URL; 0.3 works."""
    both = [interface(agent.url), interface(agent.url, "0.3")]
    agent.on(CARD, document(card(agent.url, streaming=streaming, supportedInterfaces=both)))
    agent.on(OLD_SEND, result({"kind": "message", **words_of("the old way"), "role": "agent"}))


async def sent(agent: ScriptedAgent, folder: Path, **limits: float) -> TaskView | A2AError:
    """Send one message and give what came of it."""
    config = configured(it={"url": agent.url, "limits": limits})
    async with staged(config, folder) as stage:
        try:
            return await stage.send(wait_seconds=8.0)
        except A2AError as failure:
            return failure


# What an agent answers to a send, and what that proves: whether the same message
# may go out once more, in the card's next dialect.
PROVE_REFUSAL: dict[str, Reply] = {
    "-32601": error(-32601, "Method not found"),
    "-32601 at HTTP 404": error(-32601, "Method not found", status=404),
    "-32009": error(-32009, "version not supported"),
    "-32600 for an unknown method, orig": error(
        -32600, "bad", data=[{"type": "union_tag_invalid", "loc": []}]
    ),
    "-32600 for an unknown method, 0.2.16": error(-32600, "bad", data=UNKNOWN_METHOD_0_2),
    "-32603 of the compatibility layer": error(-32603, NOT_HANDLED),
    "404 without a body of A2A": plain(404),
    "404 of a framework": document({"detail": "Not Found"}, 404),
    "405": plain(405),
    "415": plain(415),
    "501": plain(501),
}
PROVE_NOTHING: dict[str, Reply] = {
    "400": plain(400),
    "404 with an error of A2A": document({"message": "Task not found: t1"}, 404),
    "409": plain(409),
    "422": document({"detail": [{"loc": ["body"], "msg": "bad"}]}, 422),
    "-32600 otherwise": error(-32600, "bad", data=BAD_PARAMS),
    "-32600 without data": error(-32600, "bad"),
    "-32602": error(-32602, "Invalid params"),
    "-32603": error(-32603, "Internal error"),
    "-32603 that quotes the compatibility layer": error(-32603, f"agent said: {NOT_HANDLED}"),
    "-32001": error(-32001, "Task not found"),
    "-32004": error(-32004, "This operation is not supported"),
    "-32005": error(-32005, "Incompatible content types"),
    "-32006": error(-32006, "Invalid agent response"),
    "500": plain(500),
    "502": plain(502),
    "503": plain(503),
    "503 with Retry-After": plain(503, retry_after="0"),
    "504": plain(504),
    "401": plain(401),
    "403": plain(403),
    "429 without Retry-After": plain(429),
    "429 with a Retry-After beyond patience": plain(429, retry_after="3600"),
    "429 with a Retry-After that is a date": plain(
        429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"
    ),
    "a redirect to another origin": plain(307, location="https://elsewhere.example/"),
    "a redirect that changes the verb": plain(302, location="/elsewhere"),
    "200 with HTML": plain(200),
    "200 with broken JSON": http(200, b'{"jsonrpc": "2.0", "result": {'),
    "200 with nothing": http(200, b""),
    "200 with another result": result({"unexpected": True}),
    "an answer cut off": lambda _: [
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{",
        CUT,
    ],
    "no answer, connection closed": cut,
    "no HTTP": lambda _: [b"SSH-2.0-OpenSSH\r\n", CUT],
}


@pytest.mark.parametrize("signal", PROVE_REFUSAL)
async def test_a_proven_refusal_goes_to_the_next_interface_and_is_executed_once(
    signal: str, tmp_path: Path
) -> None:
    async with scripted() as agent:
        two_interfaces(agent)
        agent.on(SEND, PROVE_REFUSAL[signal])
        view = await sent(agent, tmp_path)
    assert isinstance(view, TaskView)
    assert view.text == "the old way"
    refused, taken = agent.sends()
    assert (refused.call, taken.call) == (SEND, OLD_SEND)
    assert refused.message["messageId"] == taken.message["messageId"]


@pytest.mark.parametrize("signal", PROVE_NOTHING)
async def test_what_proves_nothing_is_never_sent_again(signal: str, tmp_path: Path) -> None:
    async with scripted() as agent:
        two_interfaces(agent)
        agent.on(SEND, PROVE_NOTHING[signal])
        failure = await sent(agent, tmp_path)
    assert isinstance(failure, A2AError)
    assert [request.call for request in agent.sends()] == [SEND]


@pytest.mark.parametrize(
    "signal",
    [
        "500",
        "502",
        "503",
        "504",
        "-32603",
        "400",
        "200 with HTML",
        "200 with nothing",
        "an answer cut off",
        "no answer, connection closed",
        "no HTTP",
    ],
)
async def test_what_may_have_been_carried_out_is_not_called_undelivered(
    signal: str, tmp_path: Path
) -> None:
    async with scripted() as agent:
        agent.on(SEND, PROVE_NOTHING[signal])
        failure = await sent(agent, tmp_path)
    assert isinstance(failure, A2AError)
    assert failure.delivery is not Delivery.NEVER


@pytest.mark.parametrize("signal", ["401", "403", "429 without Retry-After"])
async def test_a_refusal_at_the_door_is_called_undelivered(signal: str, tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, PROVE_NOTHING[signal])
        failure = await sent(agent, tmp_path)
    assert isinstance(failure, A2AError)
    assert failure.delivery is Delivery.NEVER


async def test_when_every_interface_refuses_the_first_refusal_is_told(tmp_path: Path) -> None:
    async with scripted() as agent:
        two_interfaces(agent)
        agent.on(SEND, error(-32601, "first"))
        agent.on(OLD_SEND, error(-32601, "second"))
        agent.on("tasks/send", error(-32601, "third"))
        failure = await sent(agent, tmp_path)
    assert isinstance(failure, A2AError)
    assert failure.message == "first"
    assert len(agent.sends()) == 3


async def test_a_pinned_version_is_never_left(tmp_path: Path) -> None:
    async with scripted() as agent:
        two_interfaces(agent)
        agent.on(SEND, error(-32601, "no"))
        config = configured(it={"url": agent.url, "version": "1.0"})
        async with staged(config, tmp_path) as stage:
            with pytest.raises(A2AError):
                await stage.send()
    assert {request.call for request in agent.sends()} == {SEND}


async def test_an_agent_that_does_not_answer_in_time_is_not_asked_again(tmp_path: Path) -> None:
    async with scripted() as agent:
        two_interfaces(agent)
        agent.on(SEND, silence)
        async with staged(configured(it=agent.url), tmp_path) as stage:
            view = await stage.send(wait_seconds=0.3)
            assert view.state is TaskState.WORKING
            assert "do not send it again" in (view.next_step or "")
            assert view.task_id
    assert len(agent.sends()) == 1


async def test_after_429_the_same_message_goes_out_again_at_most_twice(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, plain(429, retry_after="0"))
        failure = await sent(agent, tmp_path)
    assert isinstance(failure, A2AError)
    assert failure.delivery is Delivery.NEVER
    sends = agent.sends()
    assert len(sends) == 3
    assert len({request.message["messageId"] for request in sends}) == 1


async def test_after_429_and_the_wait_that_it_asks_for_the_answer_is_the_agents(
    tmp_path: Path,
) -> None:
    async with scripted() as agent:
        agent.on(SEND, plain(429, retry_after="1"), result(done("at last")))
        with anyio.fail_after(4):
            started = anyio.current_time()
            view = await sent(agent, tmp_path)
            assert anyio.current_time() - started >= 1
    assert isinstance(view, TaskView)
    assert view.text == "at last"


async def test_a_connection_that_never_stood_is_tried_twice_more(tmp_path: Path) -> None:
    async with scripted() as agent:  # TLS spoken to a plain port fails before a byte of HTTP
        url = agent.url.replace("http:", "https:")
        config = configured(it={"url": url, "card": card(url)})
        async with staged(config, tmp_path) as stage:
            with pytest.raises(AgentUnreachable) as caught:
                await stage.send()
        assert caught.value.delivery is Delivery.NEVER
    assert agent.connections == 1 + len(RETRY_SECONDS) == 3


async def test_a_refused_connection_is_tried_again_with_the_same_message(tmp_path: Path) -> None:
    bound = free_port()
    attempts = 0

    async def token() -> SecretStr:  # asked for before every attempt
        nonlocal attempts
        attempts += 1
        if attempts == 2:
            listening.set()
            await listens.wait()
        return SecretStr("token-of-the-test")

    listening, listens = anyio.Event(), anyio.Event()
    url = origin_of(bound)
    config = configured(it={"url": url, "card": card(url), "auth": Bearer(token)})
    async with staged(config, tmp_path) as stage, anyio.create_task_group() as group:

        async def come_up() -> None:
            await listening.wait()
            async with scripted(bound) as agent:
                agent.on(SEND, result(done("here I am")))
                listens.set()
                await agent.called(SEND)
                await finished.wait()
                assert len(agent.sends()) == 1

        finished = anyio.Event()
        group.start_soon(come_up)
        view = await stage.send()
        finished.set()
    assert view.text == "here I am"
    assert attempts == 2


async def test_a_connection_the_agent_closed_meanwhile_is_not_a_reason_to_send_twice(
    tmp_path: Path,
) -> None:
    async with scripted() as agent:
        agent.on(SEND, result(done("first")), cut)
        async with staged(configured(it=agent.url), tmp_path) as stage:
            await stage.send()
            with pytest.raises(AgentUnreachable) as caught:
                await stage.send()
        assert caught.value.delivery is Delivery.UNKNOWN
    assert len(agent.sends()) == 2


# --- streams ---


NO_METHOD = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"no"}}'
NO_STREAM: dict[str, Reply] = {
    "-32601": error(-32601, "no"),
    "-32601 in an event": stream(b"data: " + NO_METHOD + b"\n\n"),
    "-32601 as JSON under text/event-stream": stream(NO_METHOD),
    "-32004 in the SDK's words": error(-32004, "Streaming is not supported"),
    "-32004 in other words": error(-32004, "This operation is not supported"),
}


@pytest.mark.parametrize("refusal", NO_STREAM)
async def test_a_refused_stream_becomes_a_plain_send_of_the_same_message(
    refusal: str, tmp_path: Path
) -> None:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, streaming=True)))
        agent.on(STREAM, NO_STREAM[refusal])
        agent.on(SEND, result(done("without a stream")))
        view = await sent(agent, tmp_path)
    assert isinstance(view, TaskView)
    assert view.text == "without a stream"
    first, second = agent.sends()
    assert (first.call, second.call) == (STREAM, SEND)
    assert first.message["messageId"] == second.message["messageId"]


@pytest.mark.parametrize("signal", [name for name in PROVE_NOTHING if name != "-32004"])
async def test_a_stream_that_fails_without_an_event_is_never_sent_again(
    signal: str, tmp_path: Path
) -> None:
    async with scripted() as agent:
        two_interfaces(agent, streaming=True)
        agent.on(STREAM, PROVE_NOTHING[signal])
        failure = await sent(agent, tmp_path)
    assert isinstance(failure, A2AError)
    assert [request.call for request in agent.sends()] == [STREAM]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [CUT],
        [b": ping\n\n"],
        [b"data: {}\n\n"],
        [b"data: not json\n\n", CUT],
        [b'data: {"jsonrpc":"2.0","error":{"code":-32603,"message":"boom"}}\n\n'],
    ],
    ids=["empty", "cut", "comment", "empty object", "garbage, cut", "error"],
)
async def test_a_stream_that_ends_before_it_names_a_task_is_unknown_and_not_repeated(
    events: list[Any], tmp_path: Path
) -> None:
    async with scripted() as agent:
        two_interfaces(agent, streaming=True)
        agent.on(STREAM, stream(*events))
        failure = await sent(agent, tmp_path)
    assert isinstance(failure, A2AError)
    assert failure.delivery is not Delivery.NEVER
    assert len(agent.sends()) == 1


@pytest.mark.parametrize("code", [-32601, -32004, -32009])
async def test_no_refusal_after_the_first_event_leads_to_another_send(
    code: int, tmp_path: Path
) -> None:
    fault = json.dumps({"jsonrpc": "2.0", "id": "1", "error": {"code": code, "message": "late"}})
    async with scripted() as agent:
        two_interfaces(agent, streaming=True)
        agent.on(STREAM, stream({"task": task("working")}, f"data: {fault}\n\n".encode()))
        agent.on(GET, result(done("found by reading")))
        view = await sent(agent, tmp_path)
    assert isinstance(view, TaskView)
    assert view.text == "found by reading"
    assert len(agent.sends()) == 1


async def test_one_plain_answer_to_a_stream_is_taken(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, streaming=True)))
        agent.on(STREAM, result({"task": done("all at once")}))
        view = await sent(agent, tmp_path)
    assert isinstance(view, TaskView)
    assert view.text == "all at once"
    assert len(agent.sends()) == 1


async def test_an_agent_without_streaming_is_asked_not_to_wait(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, result({"task": done("x")}))
        await sent(agent, tmp_path)
    (request,) = agent.sends()
    assert request.params["configuration"]["returnImmediately"] is True
    assert request.params["configuration"]["acceptedOutputModes"]
    assert request.headers["a2a-version"] == "1.0"


async def test_http_json_is_tried_where_json_rpc_is_refused(tmp_path: Path) -> None:
    async with scripted() as agent:
        both = [interface(agent.url), interface(agent.url, binding="HTTP+JSON")]
        agent.on(CARD, document(card(agent.url, supportedInterfaces=both)))
        agent.on(SEND, plain(404))
        agent.on(REST_SEND, document({"task": done("by path")}))
        view = await sent(agent, tmp_path)
    assert isinstance(view, TaskView)
    assert view.text == "by path"


@pytest.mark.parametrize("streaming", [False, True], ids=["polled", "streamed"])
async def test_where_the_first_interface_is_out_of_reach_the_second_is_used(
    streaming: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with free_port() as dead:
        async with scripted() as agent:
            gone = origin_of(dead)
            both = [interface(gone), interface(agent.url)]
            agent.on(CARD, document(card(agent.url, streaming=streaming, supportedInterfaces=both)))
            agent.on(SEND, result({"task": done("the other door")}))
            agent.on(STREAM, stream({"task": done("the other door")}))
            config = configured(it={"url": agent.url, "allowed_origins": [gone]})
            async with staged(config, tmp_path) as stage:
                for _ in range(2):
                    view = await stage.send()
                    assert view.text == "the other door"
                told = describe_agent(stage.registry, "it").prose()
    assert len(agent.sends()) == 2
    detour = f"{gone} (JSONRPC, A2A 1.0) took no message; {agent.url} (JSONRPC, A2A 1.0) did"
    assert detour in told
    assert detour in caplog.text
    assert f"Interface: {agent.url}" in told


async def test_where_no_interface_can_be_reached_each_place_is_told_of_once(
    tmp_path: Path,
) -> None:
    with free_port() as one, free_port() as two:
        urls = [origin_of(one), origin_of(two)]
        given = card("", supportedInterfaces=[interface(url) for url in urls])
        async with staged(configured(it={"card": given}), tmp_path) as stage:
            with pytest.raises(AgentUnreachable) as caught:
                await stage.send()
    assert caught.value.delivery is Delivery.NEVER
    assert caught.value.url == urls[0]


async def test_an_interface_whose_answer_is_cut_is_not_left_for_the_second(tmp_path: Path) -> None:
    async with scripted() as first, scripted() as agent:
        both = [interface(first.url), interface(agent.url)]
        agent.on(CARD, document(card(agent.url, supportedInterfaces=both)))
        first.on(SEND, cut)
        first.on(LIST, error(-32601, "no"))
        config = configured(it={"url": agent.url, "allowed_origins": [first.url]})
        async with staged(config, tmp_path) as stage:
            with pytest.raises(A2AError):
                await stage.send()
    assert len(first.sends()) == 1
    assert agent.sends() == []


async def test_a_task_stays_with_the_interface_it_was_made_with(tmp_path: Path) -> None:
    async with scripted() as agent:
        two_interfaces(agent)
        agent.on(SEND, error(-32601, "no"))
        asks = {
            "kind": "task",
            "id": "t1",
            "contextId": "c1",
            "status": {"state": "input-required"},
        }
        ends = {**asks, "status": {"state": "completed"}}
        agent.on(OLD_SEND, result(asks), result(ends))
        agent.on("tasks/get", result(asks), result(ends))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            first = await stage.send()
            assert first.state is TaskState.INPUT_REQUIRED
            await stage.send(task_id="t1")
    assert [request.call for request in agent.sends()] == [SEND, OLD_SEND, OLD_SEND]
    assert not agent.calls(GET)


# --- before anything is sent ---


@pytest.mark.parametrize(
    "reply",
    [plain(404), plain(200), plain(500), cut, document({"name": "no interface", "skills": []})],
    ids=["404", "HTML", "500", "cut", "no interface"],
)
async def test_an_agent_whose_card_cannot_be_used_was_sent_nothing_and_that_is_known(
    reply: Reply, tmp_path: Path
) -> None:
    async with scripted() as agent:
        for place in ("/.well-known/agent-card.json", "/.well-known/agent.json"):
            agent.on(f"GET {place}", reply)
        failure = await sent(agent, tmp_path)
    assert isinstance(failure, A2AError)
    assert failure.delivery is Delivery.NEVER
    assert agent.sends() == []


async def test_a_task_that_cannot_be_read_first_gets_no_message_and_that_is_known(
    tmp_path: Path,
) -> None:
    async with scripted() as agent:
        agent.on(SEND, result({"task": task("input-required", "Which?")}))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            await stage.send()
            agent.on(GET, plain(500))
            with pytest.raises(A2AError) as caught:
                await stage.send(task_id="t1")
        assert caught.value.delivery is Delivery.NEVER
    assert len(agent.sends()) == 1


async def test_an_answer_that_is_too_large_is_not_asked_for_again(tmp_path: Path) -> None:
    async with scripted() as agent:
        two_interfaces(agent)
        agent.on(SEND, result(done("x" * 5000)))
        failure = await sent(agent, tmp_path, body_bytes=1000)
    assert isinstance(failure, InvalidAgentResponse)
    assert len(agent.sends()) == 1


async def test_a_row_stands_in_the_map_before_the_message_leaves(tmp_path: Path) -> None:
    async with scripted() as agent:
        held = anyio.Event()
        agent.on(SEND, lambda request: [held, *result({"task": done("x")})(request)])
        async with (
            staged(configured(it=agent.url), tmp_path) as stage,
            anyio.create_task_group() as group,
        ):
            group.start_soon(stage.send)
            request = await agent.called(SEND)
            records, _ = await stage.tasks.list("local")
            assert [record.message_id for record in records] == [request.message["messageId"]]
            held.set()


async def test_a_message_that_was_never_delivered_is_listed_as_failed(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, plain(401))
        async with staged(configured(it=agent.url), tmp_path) as stage:
            with pytest.raises(A2AError):
                await stage.send()
            records, _ = await stage.tasks.list("local")
            assert [record.state for record in records] == [TaskState.FAILED]


async def test_a_message_of_unknown_fate_is_listed_as_unknown(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, streaming=True)))
        agent.on(STREAM, stream(moved("working"), CUT), cut)
        agent.on(SEND, cut)
        async with staged(configured(it=agent.url), tmp_path) as stage:
            agent.on(STREAM, cut)
            with pytest.raises(A2AError):
                await stage.send()
            records, _ = await stage.tasks.list("local")
            assert [record.state for record in records] == [TaskState.UNKNOWN]
