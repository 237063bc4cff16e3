"""A redirected call: 307 and 308 are followed once at the same origin, all else is an error."""

import pytest
from faults import always, by_path, ok, serving, transport
from http_calls import NOTHING, fetch, post

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.errors import Delivery, UrlRefused
from a2a_mcp.a2a.http.redirects import new_address
from a2a_mcp.a2a.http.responses import EventStream

pytestmark = pytest.mark.anyio


def leads_to(location: str, status: int = 307) -> bytes:
    return ok(b"", f"Location: {location}", status=status)


@pytest.mark.parametrize("status", [307, 308])
async def test_a_call_is_repeated_once_and_its_new_address_remembered(status: int) -> None:
    routes = {"/a2a": leads_to("/a2a/", status), "/a2a/": ok({"done": True})}
    async with serving(by_path(routes)) as server, transport() as client:
        for _ in range(2):
            assert (await fetch(client, post(server, "/a2a"))).body == {"done": True}
        assert [request.target for request in server.requests] == ["/a2a", "/a2a/", "/a2a/"]
        assert [request.json() for request in server.requests] == [{"hello": 1}] * 3
        assert client.moved == {f"{server.url}/a2a": f"{server.url}/a2a/"}


async def test_credentials_go_along_and_no_query_of_theirs_is_remembered() -> None:
    routes = {"/a2a?key=k": leads_to("/a2a/?key=k"), "/a2a/?key=k": ok({})}
    attachment = Attachment({"Authorization": "Bearer s"}, {"key": "k"})
    async with serving(by_path(routes)) as server, transport() as client:
        await client.fetch(post(server, "/a2a"), {}, attachment)
        assert [request.headers["authorization"] for request in server.requests] == ["Bearer s"] * 2
        assert client.moved == {f"{server.url}/a2a": f"{server.url}/a2a/"}


async def test_a_stream_is_redirected_too() -> None:
    events = ok(b"data: one\n\n", kind="text/event-stream")
    async with (
        serving(by_path({"/a2a": leads_to("/a2a/"), "/a2a/": events})) as server,
        transport() as client,
        client.stream(post(server, "/a2a"), {}, NOTHING) as stream,
    ):
        assert isinstance(stream, EventStream)
        assert [event.data async for events in stream.events for event in events] == ["one"]


async def test_a_redirect_in_a_ring_is_refused_and_nothing_was_carried_out() -> None:
    async with serving(always(leads_to("/a2a/"))) as server, transport() as client:
        with pytest.raises(UrlRefused) as refused:
            await fetch(client, post(server, "/a2a"))
        assert refused.value.delivery is Delivery.NEVER
        assert len(server.requests) == 2
        assert client.moved == {}


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_other_redirects_are_errors_that_say_where_they_lead(status: int) -> None:
    async with serving(always(leads_to("/login?next=x", status))) as server, transport() as client:
        with pytest.raises(UrlRefused) as refused:
            await fetch(client, post(server, "/a2a"))
    assert refused.value.delivery is Delivery.NEVER
    assert f"(HTTP {status}) to {server.url}/login, " in refused.value.message
    assert f'endpoint = "{server.url}/login"' in refused.value.message
    assert "next=x" not in refused.value.message


@pytest.mark.parametrize("status", [307, 308])
async def test_another_origin_is_not_called(status: int) -> None:
    async with serving(always(ok({}))) as other:
        redirect = always(leads_to(f"{other.url}/a2a", status))
        async with serving(redirect) as server, transport() as client:
            with pytest.raises(UrlRefused) as refused:
                await fetch(client, post(server))
        assert refused.value.delivery is Delivery.NEVER
        assert f"{other.url}/a2a" in refused.value.message
        assert other.requests == []


async def test_a_redirected_read_is_an_answer_like_any_other() -> None:
    async with serving(always(leads_to("/x"))) as server, transport() as client:
        answer = await fetch(client, HttpRequest("GET", server.url))
        assert answer.status == 307


def test_a_redirect_never_leaves_https_at_the_same_host() -> None:
    moved = new_address("https://agent.example/a2a", 307, "http://agent.example/a2a/")
    assert moved == "https://agent.example/a2a/"
