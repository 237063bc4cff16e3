from typing import Final

import pytest
from captures import bodies

from a2a_mcp.a2a.card_model import AgentCard, AgentInterface
from a2a_mcp.a2a.decoding.card import decode_card
from a2a_mcp.a2a.errors import ExtraMissing, NoCommonInterface
from a2a_mcp.a2a.http.origins import origin_of
from a2a_mcp.a2a.interface_text import from_text, to_text
from a2a_mcp.a2a.interfaces import Choice, Interface, Pins, choose, corrected
from a2a_mcp.a2a.versions import v0_3, v0_3_grpc, v1_0

HOME = "https://agent.example"
ALLOWED = frozenset({origin_of(HOME)})
NO_PINS = Pins()


def chosen(card: AgentCard, base: str = HOME, pins: Pins = NO_PINS) -> Choice:
    return choose(card, base=base, allowed=ALLOWED | {origin_of(base)}, pins=pins)


def card(*interfaces: tuple[str, str, str]) -> AgentCard:
    return AgentCard(
        name="a",
        interfaces=tuple(
            AgentInterface(url=url, protocol_binding=binding, protocol_version=version)
            for url, binding, version in interfaces
        ),
    )


def names(choice: Choice) -> list[tuple[str, str]]:
    return [(item.dialect.version, item.dialect.binding) for item in choice.interfaces]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a2a-js-0.3.14/card", [("0.3", "JSONRPC"), ("0.3", "HTTP+JSON")]),
        ("a2a-js-1.3.0/card", [("1.0", "JSONRPC"), ("1.0", "HTTP+JSON")]),
        (
            "a2a-js-1.3.0-compat/card",
            [("1.0", "JSONRPC"), ("1.0", "HTTP+JSON"), ("0.3", "JSONRPC"), ("0.3", "HTTP+JSON")],
        ),
        ("a2a-sdk-0.2.16/card-old-path", [("0.2", "JSONRPC")]),
        ("a2a-sdk-0.3.26/card", [("0.3", "JSONRPC")]),
        ("a2a-sdk-0.3.26-rest/card", [("0.3", "HTTP+JSON")]),
        ("a2a-sdk-1.3.0-jsonrpc-compat/card", [("1.0", "JSONRPC"), ("0.3", "JSONRPC")]),
        ("a2a-sdk-1.3.0-rest-compat/card", [("1.0", "HTTP+JSON"), ("0.3", "HTTP+JSON")]),
        ("fasta2a-2.1.1/card", [("1.0", "JSONRPC")]),
        ("praisonai-1.7.17/card-old-path", [("0.3", "JSONRPC")]),
    ],
)
def test_every_captured_card_leads_to_an_interface(
    name: str, wanted: list[tuple[str, str]]
) -> None:
    (body,) = bodies(name)
    found = decode_card(body)
    assert names(chosen(found, base=found.interfaces[0].url)) == wanted


GRPC_CARD: Final = "a2a-sdk-1.3.0-grpc/extended"


def test_an_agent_that_offers_only_grpc_is_called_over_it() -> None:
    (body,) = bodies(GRPC_CARD)
    assert names(chosen(decode_card(body), base="http://127.0.0.1:21016")) == [
        ("1.0", "GRPC"),
        ("0.3", "GRPC"),
    ]


def test_an_agent_that_offers_only_grpc_says_what_to_install_where_it_is_missing() -> None:
    (body,) = bodies(GRPC_CARD)
    with pytest.raises(ExtraMissing) as refused:
        choose(
            decode_card(body),
            base="http://127.0.0.1:21016",
            allowed=ALLOWED,
            pins=NO_PINS,
            speaks_grpc=False,
        )
    assert refused.value.message == (
        'it offers only gRPC; gRPC needs the extra: in the clone, uv tool install ".[grpc]"'
    )


def test_grpc_that_is_missing_is_no_fault_beside_what_is_usable() -> None:
    said = card(("agent.example:1", "GRPC", "1.0"), ("/a", "JSONRPC", "1.0"))
    choice = choose(said, base=HOME, allowed=ALLOWED, pins=NO_PINS, speaks_grpc=False)
    assert (names(choice), choice.problems) == ([("1.0", "JSONRPC")], ())


def test_grpc_comes_last_of_each_version_unless_it_is_pinned() -> None:
    said = card(
        ("agent.example:50051", "GRPC", "0.3"),
        ("agent.example:50051", "GRPC", "1.0"),
        ("/a", "JSONRPC", "0.3"),
        ("/b", "HTTP+JSON", "1.0"),
    )
    assert names(chosen(said)) == [
        ("1.0", "HTTP+JSON"),
        ("1.0", "GRPC"),
        ("0.3", "JSONRPC"),
        ("0.3", "GRPC"),
    ]
    assert names(chosen(said, pins=Pins(binding="GRPC"))) == [("1.0", "GRPC"), ("0.3", "GRPC")]


