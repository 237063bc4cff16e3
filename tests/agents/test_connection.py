"""One agent at run time: its card, its interfaces, and who gets to see its credentials."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from certificates import serving_tls
from faults import ok
from pydantic import SecretStr
from scripted import (
    CANCEL,
    CARD,
    GET,
    SEND,
    Request,
    ScriptedAgent,
    card,
    cut,
    document,
    done,
    free_port,
    http,
    interface,
    later,
    origin_of,
    result,
    scripted,
    task,
)
from staging import ME, agents, configured, staged

from a2a_mcp.a2a.auth.static import ApiKey, Basic, Bearer, Headers
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentUnreachable,
    AuthenticationRequired,
    Delivery,
    InvalidAgentResponse,
    NoCommonInterface,
)
from a2a_mcp.a2a.requests import GetTaskRequest
from a2a_mcp.agents.card_cache import STALE_SECONDS
from a2a_mcp.agents.connection import Connection
from a2a_mcp.agents.registry import _default_tls
from a2a_mcp.errors import CredentialUnavailable

pytestmark = pytest.mark.anyio

OLD_CARD = "GET /.well-known/agent.json"
TOKEN = "token-of-the-test"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(GET, result(done("x")))
        yield running


@asynccontextmanager
async def connected(
    url: str = "", clock: Clock | None = None, **table: Any
) -> AsyncIterator[Connection]:
    """Connect as the registry does; the block is bounded."""
    settings = {"url": url, **table} if url else table
    config = agents(it=settings)["it"]
    connection = Connection(config, tls=_default_tls, clock=clock or Clock())
    try:
        with anyio.fail_after(20):
            yield connection
    finally:
        await connection.aclose()


async def read_task(connection: Connection) -> None:
    await (await connection.client()).get(GetTaskRequest(id="t1"))


# --- when the card is fetched ---


async def test_nothing_is_fetched_before_the_first_need(agent: ScriptedAgent) -> None:
    async with connected(agent.url) as connection:
        assert connection.found is None
        assert connection.chosen is None
        assert agent.requests == []
        await read_task(connection)
    assert [request.call for request in agent.requests] == [CARD, GET]


async def test_a_fresh_card_is_not_asked_for_again(agent: ScriptedAgent) -> None:
    async with connected(agent.url) as connection:
        for _ in range(3):
            await connection.choice()
    assert len(agent.calls(CARD)) == 1


async def test_those_who_need_the_card_at_once_share_one_lookup(agent: ScriptedAgent) -> None:
    shown = anyio.Event()
    agent.on(CARD, later(shown, document(card(agent.url))))
    async with connected(agent.url) as connection, anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(connection.choice)
        await agent.called(CARD)
        shown.set()
    assert len(agent.calls(CARD)) == 1


async def test_each_caller_of_a_failed_lookup_gets_its_own_error(
    agent: ScriptedAgent,
) -> None:
    """An exception raised twice grows its traceback, and one handler's changes reach the other."""
    asked = anyio.Event()
    agent.on(CARD, later(asked, http(500, b"")))
    errors: list[A2AError] = []

    async def look_up(connection: Connection) -> None:
        with pytest.raises(A2AError) as caught:
            await connection.card()
        errors.append(caught.value)

    async with connected(agent.url) as connection, anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(look_up, connection)
        await agent.called(CARD)
        asked.set()
    assert len({id(error) for error in errors}) == 3
    assert len({error.message for error in errors}) == 1
    assert {error.delivery for error in errors} == {Delivery.NEVER}


async def test_an_old_card_is_checked_by_its_etag_and_kept(agent: ScriptedAgent) -> None:
    clock = Clock()
    agent.on(
        CARD,
        document(card(agent.url), etag='"v1"', cache_control="max-age=60"),
        http(304, b"", cache_control="max-age=60"),
    )
    async with connected(agent.url, clock) as connection:
        first = await connection.card()
        clock.now += 59
        await connection.card()
        assert len(agent.calls(CARD)) == 1
        clock.now += 2
        assert (await connection.card()).card == first.card
        await connection.card()
    assert [request.headers.get("if-none-match") for request in agent.calls(CARD)] == [None, '"v1"']


