from typing import Any

import pytest
from captures import bodies, payloads, unwrapped
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a_mcp.a2a.card_model import AgentCard, SecurityScheme
from a2a_mcp.a2a.decoding.card import HINT_0_1, HINT_PYTHON_A2A, decode_card, is_card
from a2a_mcp.a2a.decoding.json_values import snake_case

JSONRPC, REST, GRPC = "JSONRPC", "HTTP+JSON", "GRPC"
# Capture -> what its card names: (port and path, binding, version).
INTERFACES = {
    "a2a-js-0.3.14/card": [
        ("21050/rpc", JSONRPC, "0.3.0"),
        ("21050/rest", REST, "0.3.0"),
    ],
    "a2a-js-1.3.0/card": [("21051/rpc", JSONRPC, "1.0"), ("21051/rest", REST, "1.0")],
    "a2a-js-1.3.0-compat/card": [
        ("21052/rpc", JSONRPC, "1.0"),
        ("21052/rest", REST, "1.0"),
        ("21052/rpc", JSONRPC, "0.3"),
        ("21052/rest", REST, "0.3"),
    ],
    "a2a-sdk-0.2.16/card-old-path": [("21002/", JSONRPC, "0.2.6")],
    "a2a-sdk-0.3.26/card": [("21003/", JSONRPC, "0.3.0")],
    "a2a-sdk-0.3.26-rest/card": [("21004/", REST, "0.3.0")],
    "a2a-sdk-1.3.0-jsonrpc/card": [("21010", JSONRPC, "1.0")],
    "a2a-sdk-1.3.0-jsonrpc-compat/card": [("21011", JSONRPC, "1.0"), ("21011", JSONRPC, "0.3")],
    "a2a-sdk-1.3.0-rest-compat/card": [("21013", REST, "1.0"), ("21013", REST, "0.3")],
    "a2a-sdk-1.3.0-grpc/v03-card": [("21017", GRPC, "0.3")],
    "fasta2a-0.6.1/card": [("21062", JSONRPC, "0.3.0")],
    "fasta2a-2.1.1/card": [("21061", JSONRPC, "1.0")],
    "orig-2025-05/card": [("21020/", JSONRPC, "")],
    "praisonai-1.7.17/card-old-path": [("21060/a2a", JSONRPC, "")],
    "python-a2a-0.5.10/card": [("21030", JSONRPC, "0.3.0")],
}


def card_of(name: str) -> AgentCard:
    (body,) = bodies(name)
    assert is_card(body)
    return decode_card(body)


@pytest.mark.parametrize(("name", "interfaces"), INTERFACES.items())
def test_a_card_of_every_version_names_its_interfaces(
    name: str, interfaces: list[tuple[str, str, str]]
) -> None:
    found = [
        (item.url.rpartition("127.0.0.1:")[2], item.protocol_binding, item.protocol_version)
        for item in card_of(name).interfaces
    ]
    assert found == interfaces


def test_every_captured_card_is_read_with_its_name_and_skills() -> None:
    count = 0
    for capture, payload in payloads():
        body = unwrapped(payload.body)
        if not is_card(body):
            continue
        card = decode_card(body)
        count += 1
        assert card.name == body["name"], capture.name
        assert [skill.name for skill in card.skills] == [
            skill["name"] for skill in body.get("skills") or []
        ]
        assert card.capabilities.streaming is body["capabilities"].get("streaming")
        assert None not in [item.url for item in card.interfaces]
    assert count == 39


@pytest.mark.parametrize("kind", ["jsonrpc", "jsonrpc-compat", "rest", "rest-compat"])
def test_both_shapes_of_a_security_scheme_are_read_the_same(kind: str) -> None:
    card = card_of(f"a2a-sdk-1.3.0-{kind}/card")
    assert card.security_schemes == {
        "b": SecurityScheme(kind="http", scheme="bearer"),
        "k": SecurityScheme(kind="apiKey", location="header", name="X-Key"),
    }
    assert card.security == ({"b": ()}, {"k": ()})


@pytest.mark.parametrize(
    ("scheme", "lifted"),
    [
        ({"type": "http", "scheme": "Bearer"}, SecurityScheme(kind="http", scheme="bearer")),
        (
            {"type": "apiKey", "in": "query", "name": "key"},
            SecurityScheme(kind="apiKey", location="query", name="key"),
        ),
        ({"type": "mutualTLS"}, SecurityScheme(kind="mutualTLS")),
        ({"mtlsSecurityScheme": {}}, SecurityScheme(kind="mutualTLS")),
        ({"oauth2SecurityScheme": {"flows": {}}}, SecurityScheme(kind="oauth2")),
        ({"openIdConnectSecurityScheme": {}}, SecurityScheme(kind="openIdConnect")),
        ({"type": "carrier-pigeon"}, SecurityScheme(kind="carrier-pigeon")),
        ({}, SecurityScheme(kind="unknown")),
        (None, SecurityScheme(kind="unknown")),
    ],
)
def test_a_security_scheme_is_read(scheme: Any, lifted: SecurityScheme) -> None:
    card = decode_card({"name": "a", "url": "u", "securitySchemes": {"s": scheme}})
    assert card.security_schemes == {"s": lifted}