def test_an_endpoint_is_for_grpc_its_host_and_port() -> None:
    said = card(("agent.example:50051", "GRPC", "1.0"))
    found = chosen(said, pins=Pins(endpoint="https://other.example:8443/a2a"))
    assert [item.url for item in found.interfaces] == ["https://other.example:8443"]


def test_what_was_learned_of_grpc_changes_no_other_binding_of_the_same_server() -> None:
    said = card((HOME, "JSONRPC", "1.0"), ("agent.example:443", "GRPC", "1.0"))
    learned = Interface(HOME, v0_3_grpc.GRPC)
    found = corrected(chosen(said), [learned])
    assert names(found) == [("0.3", "GRPC"), ("1.0", "JSONRPC"), ("1.0", "GRPC")]


def test_newer_comes_before_older_and_json_rpc_before_http_json() -> None:
    choice = chosen(
        card(
            ("/5", "JSONRPC", "0.2.6"),
            ("/4", "HTTP+JSON", "0.3"),
            ("/3", "JSONRPC", "0.3"),
            ("/2", "REST", "1.0"),
            ("/1", "JSONRPC", "1.0"),
            ("/1b", "JSONRPC", "1.0"),
        )
    )
    assert [item.url.removeprefix(HOME) for item in choice.interfaces] == [
        "/1",
        "/1b",
        "/2",
        "/3",
        "/4",
        "/5",
    ]


def test_an_interface_that_cannot_be_used_is_named_and_costs_no_other() -> None:
    choice = chosen(
        card(
            ("https://evil.example/", "JSONRPC", "1.0"),
            ("/a", "JSONRPC", "9.0"),
            ("/b", "smoke signals", "1.0"),
            ("unix:/run/agent.sock", "GRPC", "1.0"),
            ("\x00", "JSONRPC", "1.0"),
            ("/ok", "JSONRPC", "0.3"),
        )
    )
    assert [item.url for item in choice.interfaces] == [f"{HOME}/ok"]
    assert len(choice.problems) == 5
    assert "host:port is needed" in choice.problems[3]
    assert "https://evil.example" in choice.problems[0]


@pytest.mark.parametrize(
    ("binding", "version", "reason"),
    [
        (
            "JSONRPC",
            "2.0",
            "JSONRPC 2.0: this version of A2A is not supported; supported are 1.0, 0.3, 0.2, 0.1",
        ),
        (
            "smoke signals",
            "1.0",
            "this binding is not supported; JSON-RPC, HTTP+JSON or gRPC is needed",
        ),
        ("HTTP+JSON", "0.2.6", "A2A 0.2 over HTTP+JSON is not supported"),
    ],
)
def test_an_agent_without_a_common_interface_is_refused_with_the_reason(
    binding: str, version: str, reason: str
) -> None:
    with pytest.raises(NoCommonInterface) as refused:
        chosen(card(("/a", binding, version)))
    assert refused.value.message.startswith("no interface of this agent can be used: ")
    assert reason in refused.value.message


def test_a_card_without_an_interface_is_refused() -> None:
    with pytest.raises(NoCommonInterface, match="names no interface"):
        chosen(card())


def test_a_pin_wins_over_the_card() -> None:
    said = card(("/a", "JSONRPC", "1.0"), ("/b", "HTTP+JSON", "1.0"))
    assert names(chosen(said, pins=Pins(version="0.3"))) == [
        ("0.3", "JSONRPC"),
        ("0.3", "HTTP+JSON"),
    ]
    assert names(chosen(said, pins=Pins(binding="HTTP+JSON"))) == [("1.0", "HTTP+JSON")]
    assert chosen(said, pins=Pins(tenant="t")).interfaces[0].tenant == "t"
    with pytest.raises(NoCommonInterface, match="pins HTTP"):
        chosen(card(("/a", "JSONRPC", "1.0")), pins=Pins(binding="HTTP+JSON"))


def test_the_cards_tenant_goes_along() -> None:
    said = AgentInterface(url="/a", protocol_binding="JSONRPC", protocol_version="1", tenant="t")
    found = chosen(AgentCard(name="a", interfaces=(said,)))
    assert found.interfaces[0].tenant == "t"


def test_a_rewritten_url_carries_its_note() -> None:
    found = chosen(card(("http://0.0.0.0:443/a", "JSONRPC", "1.0"))).interfaces[0]
    assert found.url == f"{HOME}/a"
    assert found.note is not None
    assert found.note.startswith("the card says http://0.0.0.0:443")


def test_an_interface_is_written_and_read_back() -> None:
    for interface in (
        Interface(f"{HOME}/a", v1_0.JSONRPC),
        Interface(f"{HOME}/b?c=d", v1_0.REST, tenant="t"),
        Interface(f"{HOME}/é", v0_3.JSONRPC_0_2),
    ):
        assert from_text(to_text(interface)) == interface


def test_an_interface_of_a_dialect_that_is_gone_is_none() -> None:
    assert from_text('["https://agent.example/", "7.0", "JSONRPC", null]') is None
