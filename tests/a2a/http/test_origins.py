import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a_mcp.a2a.bindings.rest import join
from a2a_mcp.a2a.errors import A2AError, Delivery, UrlRefused
from a2a_mcp.a2a.http.card_addresses import settle
from a2a_mcp.a2a.http.origins import is_loopback, origin_of, parse, plain

HOME = "https://agent.example"
CARD = f"{HOME}/team/.well-known/agent-card.json"
ALLOWED = frozenset({origin_of(HOME)})


def refusal(url: str, base: str = CARD) -> UrlRefused:
    with pytest.raises(UrlRefused) as refused:
        settle(url, base=base, allowed=ALLOWED)
    assert refused.value.delivery is Delivery.NEVER
    return refused.value


@pytest.mark.parametrize(
    "url",
    [
        "https://agent.example/a2a",
        "HTTPS://AGENT.EXAMPLE/a2a",
        "https://agent.example:443/a2a",
        "https://agent.example./a2a",
        "https://agent。example/a2a",
    ],
)
def test_every_spelling_of_the_configured_origin_is_called(url: str) -> None:
    assert settle(url, base=CARD, allowed=ALLOWED).note is None
    assert origin_of(url) == origin_of(HOME)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a2a",
        "https://agent.example:8443/a2a",
        "https://agent.example.evil.example/",
        "https://agentexample/",
        "https://аgent.example/",  # noqa: RUF001 - the first letter is Cyrillic
        "https://agent.example%2eevil.example/",
        "https://agent.example%00.evil.example/",
        "//evil.example/a2a",
        "https://2130706433/",
        "https://017700000001/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://metadata.google.internal/",
        "https://10.0.0.1/",
        "https://192.168.0.1/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://localhost:8443/",
        "https://xn--agnt-xyz.example/",
    ],
)
def test_a_card_cannot_send_calls_to_another_origin(url: str) -> None:
    error = refusal(url)
    assert "agent.example" in error.message
    assert "allowed_origins" in error.message


@pytest.mark.parametrize("url", ["http://agent.example:8080/a2a", "http://other.example/a2a"])
def test_nobody_is_advised_to_leave_https(url: str) -> None:
    message = refusal(url).message
    assert f'set endpoint = "{HOME}/a2a"' in message
    assert "allowed_origins" not in message


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://agent.example/a2a", CARD),
        ("http://agent.example:443/a2a", CARD),
        ("http://agent.example:8443/a2a", "https://agent.example:8443/card.json"),
        ("http://agent.example/a2a", "https://agent.example:8443/card.json"),
    ],
)
def test_an_agent_called_over_https_is_never_called_over_http(url: str, base: str) -> None:
    home = origin_of(base)
    settled = settle(url, base=base, allowed={home})
    assert settled.url == f"{home}/a2a"
    assert settled.note == f"the card says {origin_of(url)}; https is called instead"


@pytest.mark.parametrize(
    ("url", "base", "called"),
    [
        ("127.0.0.1:9000/a2a", "http://127.0.0.1:9000/card.json", "http://127.0.0.1:9000/a2a"),
        ("localhost:9000", "http://localhost:9000/card.json", "http://localhost:9000"),
        ("[::1]:9000/a2a", "http://[::1]:9000/card.json", "http://[::1]:9000/a2a"),
        ("agent.example:443/a2a", CARD, "https://agent.example:443/a2a"),
        ("agent.example/a2a", CARD, "https://agent.example/a2a"),
        ("0.0.0.0:9000/a2a", "http://10.1.2.3:9000/card.json", "http://10.1.2.3:9000/a2a"),
    ],
)
def test_a_url_without_scheme_means_its_host(url: str, base: str, called: str) -> None:
    settled = settle(url, base=base, allowed={origin_of(base)})
    assert settled.url == called
    assert settled.note is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://agent.example:10000/a2a",  # the port within a container
        "https://agent.svc/a2a",
        "https://agent/a2a",
        "https://10.0.0.1/a2a",
        "127.0.0.1:9000/a2a",
    ],
)
def test_where_a_card_names_a_private_host_the_endpoint_is_named_first(url: str) -> None:
    message = refusal(url).message
    assert "that address comes from the card" in message
    assert 0 < message.index(f'endpoint = "{HOME}/a2a"') < message.index("allowed_origins")


