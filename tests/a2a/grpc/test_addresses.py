"""What a card or a person writes as the address of a gRPC server, and where that leads."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.a2a.errors import Delivery, UrlRefused
from a2a_mcp.a2a.grpc.addresses import grpc_form, http_form, is_grpc_url, read, settle
from a2a_mcp.a2a.http.origins import Origin, is_loopback, origin_of

HOME: Final = "https://agent.example"
LOCAL: Final = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("agent.example:50051", "https://agent.example:50051"),
        ("127.0.0.1:50051", "http://127.0.0.1:50051"),
        ("localhost:50051", "http://localhost:50051"),
        ("[::1]:50051", "http://[::1]:50051"),
        ("[2001:db8::1]:50051", "https://[2001:db8::1]:50051"),
        ("unix:50051", "https://unix:50051"),
        ("grpcs://agent.example:50051", "https://agent.example:50051"),
        ("grpc+tls://agent.example:50051/", "https://agent.example:50051"),
        ("GRPC://agent.example:50051", "http://agent.example:50051"),
        ("grpc+insecure://localhost:50051", "http://localhost:50051"),
        ("https://agent.example/a2a/grpc", "https://agent.example"),
        ("http://127.0.0.1:50051", "http://127.0.0.1:50051"),
    ],
)
def test_an_address_is_a_host_and_a_port(address: str, origin: str) -> None:
    assert read(address) == origin_of(origin)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/grpc",
        "agent.example",
        "unix:/run/agent.sock",
        "unix:///run/agent.sock",
        "unix-abstract:agent",
        "dns:///agent.example:443",
        "xds:///agent",
        "google-c2p:///agent",
        "ipv4:10.0.0.1:443",
        "vsock:2:1234",
        "agent.example:50051/path",
        "agent.example:50051,evil.example:1",
        "agent.example:99999",
        "grpcs://agent.example:50051/path",
        "grpc://agent.example:50051?x=y",
        "grpcs://user@agent.example:50051",
        "ftp://agent.example:50051",
    ],
)
def test_any_other_address_is_refused_in_words(address: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        settle(address, base=HOME, allowed=frozenset())
    assert refused.value.delivery is Delivery.NEVER
    assert any(
        words in refused.value.message
        for words in ("host:port is needed", "not a URL", "user name or password")
    )


@pytest.mark.parametrize(
    ("address", "base", "url"),
    [
        ("agent.example:50051", HOME, "https://agent.example:50051"),
        ("agent.example:443", HOME, "https://agent.example"),
        ("127.0.0.1:50051", LOCAL, "http://127.0.0.1:50051"),
        ("localhost:50051", LOCAL, "http://localhost:50051"),
        ("grpcs://localhost:50051", LOCAL, "https://localhost:50051"),
    ],
)
def test_another_port_of_the_same_host_is_the_same_place(address: str, base: str, url: str) -> None:
    settled = settle(address, base=base, allowed=frozenset())
    assert (settled.url, settled.note) == (url, None)


@pytest.mark.parametrize(
    ("address", "base", "url", "note"),
    [
        ("0.0.0.0:50051", LOCAL, "http://127.0.0.1:50051", "grpc://127.0.0.1:50051 is called"),
        ("[::]:50051", LOCAL, "http://127.0.0.1:50051", "grpc://127.0.0.1:50051 is called"),
        ("localhost:50051", HOME, "https://agent.example:50051", "grpcs://agent.example:50051 is"),
        ("https://agent.example/a2a/grpc", HOME, HOME, "gRPC has no path, grpcs://agent"),
    ],
)
def test_what_is_certainly_meant_otherwise_is_corrected_with_a_note(
    address: str, base: str, url: str, note: str
) -> None:
    settled = settle(address, base=base, allowed=frozenset())
    assert settled.url == url
    assert settled.note is not None
    assert note in settled.note


@pytest.mark.parametrize(
    ("address", "base", "advice"),
    [
        ("evil.example:443", HOME, '"grpcs://evil.example:443" to allowed_origins'),
        ("grpc://agent.example:50051", HOME, '"grpc://agent.example:50051" to allowed_origins'),
        ("http://agent.example:50051", "http://agent.example", "with allow_http = true"),
        ("10.0.0.1:443", HOME, '"grpcs://10.0.0.1:443" to allowed_origins'),
        ("agent.example:443", LOCAL, '"grpcs://agent.example:443" to allowed_origins'),
        ("agent.example.evil.example:443", HOME, "allowed_origins"),
    ],
)
def test_another_place_needs_the_configurations_word(address: str, base: str, advice: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        settle(address, base=base, allowed=frozenset({origin_of(base)}))
    assert advice in refused.value.message
    allowed = frozenset({read(address)})
    assert settle(address, base=base, allowed=allowed).url == str(read(address))


def test_an_allowed_origin_says_that_an_address_is_without_tls() -> None:
    allowed = frozenset({Origin("http", "agent.svc", 50051)})
    settled = settle("agent.svc:50051", base="http://agent.svc:8000", allowed=allowed)
    assert settled.url == "http://agent.svc:50051"


PIECES: Final = st.sampled_from(
    [
        *(
            "agent.example",
            "evil.example",
            "127.0.0.1",
            "localhost",
            "[::1]",
            "0.0.0.0",
            "10.0.0.1",
        ),
        *(":", "::", "/", "//", "///", "@", "?", "#", ",", "%", ".", " ", "\0", "443", "50051"),
        *("grpc", "grpcs", "grpc+tls", "http", "https", "unix", "xds", "dns", "ipv4", "://"),
    ]
)


@given(
    st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=20), st.sampled_from([HOME, LOCAL])
)
def test_no_address_at_all_leads_elsewhere(address: str, base: str) -> None:
    try:
        settled = settle(address, base=base, allowed=frozenset())
    except UrlRefused:
        return
    host = origin_of(settled.url).host
    if base == HOME:
        assert (host, settled.url[:5]) == ("agent.example", "https")
    else:
        assert is_loopback(host)


def test_urls_of_grpc_are_told_by_their_scheme() -> None:
    assert is_grpc_url("grpcs://agent.example:443")
    assert not is_grpc_url("https://agent.example")
    assert not is_grpc_url(None)
    assert http_form("grpc://agent.example:1") == "http://agent.example:1"
    assert http_form("https://agent.example/a") == "https://agent.example/a"
    assert grpc_form(Origin("https", "::1", 443)) == "grpcs://[::1]:443"
