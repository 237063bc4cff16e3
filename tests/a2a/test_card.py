from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from certificates import serving_tls
from faults import (
    Peer,
    Server,
    always,
    by_path,
    closed_port,
    head,
    in_turn,
    ok,
    serving,
    transport,
)

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.card import FoundCard, _redirected, card_urls, find_card, inline_card
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentUnreachable,
    AuthenticationRequired,
    Delivery,
    InvalidAgentResponse,
)
from a2a_mcp.a2a.http.transport import Transport

pytestmark = pytest.mark.anyio
CARD = {"name": "agent", "url": "/rpc", "skills": []}
NEW, OLD = "/.well-known/agent-card.json", "/.well-known/agent.json"
SECRET = Attachment({"Authorization": "Bearer s3cret"}, {"key": "s3cret"})
PAGE = ok("<!DOCTYPE html><title>Welcome</title>", kind="text/html")


async def find(
    client: Transport, server: Server, path: str = "", known: FoundCard | None = None, **more: Any
) -> FoundCard:
    return await find_card(client, server.url + path, Attachment(), known=known, **more)


def targets(server: Server) -> list[str]:
    return [request.target for request in server.requests]


def at(now: float) -> Callable[[], float]:
    return lambda: now


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://a.example", [NEW, OLD, "/v1/card", "/agent.json"]),
        ("https://a.example/", [NEW, OLD, "/v1/card", "/agent.json"]),
        (
            "https://a.example/x/",
            [f"/x{NEW}", f"/x{OLD}", NEW, OLD, "/x/v1/card", "/x/agent.json"],
        ),
        ("https://a.example/x/card.json", ["/x/card.json"]),
        ("https://a.example/a2a/v1/card", ["/a2a/v1/card"]),
        (
            "https://a.example?assistant_id=1#x",
            [f"{path}?assistant_id=1" for path in (NEW, OLD, "/v1/card", "/agent.json")],
        ),
    ],
)
def test_a_card_is_looked_for_in_its_places_best_first(url: str, wanted: list[str]) -> None:
    assert card_urls(url) == [f"https://a.example{path}" for path in wanted]


async def test_the_first_card_ends_the_search() -> None:
    async with serving(by_path({OLD: ok(CARD)})) as server, transport() as client:
        found = await find(client, server)
        assert (found.card.name, found.url) == ("agent", server.url + OLD)
        assert targets(server) == [NEW, OLD]
        assert {request.headers["a2a-version"] for request in server.requests} == {"1.0"}
        assert {request.verb for request in server.requests} == {"GET"}


@pytest.mark.parametrize(
    "other",
    [PAGE, ok({"detail": "hello"}), ok([CARD]), ok(b"{", kind="text/plain"), ok(CARD, status=500)],
)
async def test_what_is_no_card_is_passed_over(other: bytes) -> None:
    async with serving(by_path({NEW: other, OLD: ok(CARD)})) as server, transport() as client:
        assert (await find(client, server)).url == server.url + OLD


async def test_an_agent_without_a_card_is_an_error_that_names_what_was_tried() -> None:
    async with serving(by_path({NEW: PAGE})) as server, transport() as client:
        with pytest.raises(InvalidAgentResponse) as failed:
            await find_card(client, f"{server.url}/?k=s3cret", SECRET)
        assert targets(server)[0] == f"{NEW}?k=s3cret&key=s3cret"
        assert len(targets(server)) == 4
        for path in (OLD, "/v1/card", "/agent.json"):
            assert f"{server.url}{path} (HTTP 404)" in failed.value.message
        assert "s3cret" not in failed.value.message


async def test_a_page_instead_of_a_card_is_called_by_its_kind() -> None:
    async with serving(always(PAGE)) as server, transport() as client:
        with pytest.raises(InvalidAgentResponse) as failed:
            await find(client, server, "/card.json")
        assert f"no agent card at {server.url}/card.json (text/html" in failed.value.message


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", ["no", {"code": 401, "message": "no"}, {"error": {"code": 403}}])
async def test_a_card_that_wants_credentials_ends_the_search(status: int, body: Any) -> None:
    refusal = ok(body, 'WWW-Authenticate: Bearer realm="x"', status=status)
    async with serving(by_path({NEW: refusal, OLD: ok(CARD)})) as server, transport() as client:
        with pytest.raises(AuthenticationRequired) as failed:
            await find(client, server)
        assert failed.value.challenge == 'Bearer realm="x"'
        assert failed.value.delivery is Delivery.NEVER
        assert targets(server) == [NEW]


@pytest.mark.parametrize("location", ["/real.json", "../real.json", "//{host}/real.json"])
async def test_a_redirect_within_the_origin_is_followed(location: str) -> None:
    async with serving(always(b"")) as server, transport() as client:
        to = location.format(host=server.url.removeprefix("http://"))
        moved = ok(b"", f"Location: {to}", status=308)
        server.route = by_path({NEW: moved, "/real.json": ok(CARD)})
        assert (await find(client, server)).card.name == "agent"
        assert targets(server) == [NEW, "/real.json"]