async def test_a_changed_card_brings_its_new_interface(agent: ScriptedAgent) -> None:
    clock = Clock()
    moved = card(agent.url, supportedInterfaces=[interface(f"{agent.url}/new")])
    agent.on(CARD, document(card(agent.url), cache_control="max-age=1"), document(moved))
    async with connected(agent.url, clock) as connection:
        assert (await connection.choice()).interfaces[0].url == agent.url
        clock.now += 2
        assert (await connection.choice()).interfaces[0].url == f"{agent.url}/new"


async def test_refresh_asks_even_for_a_fresh_card(agent: ScriptedAgent) -> None:
    async with connected(agent.url) as connection:
        await connection.choice()
        await connection.choice(refresh=True)
    assert len(agent.calls(CARD)) == 2


async def test_while_the_agent_is_down_its_card_of_before_is_used_with_a_note(
    agent: ScriptedAgent,
) -> None:
    clock = Clock()
    agent.on(CARD, document(card(agent.url), cache_control="max-age=1"), cut)
    async with connected(agent.url, clock) as connection:
        await connection.choice()
        clock.now += 2
        assert (await connection.choice()).interfaces
        assert "card of before" in (connection.health.note or "")
        asked = len(agent.requests)
        await connection.choice()
        assert len(agent.requests) == asked  # not at every call
        clock.now += STALE_SECONDS + 1
        agent.on(CARD, document(card(agent.url)))
        await connection.choice()
        assert connection.health.note is None


async def test_an_agent_that_comes_up_later_works_without_a_restart() -> None:
    bound = free_port()
    async with connected(origin_of(bound)) as connection:
        with pytest.raises(AgentUnreachable):
            await connection.choice()
        assert connection.health.last_error
        async with scripted(bound) as agent:
            assert (await connection.choice()).interfaces
            agent.on(GET, result(done("x")))
            await read_task(connection)


async def test_a_card_that_wants_credentials_is_said_so(agent: ScriptedAgent) -> None:
    agent.on(CARD, http(401, b"", www_authenticate='Bearer realm="agents"'))
    async with connected(agent.url) as connection:
        with pytest.raises(AuthenticationRequired) as caught:
            await connection.card()
    assert caught.value.challenge == 'Bearer realm="agents"'


async def test_a_card_that_does_not_come_ends_in_time(agent: ScriptedAgent) -> None:
    agent.on(CARD, lambda _: [anyio.Event()])
    async with connected(agent.url, limits={"card_seconds": 0.2}) as connection:
        with anyio.fail_after(1), pytest.raises(AgentUnreachable, match=r"within 0\.2 s"):
            await connection.card()


async def test_a_card_that_is_too_large_is_refused(agent: ScriptedAgent) -> None:
    agent.on(CARD, document(card(agent.url, description="x" * 5000)))
    async with connected(agent.url, limits={"card_bytes": 1000}) as connection:
        with pytest.raises(A2AError):
            await connection.card()


async def test_the_older_place_is_looked_at_too_and_all_places_are_told(
    agent: ScriptedAgent,
) -> None:
    agent.on(CARD, http(404, b"no"))
    agent.on(OLD_CARD, document(card(agent.url)))
    async with connected(agent.url) as connection:
        assert (await connection.card()).url.endswith("/agent.json")
    agent.on(OLD_CARD, http(200, b"<html>hello", "text/html"))
    async with connected(agent.url) as connection:
        with pytest.raises(InvalidAgentResponse) as caught:
            await connection.card()
    assert "/.well-known/agent-card.json (HTTP 404)" in caught.value.message
    assert "/.well-known/agent.json (text/html, no card)" in caught.value.message


# --- where calls go ---


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost", "127.0.0.2", "[::1]"])
async def test_another_name_of_this_machine_means_the_configured_host(
    host: str, agent: ScriptedAgent
) -> None:
    agent.on(CARD, document(card(agent.url.replace("127.0.0.1", host))))
    async with connected(agent.url) as connection:
        (used,) = (await connection.choice()).interfaces
        assert used.url.rstrip("/") == agent.url
        assert f"{agent.url} is called instead" in (used.note or "")
        await read_task(connection)