@pytest.mark.parametrize(
    "url",
    [
        "https://agent.example@evil.example/",
        "https://agent.example:443@evil.example/",
        "https://evil.example\\@agent.example/",
        "https://user:secret@agent.example/",
        "https://user@agent.example/",
    ],
)
def test_user_info_is_refused_and_not_repeated(url: str) -> None:
    assert "secret" not in refusal(url).message


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "gopher://agent.example/",
        "ftp://agent.example/",
        "grpc://agent.example",
        "data:application/json,{}",
        "http:\x00",
        "https://agent.example/\x00",
        "https://agent.example/\r\nX: y",
        "https://\tagent.example/",
        "https:///a2a",
        "https://",
        "https://[::1/",
        "https://[evil]/",
        "https://agent.example:port/",
        "https://agent.example:-1/",
        "https://agent.example:65536/",
        "https://ａgent.example/a2a",  # noqa: RUF001 - a wide a
        "https://0177.0.0.1/",
        "https://１２７.0.0.1/",  # noqa: RUF001 - wide digits
        "https://xn--/",
        "https://℀.example/",
        "https://agent.example/" + "x" * 100_000,
        "https://\ud800/",
        "\ud800",
    ],
)
def test_what_is_no_http_url_is_refused(url: str) -> None:
    assert "URL" in refusal(url).message


def test_a_refused_url_is_bounded_in_the_message() -> None:
    assert len(refusal("gopher://" + "x" * 5_000).message) < 300


@pytest.mark.parametrize(
    ("url", "called"),
    [
        ("/a2a", "https://agent.example/a2a"),
        ("rpc", "https://agent.example/team/.well-known/rpc"),
        ("../../../../a2a", "https://agent.example/a2a"),
        ("?tenant=1", "https://agent.example/team/.well-known/agent-card.json?tenant=1"),
        ("https:/a2a", "https://agent.example/a2a"),
        ("///evil.example/a2a", "https://agent.example/evil.example/a2a"),
    ],
)
def test_a_relative_url_is_below_the_card(url: str, called: str) -> None:
    assert settle(url, base=CARD, allowed=ALLOWED).url == called


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "agent.localhost",
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "[::1]",
        "[::]",
    ],
)
def test_a_loopback_name_with_the_configured_port_means_the_configured_host(host: str) -> None:
    settled = settle(f"http://{host}:443/a2a", base=CARD, allowed=ALLOWED)
    assert settled.url == "https://agent.example/a2a"
    assert settled.note is not None
    assert "https://agent.example is called instead" in settled.note


def test_a_loopback_name_keeps_path_and_query_and_the_port_of_home() -> None:
    settled = settle(
        "http://0.0.0.0:8000/a/b?c=d", base="http://10.1.2.3:8000/card.json", allowed=ALLOWED
    )
    assert settled.url == "http://10.1.2.3:8000/a/b?c=d"


def test_a_loopback_name_is_rewritten_to_an_ipv6_home() -> None:
    home = "http://[fd00::1]:8000"
    settled = settle("http://localhost:8000/a", base=f"{home}/card.json", allowed=ALLOWED)
    assert settled.url == f"{home}/a"


def test_another_port_of_this_machine_is_refused() -> None:
    message = refusal("http://localhost:9000/", base="http://127.0.0.1:8000/card.json").message
    assert "http://localhost:9000" in message
    assert "http://127.0.0.1:8000" in message


def test_an_origin_that_the_operator_allows_is_called() -> None:
    allowed = ALLOWED | {origin_of("https://other.example:8443")}
    url = "https://other.example:8443/a2a"
    assert settle(url, base=CARD, allowed=allowed).url == url


def test_an_origin_reads_as_it_is_written_in_the_configuration() -> None:
    assert str(origin_of("HTTPS://Agent.Example:443/x")) == "https://agent.example"
    assert str(origin_of("http://[::1]:8000/")) == "http://[::1]:8000"
    assert str(origin_of("http://agent.example:443/")) == "http://agent.example:443"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "128.0.0.1", "::2", ""])
def test_other_hosts_are_not_this_machine(host: str) -> None:
    assert not is_loopback(host)


URL_PIECES = st.sampled_from(
    [
        *("http", "https", ":", "//", "/", "\\", "@", "#", "?", "[", "]", ".", "..", "%2e", "。"),
        *("agent.example", "evil.example", "localhost", "127.0.0.1", "::1", "0x7f", ":443", ":80"),
        *(" ", "\t", "\n", "\x00", "xn--", "é", "\ud800", "a", "\uff1b"),
    ]
)
URLS = st.lists(URL_PIECES, max_size=8).map("".join) | st.text(max_size=12)


@settings(max_examples=500)
@given(URLS | URLS.map(lambda rest: "https://" + rest))
def test_what_is_called_is_always_the_allowed_origin_and_nothing_else_fails(url: str) -> None:
    try:
        settled = settle(url, base=CARD, allowed=ALLOWED)
    except A2AError:
        return
    called = join(settled.url, "/message:send")
    assert origin_of(settled.url) in ALLOWED
    assert parse(settled.url).host
    assert origin_of(called) in ALLOWED


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@agent.example/a?key=secret#x", "https://agent.example/a"),
        ("https://agent.example", "https://agent.example"),
        ("https://agent.example/@x", "https://agent.example/@x"),
        ("https://a@b@agent.example:1/", "https://agent.example:1/"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert plain(url) == shown