def test_requirements_of_both_shapes_keep_their_scopes() -> None:
    old = decode_card({"name": "a", "security": [{"o": ["read"], "k": []}, {}]})
    new = decode_card(
        {
            "name": "a",
            "securityRequirements": [{"schemes": {"o": {"list": ["read"]}, "k": {}}}, {}],
        }
    )
    assert old.security == new.security == ({"o": ("read",), "k": ()}, {})


def test_the_authentication_of_0_1_is_a_security_scheme() -> None:
    card = decode_card({"name": "a", "url": "u", "authentication": {"schemes": ["Bearer"]}})
    assert card.security_schemes == {"Bearer": SecurityScheme(kind="http", scheme="bearer")}
    assert card.hints == (HINT_0_1,)


def test_a_card_of_python_a2a_is_known_by_its_capability() -> None:
    assert card_of("python-a2a-0.5.10/card").hints == (HINT_PYTHON_A2A,)
    assert card_of("a2a-sdk-0.3.26/card").hints == ()


def test_an_absent_capability_means_no_in_1_0_and_nothing_before() -> None:
    new = decode_card({"name": "a", "supportedInterfaces": [{"url": "u"}]})
    old = decode_card({"name": "a", "url": "u"})
    assert new.capabilities.streaming is False
    assert new.capabilities.extended_agent_card is False
    assert old.capabilities.streaming is None
    assert old.capabilities.extended_agent_card is None


def test_the_same_interface_named_twice_is_one() -> None:
    twice = {"url": "u", "transport": "JSONRPC"}
    card = decode_card({"name": "a", "url": "u", "additionalInterfaces": [twice, twice, {}]})
    assert len(card.interfaces) == 1


def test_an_empty_tenant_is_none() -> None:
    card = decode_card({"name": "a", "supportedInterfaces": [{"url": "u", "tenant": ""}]})
    assert card.interfaces[0].tenant is None


def test_missing_members_of_a_card_are_listed_for_its_author() -> None:
    assert card_of("a2a-sdk-1.3.0-jsonrpc/card").problems == ()
    assert card_of("praisonai-1.7.17/card-old-path").problems == (
        "protocolVersion: missing; taken for 0.3",
        "skills: missing",
    )
    (no_url, *_) = decode_card({"name": "a", "skills": []}).problems
    assert no_url == "supportedInterfaces: missing, so there is no URL to call"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "<html>",
        [],
        {},
        {"name": "a"},
        {"name": None, "url": "u"},
        {"name": 3, "url": "u"},
        {"url": "u", "skills": []},
        {"name": "a", "url": None, "skills": None},
        {"detail": "Not Found"},
    ],
)
def test_other_json_is_no_card(value: Any) -> None:
    assert not is_card(value)


def test_a_card_with_everything_wrong_is_still_read() -> None:
    odd = dict.fromkeys(
        ["description", "version", "provider", "skills", "capabilities", "securitySchemes"], 3
    )
    odd |= {"security": "x", "defaultInputModes": {}, "url": ["u"], "additionalInterfaces": "x"}
    card = decode_card({"name": "a", **odd, "supportedInterfaces": [None, "x", {"url": 7}]})
    assert card.name == "a"
    assert card.skills == ()


CARD_KEYS = (
    "url supportedInterfaces skills capabilities provider organization protocolVersion transport "
    "preferredTransport additionalInterfaces protocolBinding tenant streaming extensions uri "
    "required id name description tags examples securitySchemes security authentication schemes "
    "list type in location scheme apiKeySecurityScheme securityRequirements"
)
CARD_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(CARD_KEYS.split()), inner, max_size=5)
    ),
    max_leaves=15,
)


@settings(max_examples=120)
@given(st.dictionaries(st.sampled_from(CARD_KEYS.split()), CARD_JSON, max_size=6))
def test_no_json_makes_the_reading_of_a_card_fail(value: dict[str, Any]) -> None:
    card = decode_card({**value, "name": "a"})
    assert all(item.url for item in card.interfaces)


def in_snake_case(value: Any) -> Any:
    if isinstance(value, list):
        return [in_snake_case(item) for item in value]
    if isinstance(value, dict):
        return {snake_case(key): in_snake_case(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize("name", INTERFACES)
def test_a_card_in_snake_case_is_the_same_card(name: str) -> None:
    (body,) = bodies(name)
    spelled = in_snake_case(body)
    assert is_card(spelled)
    card = decode_card(spelled)
    problems = tuple(item for item in card.problems if "A2A spells it" not in item)
    schemes = card_of(name).security_schemes.items()
    expected = card_of(name).model_copy(
        update={"security_schemes": {snake_case(key): scheme for key, scheme in schemes}}
    )
    assert card.model_copy(update={"problems": problems}) == expected


def test_members_in_snake_case_are_listed_for_the_cards_author() -> None:
    card = decode_card(
        {"name": "a", "supported_interfaces": [{"url": "https://a.example", "tenant": "t"}]}
    )
    assert [(item.url, item.tenant) for item in card.interfaces] == [("https://a.example", "t")]
    assert "supported_interfaces: A2A spells it supportedInterfaces" in card.problems
