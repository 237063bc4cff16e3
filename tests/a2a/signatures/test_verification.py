"""Signatures of cards: real signed cards, and what an attacker may make of them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from a2a_mcp.a2a.signatures.keys import Key, read_keys
from a2a_mcp.a2a.signatures.verification import UNSIGNED, check

FOLDER = Path(__file__).parents[2] / "signed_cards"
KEYS = read_keys((FOLDER / "pub.pem").read_text("utf-8"))
CARDS = ("card-py1-True", "card-py1-False", "card-js1", "card-py03")


def signed(name: str = "card-py1-True") -> dict[str, Any]:
    card: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return card


def named(name: str) -> list[Key]:
    return [Key(name, key.algorithm, key.public) for key in KEYS]


def protected(head: Any) -> str:
    return urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()


def with_head(head: Any) -> dict[str, Any]:
    card = signed()
    return card | {"signatures": [{**card["signatures"][0], "protected": protected(head)}]}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_of_each_sdk_is_verified(name: str) -> None:
    outcome = check(signed(name), named("k1"))
    assert outcome.words == "verified by k1"
    assert outcome.card is not None
    assert outcome.card["name"] == signed(name)["name"]


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("member", ["name", "version", "skills"])
def test_a_changed_member_makes_it_invalid(name: str, member: str) -> None:
    changed = signed(name) | {member: "evil"}
    outcome = check(changed, KEYS)
    assert outcome.card is None
    assert "the signature by k1 does not fit the card" in outcome.words


def test_a_changed_interface_makes_it_invalid() -> None:
    card = signed()
    card["supportedInterfaces"][0]["url"] = "https://evil.test"
    assert check(card, KEYS).card is None


def test_only_what_is_covered_is_used() -> None:
    added = signed("card-py1-False") | {"url": "https://evil.test", "additionalInterfaces": []}
    outcome = check(added, KEYS)
    assert outcome.card is not None
    assert not {"url", "additionalInterfaces", "signatures"} & set(outcome.card)


def test_the_type_of_a_scheme_is_taken_from_what_is_signed() -> None:
    card = signed("card-py03")
    card["securitySchemes"]["b"]["type"] = "apiKey"
    outcome = check(card, KEYS)
    assert outcome.card is not None
    assert outcome.card["securitySchemes"] == {"b": {"scheme": "bearer", "type": "http"}}


def test_unsigned_and_unknown() -> None:
    assert check({"name": "x"}, KEYS).words == UNSIGNED
    assert check(signed(), named("other")).words == "signed by an unknown key (k1)"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ({"alg": "none", "kid": "k1"}, "says none as its algorithm, but the key is for ES256"),
        ({"alg": "HS256", "kid": "k1"}, "says HS256"),
        ({"alg": "RS256", "kid": "k1"}, "says RS256"),
        ({"alg": "ES384", "kid": "k1"}, "says ES384"),
        ({"alg": ["ES256"], "kid": "k1"}, "says no as its algorithm"),
        ({"kid": "k1"}, "says no as its algorithm"),
        ({"alg": "ES256", "kid": "k1", "crit": ["b64"], "b64": False}, "an extension of JWS"),
        (["ES256"], "header cannot be read"),
    ],
)
def test_a_header_cannot_choose(head: Any, words: str) -> None:
    outcome = check(with_head(head), KEYS)
    assert outcome.card is None
    assert outcome.words.startswith("invalid")
    assert words in outcome.words


def test_an_rsa_key_is_for_one_algorithm() -> None:
    public = rsa.generate_private_key(65537, 2048).public_key()
    jwk = json.dumps({**RSAAlgorithm.to_jwk(public, as_dict=True), "kid": "k1"})
    assert [key.algorithm for key in read_keys(jwk)] == ["RS256"]
    assert [key.algorithm for key in read_keys(jwk, ["PS256"])] == ["PS256"]
    assert "but the key is for RS256" in check(signed(), read_keys(jwk)).words


@pytest.mark.parametrize(
    "signatures",
    [
        "x",
        [1],
        [{"protected": 1, "signature": "x"}],
        [{"protected": "é", "signature": "x"}],
        [{"protected": "!!!!", "signature": "x"}],
        [{"protected": protected({"alg": "ES256", "kid": "k1"}), "signature": "é"}],
        [{"protected": protected({"alg": "ES256", "kid": "k1"}), "signature": ""}],
    ],
)
def test_garbage_is_invalid(signatures: Any) -> None:
    assert check(signed() | {"signatures": signatures}, KEYS).words.startswith("invalid")


def test_one_right_signature_among_garbage_is_enough() -> None:
    card = signed()
    card["signatures"] = [{"protected": "!", "signature": ""}, *card["signatures"]]
    assert check(card, KEYS).words == "verified by k1"
    card["signatures"] = [{"protected": "!", "signature": ""}] * 8 + card["signatures"]
    assert check(card, KEYS).card is None


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("value", [nested(2000), float("nan"), float("inf"), "\ud800", 10**400])
def test_a_card_that_has_no_canonical_form_is_invalid(value: Any) -> None:
    params = {"uri": "u", "params": value}
    card = signed() | {"capabilities": {"extensions": [params]}}
    assert check(card, KEYS).words.startswith("invalid: the card cannot be written")


def test_a_big_integer_is_read_as_the_float_that_others_make_of_it() -> None:
    card = signed() | {"capabilities": {"extensions": [{"uri": "u", "params": {"n": 2**60}}]}}
    assert "does not fit the card" in check(card, KEYS).words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "neither JSON nor PEM"),
        ("[]", "no public key"),
        ('{"keys": []}', "no public key"),
        ('{"kty": "oct", "k": "c2VjcmV0"}', "no public key"),
        ('{"kty": "EC", "crv": "P-256", "x": "", "y": ""}', "no public key"),
        ('{"kty": "EC", "d": "x"}', "private key"),
        ("-----BEGIN PUBLIC KEY-----\nx", "no public key as PEM"),
    ],
)
def test_a_text_without_keys_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_keys(text)