async def test_a_relative_interface_belongs_to_where_the_card_was(agent: ScriptedAgent) -> None:
    agent.on(CARD, document(card("/rpc")))
    async with connected(agent.url) as connection:
        assert (await connection.choice()).interfaces[0].url == f"{agent.url}/rpc"


async def test_an_interface_on_another_origin_is_refused_with_the_setting_that_allows_it(
    agent: ScriptedAgent,
) -> None:
    async with scripted() as other:
        agent.on(CARD, document(card(other.url)))
        async with connected(agent.url) as connection:
            with pytest.raises(NoCommonInterface) as caught:
                await connection.choice()
        assert f'add "{other.url}" to allowed_origins' in caught.value.message
        assert other.connections == 0


async def test_an_allowed_origin_is_called_and_gets_the_credentials(agent: ScriptedAgent) -> None:
    async with scripted() as other:
        other.on(GET, result(done("x")))
        agent.on(CARD, document(card(other.url)))
        table = {"allowed_origins": [other.url], "auth": Bearer(SecretStr(TOKEN))}
        async with connected(agent.url, **table) as connection:
            await read_task(connection)
        assert other.calls(GET)[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_of_two_interfaces_only_the_one_at_home_is_used(agent: ScriptedAgent) -> None:
    async with scripted() as other:
        both = [interface(other.url), interface(agent.url, "0.3")]
        agent.on(CARD, document(card(agent.url, supportedInterfaces=both)))
        async with connected(agent.url) as connection:
            choice = await connection.choice()
    assert [used.url for used in choice.interfaces] == [agent.url]
    assert other.url in choice.problems[0]


async def test_a_card_that_redirects_elsewhere_is_refused_and_nothing_is_shown_there(
    agent: ScriptedAgent,
) -> None:
    async with scripted() as other:
        agent.on(CARD, http(302, b"", location=f"{other.url}/card"))
        async with connected(agent.url, auth=Bearer(SecretStr(TOKEN))) as connection:
            with pytest.raises(A2AError, match="another origin"):
                await connection.card()
        assert other.connections == 0


async def test_a_card_that_redirects_within_its_origin_is_found(agent: ScriptedAgent) -> None:
    agent.on(CARD, http(302, b"", location="/cards/me"))
    agent.on("GET /cards/me", document(card(agent.url)))
    async with connected(agent.url) as connection:
        assert (await connection.card()).card.name == "Scripted agent"


async def test_a_call_that_is_redirected_is_not_followed(agent: ScriptedAgent) -> None:
    async with scripted() as other:
        agent.on(GET, http(307, b"", location=other.url))
        async with connected(agent.url, auth=Bearer(SecretStr(TOKEN))) as connection:
            with pytest.raises(A2AError):
                await read_task(connection)
        assert other.connections == 0


async def test_an_interface_of_a_stored_task_on_an_origin_no_longer_allowed_is_not_called(
    agent: ScriptedAgent,
) -> None:
    async with scripted() as other:
        async with connected(agent.url, allowed_origins=[other.url]) as before:
            agent.on(CARD, document(card(other.url)))
            interface_key = (await before.client()).interface_key
        agent.on(CARD, document(card(agent.url)))
        async with connected(agent.url) as connection:
            client = await connection.client(interface_key)
    assert client.interface.url == agent.url


@pytest.mark.parametrize("stored", ["", "garbage", "[]", '["x"]', '["u","9.9","JSONRPC",null]'])
async def test_an_unreadable_interface_of_a_stored_task_falls_back_to_the_card(
    stored: str, agent: ScriptedAgent
) -> None:
    async with connected(agent.url) as connection:
        assert (await connection.client(stored)).interface.url == agent.url


# --- cards of the configuration ---


async def test_an_inline_card_needs_no_network(agent: ScriptedAgent) -> None:
    async with connected(card=card(agent.url)) as connection:
        assert (await connection.choice()).interfaces[0].url == agent.url
        assert agent.requests == []
        await read_task(connection)
    assert [request.call for request in agent.requests] == [GET]


async def test_a_card_file_is_read_and_trusted_as_a_destination(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(card(agent.url)), encoding="utf-8")
    async with connected(card=path) as connection:
        await read_task(connection)
    assert [request.call for request in agent.requests] == [GET]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "no url"}', "\xff"])
