import pytest
from captures import bodies

from a2a_mcp.a2a.card_model import AgentCard, AgentInterface
from a2a_mcp.a2a.decoding.card import decode_card
from a2a_mcp.a2a.errors import NoCommonInterface
from a2a_mcp.a2a.http.origins import origin_of
from a2a_mcp.a2a.interfaces import Choice, Interface, Pins, choose, from_text, to_text
from a2a_mcp.a2a.versions import v0_3, v1_0

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


def test_an_agent_that_offers_only_grpc_is_refused_in_words() -> None:
    (body,) = bodies("a2a-sdk-1.3.0-grpc/extended")
    with pytest.raises(NoCommonInterface) as refused:
        chosen(decode_card(body))
    assert "gRPC is not supported" in refused.value.message


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
            ("agent.example:443", "GRPC", "1.0"),
            ("\x00", "JSONRPC", "1.0"),
            ("/ok", "JSONRPC", "0.3"),
        )
    )
    assert [item.url for item in choice.interfaces] == [f"{HOME}/ok"]
    assert len(choice.problems) == 4
    assert not any("gRPC" in problem for problem in choice.problems)  # nobody need correct that
    assert "https://evil.example" in choice.problems[0]


@pytest.mark.parametrize(
    ("binding", "version", "reason"),
    [
        (
            "JSONRPC",
            "2.0",
            "JSONRPC 2.0: this version of A2A is not supported; supported are 1.0, 0.3, 0.2, 0.1",
        ),
        ("smoke signals", "1.0", "this binding is not supported; JSON-RPC or HTTP+JSON is needed"),
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