async def test_credentials_follow_a_redirect_within_the_origin() -> None:
    moved = ok(b"", "Location: /real.json", status=302)
    answers = {f"{NEW}?key=s3cret": moved, "/real.json?key=s3cret": ok(CARD)}
    async with serving(by_path(answers)) as server, transport() as client:
        await find_card(client, server.url, SECRET)
        assert {request.headers["authorization"] for request in server.requests} == {
            "Bearer s3cret"
        }


async def test_a_redirect_to_another_origin_is_refused_and_sees_nothing() -> None:
    async with serving(always(ok(CARD))) as other:
        moved = ok(b"", f"Location: {other.url}/card.json", status=307)
        async with serving(always(moved)) as server, transport() as client:
            with pytest.raises(InvalidAgentResponse) as failed:
                await find_card(client, server.url, SECRET)
            assert other.url in failed.value.message
            assert other.requests == []


@pytest.mark.parametrize(
    "location",
    [
        "http://evil@127.0.0.1/",
        "http://[",
        "http://[::1",
        "https://xn--/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "\x0b",
        "http://127.0.0.1\\@evil.example/",
    ],
)
async def test_a_redirect_to_nowhere_is_an_error_of_ours(location: str) -> None:
    moved = ok(b"", f"Location: {location}", status=301)
    async with serving(always(moved)) as server, transport() as client:
        with pytest.raises(A2AError):
            await find(client, server)
        assert len(server.requests) == 1


async def test_a_card_that_redirects_for_ever_is_refused() -> None:
    async with serving(always(ok(b"", "Location: /again", status=302))) as server:
        async with transport() as client:
            with pytest.raises(InvalidAgentResponse, match="redirects too often"):
                await find(client, server)
        assert len(server.requests) == 4


async def drip(peer: Peer) -> None:
    await peer.send(head("Content-Length: 100000"))
    await peer.drip(b" ")


async def test_one_deadline_bounds_the_whole_search() -> None:
    answers = {NEW: PAGE, OLD: drip}
    async with serving(by_path(answers)) as server, transport(card_seconds=0.4) as client:
        start = anyio.current_time()
        with pytest.raises(AgentUnreachable, match=r"no agent card within 0\.4 s"):
            await find(client, server)
        assert anyio.current_time() - start < 2
        assert targets(server) == [NEW, OLD]


async def test_a_card_beyond_its_limit_is_refused() -> None:
    huge = ok({**CARD, "description": "x" * 5000})
    async with serving(always(huge)) as server, transport(card_bytes=4000) as client:
        with pytest.raises(InvalidAgentResponse, match="larger than 4000 bytes"):
            await find(client, server)


async def test_a_compressed_card_is_refused() -> None:
    async with serving(always(ok(CARD, "Content-Encoding: gzip"))) as server, transport() as client:
        with pytest.raises(InvalidAgentResponse, match="compressed"):
            await find(client, server)


async def test_an_agent_that_is_not_there_got_nothing() -> None:
    async with transport() as client:
        with pytest.raises(AgentUnreachable) as failed:
            await find_card(client, f"http://127.0.0.1:{closed_port()}", Attachment())
        assert failed.value.delivery is Delivery.NEVER


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"name": "a", "url": "u", "x": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"name": "a", "name": "b", "url": "u", "url": "v"}',
        b'{"name": "\\ud800", "url": "\\udfff", "skills": [{"name": "\\ud800"}]}',
        b'{"name": "\xff\xfe", "url": "\xed\xa0\x80"}',
        b'{"name": "a", "url": "u", "version": NaN, "n": ' + b"9" * 5000 + b"}",
        b'{"name": "a", "url": "u", "description": "\\u0000\\u001b[2J"}',
    ],
)
async def test_a_card_of_hostile_json_is_read_or_refused_in_our_words(body: bytes) -> None:
    async with serving(always(ok(body))) as server, transport() as client:
        try:
            found = await find(client, server)
        except InvalidAgentResponse:
            return
        assert found.card.name


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("max-age=60", 60),
        ("public, max-age=3600", 3600),
        ("Public, Max-Age=60", 60),
        ("max-age=0", 0),
        ("max-age=999999999", 86_400),
        ("max-age=99999999999999999999", 86_400),
        ("s-maxage=5", 300),
        ("max-age=soon", 300),
        ("max-age=-1", 300),
        ("", 300),
    ],
)
async def test_a_card_is_fresh_as_long_as_its_server_says(header: str, seconds: float) -> None:
    answer = ok(CARD, f"Cache-Control: {header}")
    async with serving(always(answer)) as server, transport() as client:
        found = await find(client, server, clock=at(1000))
        assert found.fresh_until == 1000 + seconds