async def test_a_card_file_that_holds_no_card_is_said_by_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(text.encode("latin-1"))
    async with connected(card=path) as connection:
        with pytest.raises(InvalidAgentResponse, match=r"card\.json"):
            await connection.card()


async def test_a_card_file_that_is_gone_is_said_by_name(tmp_path: Path) -> None:
    async with connected(card=tmp_path / "gone.json") as connection:
        with pytest.raises(InvalidAgentResponse, match=r"gone\.json"):
            await connection.card()


async def test_a_loopback_agent_of_a_card_is_called_directly_whatever_the_proxy(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = free_port()
    monkeypatch.setenv("HTTP_PROXY", origin_of(nobody))
    monkeypatch.setenv("http_proxy", origin_of(nobody))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for table in ({"url": agent.url}, {"card": card(agent.url)}):
        async with connected(**table) as connection:
            await read_task(connection)
    nobody.close()
    assert len(agent.calls(GET)) == 2


# --- pins ---


async def test_a_pinned_version_is_spoken_whatever_the_card_says(agent: ScriptedAgent) -> None:
    agent.on("tasks/get", result({"kind": "task", "id": "t1", "status": {"state": "completed"}}))
    async with connected(agent.url, version="0.3") as connection:
        await read_task(connection)
    assert "a2a-version" not in agent.calls("tasks/get")[0].headers


async def test_a_pinned_binding_leaves_out_the_others(agent: ScriptedAgent) -> None:
    both = [interface(agent.url), interface(agent.url, binding="HTTP+JSON")]
    agent.on(CARD, document(card(agent.url, supportedInterfaces=both)))
    agent.on("GET /tasks/t1", document(done("x")))
    async with connected(agent.url, binding="rest") as connection:
        await read_task(connection)
        assert len((await connection.choice()).interfaces) == 1


async def test_a_pin_that_the_card_does_not_offer_says_so(agent: ScriptedAgent) -> None:
    async with connected(agent.url, binding="HTTP+JSON") as connection:
        with pytest.raises(NoCommonInterface, match=r"pins HTTP\+JSON"):
            await connection.choice()


async def test_a_tenant_is_in_every_request(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(SEND, result({"task": task("working")}))
    agent.on(GET, result(task("working")))
    agent.on(CANCEL, result(task("canceled")))
    config = configured(it={"url": agent.url, "tenant": "acme"})
    async with staged(config, tmp_path) as stage:
        await stage.send(wait_seconds=0.5)
        await stage.bridge.get(ME, "t1", None)
        await stage.bridge.cancel(ME, "t1", None, None)
    calls = agent.calls(SEND, GET, CANCEL)
    assert {request.call for request in calls} == {SEND, GET, CANCEL}
    assert {request.params.get("tenant") for request in calls} == {"acme"}


async def test_a_tenant_of_the_card_is_used_and_the_configured_one_wins(
    agent: ScriptedAgent,
) -> None:
    said = [interface(agent.url, tenant="from-the-card")]
    agent.on(CARD, document(card(agent.url, supportedInterfaces=said)))
    for table, tenant in (({}, "from-the-card"), ({"tenant": "mine"}, "mine")):
        async with connected(agent.url, **table) as connection:
            await read_task(connection)
        assert agent.calls(GET)[-1].params["tenant"] == tenant


async def test_a_tenant_over_http_json_is_one_segment_of_the_path(agent: ScriptedAgent) -> None:
    said = [interface(agent.url, binding="HTTP+JSON")]
    agent.on(CARD, document(card(agent.url, supportedInterfaces=said)))
    agent.on("GET /a%2Fb/tasks/t1", document(done("x")))
    async with connected(agent.url, tenant="a/b") as connection:
        await read_task(connection)


# --- credentials ---


async def test_credentials_are_shown_with_the_card_and_every_call(agent: ScriptedAgent) -> None:
    async with connected(agent.url, auth=Bearer(SecretStr(TOKEN))) as connection:
        await read_task(connection)
    assert [request.headers.get("authorization") for request in agent.requests] == [
        f"Bearer {TOKEN}"
    ] * 2


async def test_basic_credentials_are_encoded(agent: ScriptedAgent) -> None:
    async with connected(agent.url, auth=Basic("me", SecretStr("pässword"))) as connection:
        await read_task(connection)
    assert agent.calls(GET)[0].headers["authorization"] == "Basic bWU6cMOkc3N3b3Jk"


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("header", lambda request: request.headers.get("x-key")),
        ("query", lambda request: request.path.partition("X-Key=")[2]),
        ("cookie", lambda request: request.headers.get("cookie", "").partition("X-Key=")[2]),
    ],
)
async def test_an_api_key_goes_where_the_card_wants_it(
    place: str, found: Any, agent: ScriptedAgent
) -> None:
    scheme = {"key": {"apiKeySecurityScheme": {"location": place, "name": "X-Key"}}}
    agent.on(CARD, document(card(agent.url, securitySchemes=scheme)))
    async with connected(agent.url, auth=ApiKey(SecretStr(TOKEN))) as connection:
        await read_task(connection)
    assert found(agent.calls(GET)[0]) == TOKEN


