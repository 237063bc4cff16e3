"""Which credentials go out: those of the first of a card's alternatives that is configured."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from a2a_mcp.a2a.auth.choice import choose, kind_of
from a2a_mcp.a2a.auth.oauth.settings import AnyCredential, OAuth
from a2a_mcp.a2a.auth.static import ApiKey, Basic, Bearer, Headers
from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.a2a.decoding.card import decode_card

S = SecretStr("s")
BEARER, BASIC, KEY, HEADERS, OAUTH = (
    Bearer(S),
    Basic("u", S),
    ApiKey(S),
    Headers({"X": S}),
    OAuth("c"),
)
SCHEMES: dict[str, dict[str, Any]] = {
    "o": {"oauth2SecurityScheme": {"flows": {}}},
    "i": {"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://x.example"}},
    "k": {"apiKeySecurityScheme": {"location": "header", "name": "X-One"}},
    "k2": {"type": "apiKey", "in": "query", "name": "two"},
    "b": {"httpAuthSecurityScheme": {"scheme": "Bearer"}, "type": "http", "scheme": "bearer"},
    "n": {"type": "http", "scheme": "Basic"},
    "d": {"type": "http", "scheme": "digest"},
    "m": {"mtlsSecurityScheme": {}},
    "x": {"type": "something"},
}


def asking(*alternatives: str) -> AgentCard:
    """Return a card that asks for these: `b+k` needs both."""
    listed = [
        {"schemes": {name: {"list": ["read"]} for name in each.split("+") if name}}
        for each in alternatives
    ]
    return decode_card({"name": "a", "securitySchemes": SCHEMES, "securityRequirements": listed})


CHOSEN: list[tuple[tuple[str, ...], list[AnyCredential], list[tuple[str, AnyCredential]]]] = [
    (("o+k", "b", "n"), [BEARER], [("b", BEARER)]),
    (("o+k", "n", "b"), [BASIC], [("n", BASIC)]),  # the second of three
    (("o+k", "m", "b"), [OAUTH, KEY], [("o", OAUTH), ("k", KEY)]),
    (("b", "o+k"), [KEY, BEARER], [("b", BEARER)]),  # the first, though both are met
    (("i",), [OAUTH], [("i", OAUTH)]),
    (("o+b",), [BEARER], [("o", BEARER), ("b", BEARER)]),
    (("k+b",), [HEADERS], [("k", HEADERS), ("b", HEADERS)]),
    (("d",), [BEARER], [("d", BEARER)]),
    (("x",), [KEY], [("x", KEY)]),
    (("gone",), [BASIC], [("gone", BASIC)]),
    (("", "b"), [BEARER], [("b", BEARER)]),
    (("", "b"), [KEY], [("k", KEY)]),  # none is needed, so what is configured may go
    ((), [BEARER, KEY], [("o", BEARER), ("k", KEY)]),
    ((), [], []),
    (("",), [], []),
]


@pytest.mark.parametrize(("card", "configured", "chosen"), CHOSEN)
def test_the_first_alternative_that_is_configured_in_full_is_used(
    card: tuple[str, ...],
    configured: list[AnyCredential],
    chosen: list[tuple[str, AnyCredential]],
) -> None:
    choice = choose(asking(*card), configured)
    assert choice.missing == ()
    assert [(use.name, use.credential) for use in choice.uses] == chosen


MISSING: list[tuple[tuple[str, ...], list[AnyCredential], list[list[str]]]] = [
    (("b",), [], [["http bearer"]]),
    (("b", "o+k"), [KEY], [["http bearer"], ["oauth2"]]),
    (("k+k2",), [KEY], [["apiKey"]]),
    (("m",), [BEARER, KEY, HEADERS, BASIC, OAUTH], [["mutualTLS"]]),
    (("n+m",), [], [["http basic", "mutualTLS"]]),
    (("gone",), [], [["unknown"]]),
]


@pytest.mark.parametrize(("card", "configured", "missing"), MISSING)
def test_what_each_alternative_lacks_is_told(
    card: tuple[str, ...], configured: list[AnyCredential], missing: list[list[str]]
) -> None:
    choice = choose(asking(*card), configured)
    assert [list(map(kind_of, lacks)) for lacks in choice.missing] == missing
    assert [use.credential for use in choice.uses] == configured


def test_two_keys_go_where_their_names_say() -> None:
    two, one = ApiKey(S, "query", "two"), ApiKey(S)
    uses = choose(asking("k+k2"), [two, one]).uses
    assert [(use.name, use.credential) for use in uses] == [("k", one), ("k2", two)]


def test_a_credential_may_name_its_scheme() -> None:
    first, second = ApiKey(S, scheme="k2"), Bearer(S, scheme="k")
    uses = choose(asking("k+k2"), [first, second]).uses
    assert [(use.name, use.credential) for use in uses] == [("k", second), ("k2", first)]
    assert choose(asking("b"), [second]).missing
    assert uses[0].scopes == ("read",)