async def test_a_known_card_is_asked_for_by_its_tag_and_stays_when_it_is_unchanged() -> None:
    unchanged = head("Content-Length: 0", "Cache-Control: max-age=60", status=304)
    answers = in_turn(ok("no", status=404), ok(CARD, 'ETag: W/"1"'), unchanged)
    async with serving(answers) as server, transport() as client:
        known = await find(client, server, clock=at(0))
        assert known.etag == 'W/"1"'
        again = await find(client, server, known=known, clock=at(5000))
        assert targets(server) == [NEW, OLD, OLD]
        assert server.requests[-1].headers["if-none-match"] == 'W/"1"'
        assert (again.card, again.etag, again.fresh_until) == (known.card, 'W/"1"', 5060)


async def test_a_card_that_has_changed_replaces_the_known_one() -> None:
    answers = in_turn(ok(CARD, 'ETag: "1"'), ok({**CARD, "name": "new"}, 'ETag: "2"'))
    async with serving(answers) as server, transport() as client:
        again = await find(client, server, known=await find(client, server))
        assert (again.card.name, again.etag) == ("new", '"2"')


async def test_a_card_that_has_moved_is_looked_for_again() -> None:
    async with serving(by_path({NEW: ok(CARD, 'ETag: "1"')})) as server, transport() as client:
        known = await find(client, server)
        server.route = by_path({OLD: ok(CARD)})
        again = await find(client, server, known=known)
        assert again.url == server.url + OLD
        assert "if-none-match" not in server.requests[-1].headers


async def test_not_modified_without_a_question_is_no_card() -> None:
    async with (
        serving(always(head("Content-Length: 0", status=304))) as server,
        transport() as client,
    ):
        with pytest.raises(InvalidAgentResponse):
            await find(client, server, "/card.json")


@pytest.mark.parametrize("tag", ["é", '"\x80"', "x" * 30_000])
async def test_an_odd_tag_costs_no_later_lookup(tag: str) -> None:
    async with serving(always(ok(CARD, f"ETag: {tag}"))) as server, transport() as client:
        again = await find(client, server, known=await find(client, server))
        assert again.card.name == "agent"


def test_a_card_from_the_configuration_never_ages() -> None:
    found = inline_card(CARD, "card.json")
    assert (found.card.name, found.url, found.etag) == ("agent", "card.json", None)
    assert found.fresh_until == float("inf")
    with pytest.raises(InvalidAgentResponse, match=r"card\.json is not an agent card"):
        inline_card({"name": "a"}, "card.json")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ok("bad gateway", status=502, kind="text/html"), "HTTP 502"),
        (ok("", status=503), "HTTP 503"),
        (ok("", "Retry-After: 30", status=503), "try again in 30 s"),
        (ok("", "Retry-After: soon", status=500), "HTTP 500"),
        (ok("", f"Retry-After: {'9' * 5_000}", status=503), "HTTP 503"),
        (ok("", status=429), "HTTP 429"),
    ],
)
async def test_an_agent_that_does_not_work_now_is_unavailable_and_not_another_thing(
    answer: bytes, words: str
) -> None:
    async with serving(always(answer)) as server, transport() as client:
        with pytest.raises(AgentUnreachable) as failed:
            await find(client, server)
    assert "unavailable now" in failed.value.message
    assert words in failed.value.message
    assert failed.value.delivery is Delivery.NEVER


@pytest.mark.parametrize(
    "body",
    [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.",
    ],
    ids=["Go", "nginx", "Apache"],
)
async def test_http_at_a_port_of_https_is_said_to_be_that(body: str) -> None:
    answer = ok(body, status=400, kind="text/html")
    async with serving(always(answer)) as server, transport() as client:
        with pytest.raises(AgentUnreachable) as failed:
            await find(client, server)
    url = server.url.replace("http:", "https:")
    told = f"the server speaks https at this port, not http: use {url}"
    assert (failed.value.message, failed.value.delivery) == (told, Delivery.NEVER)


async def test_where_a_real_server_of_https_hangs_up_https_is_named(tmp_path: Path) -> None:
    tls = serving_tls(always(ok(CARD)), "localhost", tmp_path)
    async with tls as (server, _), transport() as client:
        with pytest.raises(AgentUnreachable) as failed:
            await find(client, server)
    url = server.url.replace("http:", "https:")
    assert f"if the server speaks https at this port, use {url}" in failed.value.message


async def test_a_card_beside_an_unavailable_address_is_found() -> None:
    routes = {NEW: ok("", status=503), OLD: ok(CARD)}
    async with serving(by_path(routes)) as server, transport() as client:
        assert (await find(client, server)).url == server.url + OLD


def test_a_redirect_of_the_card_never_leaves_https_at_the_same_host() -> None:
    moved = _redirected("https://agent.example/card.json", "http://agent.example/a2a/card.json")
    assert moved == "https://agent.example/a2a/card.json"