async def test_fixed_headers_go_along_and_a_credential_wins_over_them(
    agent: ScriptedAgent,
) -> None:
    headers = {"X-Team": SecretStr("blue-team"), "Authorization": SecretStr("from headers")}
    async with connected(agent.url, headers=headers) as connection:
        await read_task(connection)
    assert agent.requests[-1].headers["authorization"] == "from headers"
    table = {"headers": headers, "auth": Bearer(SecretStr(TOKEN))}
    async with connected(agent.url, **table) as connection:
        await read_task(connection)
    assert agent.requests[-1].headers["x-team"] == "blue-team"
    assert agent.requests[-1].headers["authorization"] == f"Bearer {TOKEN}"


async def test_an_unavailable_credential_is_reported_with_the_agent_by_a_new_error(
    agent: ScriptedAgent,
) -> None:
    raised = CredentialUnavailable("the program failed", "Check it.")

    async def fails() -> SecretStr:
        raise raised

    async with connected(agent.url, auth=Bearer(fails)) as connection:
        with pytest.raises(CredentialUnavailable, match="the program failed") as caught:
            await read_task(connection)
        assert connection.health.last_error == "the program failed"
    assert (caught.value.agent, caught.value.next_step) == ("it", "Check it.")
    assert raised.agent is None


async def test_headers_as_credentials_are_sent(agent: ScriptedAgent) -> None:
    auth = Headers({"X-One": SecretStr("1-secret"), "X-Two": SecretStr("2-secret")})
    async with connected(agent.url, auth=auth) as connection:
        await read_task(connection)
    assert agent.requests[-1].headers["x-two"] == "2-secret"


async def test_two_agents_on_one_machine_do_not_see_each_others_credentials(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with scripted() as other:
        for each in (agent, other):
            each.on(SEND, result({"task": done("x")}))
        one = {"url": agent.url, "auth": Bearer(SecretStr("token-number-one"))}
        two = {"url": other.url, "auth": Bearer(SecretStr("token-number-two"))}
        async with staged(configured(one=one, two=two), tmp_path) as stage:
            await stage.send(agent="one")
            await stage.send(agent="two")
        for each, mine in ((agent, "one"), (other, "two")):
            shown = {request.headers["authorization"] for request in each.requests}
            assert shown == {f"Bearer token-number-{mine}"}


async def test_a_secret_is_not_in_the_repr_of_anything(agent: ScriptedAgent) -> None:
    auth = Bearer(SecretStr(TOKEN))
    async with connected(agent.url, auth=auth, headers={"X-K": SecretStr(TOKEN)}) as connection:
        shown = await connection._attach_with_card()
        for thing in (connection.config, auth, shown, connection.health):
            assert TOKEN not in repr(thing)


# --- where calls go, whatever the card says ---


async def test_calls_and_credentials_go_to_the_endpoint_whatever_host_the_card_names(
    agent: ScriptedAgent,
) -> None:
    async with scripted() as other:
        other.on(GET, result(done("x")))
        agent.on(CARD, document(card("http://agent.svc.cluster.local:8000/")))
        table = {"endpoint": f"{other.url}/a2a", "auth": Bearer(SecretStr(TOKEN))}
        async with connected(agent.url, **table) as connection:
            await read_task(connection)
        (call,) = other.calls(GET)
        assert call.path == "/a2a"
        assert call.headers["authorization"] == f"Bearer {TOKEN}"


async def test_an_endpoint_speaks_one_binding(agent: ScriptedAgent) -> None:
    both = [interface("http://a.svc/rest", binding="HTTP+JSON"), interface("http://a.svc/rpc")]
    agent.on(CARD, document(card(agent.url, supportedInterfaces=both)))
    url = f"{agent.url}/a2a"
    for pinned, wanted in ((None, "JSONRPC"), ("HTTP+JSON", "HTTP+JSON")):
        async with connected(agent.url, endpoint=url, binding=pinned) as connection:
            choice = await connection.choice()
        assert [(used.url, used.dialect.binding) for used in choice.interfaces] == [(url, wanted)]


async def test_a_task_of_before_is_read_at_the_endpoint(agent: ScriptedAgent) -> None:
    async with connected(agent.url) as connection:
        before = (await connection.client()).interface_key
    async with connected(agent.url, endpoint=f"{agent.url}/a2a") as connection:
        assert (await connection.client(before)).interface.url == f"{agent.url}/a2a"


async def test_where_a_cards_host_does_not_answer_the_endpoint_is_named(
    agent: ScriptedAgent,
) -> None:
    with free_port() as bound:
        gone = origin_of(bound)
        agent.on(CARD, document(card(gone)))
        async with connected(agent.url, allowed_origins=[gone]) as connection:
            with pytest.raises(AgentUnreachable) as failed:
                await read_task(connection)
    assert "this address comes from the agent's card" in failed.value.message
    assert "endpoint" in failed.value.message


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"supportedInterfaces": [interface("https://other.example")]}, "other.example"),
        ({"supportedInterfaces": [interface("/", "7.0")]}, "version"),
        ({"supportedInterfaces": []}, "names no interface"),
        (
            {"capabilities": {"extensions": [{"uri": "https://x.example/e", "required": True}]}},
            "https://x.example/e",
        ),
    ],
)
async def test_an_agent_that_cannot_be_called_says_why(
    agent: ScriptedAgent, more: dict[str, Any], reason: str
) -> None:
    agent.on(CARD, document(card(agent.url, **more)))
    async with connected(agent.url) as connection:
        assert connection.refusal is None  # not known yet
        await connection.card()
        assert reason in (connection.refusal or "")


async def test_where_a_card_names_itself_its_base_url_is_tried_after_405(
    agent: ScriptedAgent,
) -> None:
    def answer(request: Request) -> Any:
        if request.path.endswith(".json"):
            return http(405, b"Method Not Allowed", "text/plain")(request)
        return result(done("x"))(request)

    agent.on(CARD, document(card(f"{agent.url}/.well-known/agent-card.json")))
    agent.on(GET, answer)
    async with connected(agent.url) as connection:
        client, _ = await connection.read(None, lambda c: c.get(GetTaskRequest(id="t1")))
        assert client.interface.url == f"{agent.url}/"
        assert "names the URL of a card" in (client.interface.note or "")


async def test_an_https_agent_whose_card_says_http_is_called_over_https(tmp_path: Path) -> None:
    """The server knows nothing of TLS, as behind a proxy that ends it."""

    def answer(request: Any) -> bytes:
        host = request.headers["host"]
        if request.verb == "GET":
            return ok(card(f"http://{host}/a2a"))
        return ok({"jsonrpc": "2.0", "id": request.json()["id"], "result": done("x")})

    async with serving_tls(answer, "localhost", tmp_path) as (server, _):
        table = {"ca_file": tmp_path / "both.pem", "auth": Bearer(SecretStr(TOKEN))}
        async with connected(f"https://localhost:{server.port}", **table) as connection:
            await read_task(connection)
            choice = await connection.choice()
    call = server.requests[-1]
    assert (call.verb, call.target) == ("POST", "/a2a")
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert "https is called instead" in (choice.interfaces[0].note or "")
