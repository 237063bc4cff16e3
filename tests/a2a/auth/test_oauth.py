"""OAuth's values: tokens and their life, metadata, and how a client proves who it is."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from a2a_mcp.a2a.auth.oauth.assertions import sign_assertion
from a2a_mcp.a2a.auth.oauth.authorization_code import expected_of, new_code_request
from a2a_mcp.a2a.auth.oauth.client_authentication import prove_client
from a2a_mcp.a2a.auth.oauth.device_code import read_device_code
from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.metadata import Endpoints, issuer_of, metadata_urls, read_metadata
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.oauth.token import Token, read_token

pytestmark = pytest.mark.anyio

NOW = 1_000_000.0
SERVER = Endpoints("https://login.example/token", issuer="https://login.example")


def answer(**more: Any) -> dict[str, Any]:
    return {"access_token": "tok", "token_type": "Bearer", "expires_in": 100} | more


@pytest.mark.parametrize(
    ("told", "life"),
    [
        (100, 100.0),
        ("100", 100.0),
        (2.5, 2.5),
        (None, None),
        ("abc", None),
        (-1, None),
        (0, None),
        (True, None),
        ([1], None),
        (1e30, 366 * 86_400.0),
        (10**400, None),  # no float holds it
        (float("inf"), 366 * 86_400.0),
        (float("nan"), None),
    ],
)
def test_a_tokens_life_is_read_leniently(told: Any, life: float | None) -> None:
    assert read_token(answer(expires_in=told), NOW).life == life


@pytest.mark.parametrize(
    ("told", "seconds", "interval"),
    [(300, 300.0, 60.0), (None, 1800.0, 5.0), (-1, 1800.0, 5.0), (10**400, 1800.0, 60.0)],
)
def test_a_server_decides_only_within_bounds_how_long_a_person_is_waited_for(
    told: Any, seconds: float, interval: float
) -> None:
    code = read_device_code(
        {
            "device_code": "d",
            "user_code": "u",
            "verification_uri": "https://login.example/device",
            "expires_in": told,
            "interval": told,
        }
    )
    assert (code.seconds, code.interval) == (seconds, interval)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        "<html>",
        answer(access_token=""),
        answer(access_token=None),
        answer(access_token="a b"),
        answer(access_token="a\r\nX: y"),
        answer(access_token="ключ"),
        answer(access_token="x" * 20_000),
        answer(token_type="DPoP"),
    ],
)
def test_what_cannot_stand_in_a_header_is_no_token(bad: Any) -> None:
    with pytest.raises(OAuthRefused) as caught:
        read_token(bad, NOW)
    assert "a b" not in str(caught.value)


@pytest.mark.parametrize(
    ("life", "age", "fresh"),
    [
        (3600.0, 0.0, True),
        (3600.0, 3569.0, True),
        (3600.0, 3571.0, False),
        (2.0, 1.7, True),  # a tenth of a short life is enough
        (2.0, 1.9, False),
        (3600.0, -3600.0, False),  # the clock was set back by an hour since
        (3600.0, 3600.0, False),
        (None, 1e9, True),
    ],
)
def test_a_token_is_fresh_until_shortly_before_its_end(
    life: float | None, age: float, fresh: bool
) -> None:
    assert Token("tok", NOW, life).is_fresh(NOW + age) is fresh


def test_a_token_shows_nothing_of_itself() -> None:
    assert "s3cret" not in repr(Token("s3cret", NOW, refresh="s3cret"))


@pytest.mark.parametrize(
    ("issuer", "places"),
    [
        (
            "https://login.example",
            [
                "https://login.example/.well-known/oauth-authorization-server",
                "https://login.example/.well-known/openid-configuration",
            ],
        ),
        (
            "https://login.example/tenant/",
            [
                "https://login.example/.well-known/oauth-authorization-server/tenant",
                "https://login.example/.well-known/openid-configuration/tenant",
                "https://login.example/tenant/.well-known/openid-configuration",
            ],
        ),
    ],
)
def test_metadata_is_looked_for_where_both_standards_put_it(issuer: str, places: list[str]) -> None:
    assert metadata_urls(issuer) == places
    assert {issuer_of(place).rstrip("/") for place in places} == {issuer.rstrip("/")}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("https://login.example", True),
        ("https://login.example/", True),
        ("https://evil.example", False),
        ("https://login.example/other", False),
        (None, False),
    ],
)
def test_metadata_must_name_the_issuer_itself(said: str | None, found: bool) -> None:
    document = {"issuer": said, "token_endpoint": "https://login.example/token"}
    assert (read_metadata(document, "https://login.example") is not None) is found


@pytest.mark.parametrize("secret", ["s3cret:+ %&ä", "plain"])
async def test_id_and_secret_are_form_encoded_before_basic(secret: str) -> None:
    settings = OAuth("id:1", client_secret=SecretStr(secret))
    proof = await prove_client(settings, SERVER, NOW)
    sent = b64decode(proof.headers["Authorization"].removeprefix("Basic ")).decode()
    assert sent.startswith("id%3A1:")
    assert ":" not in sent.removeprefix("id%3A1:")
    assert secret not in repr(proof)
    assert proof.form == {}


@pytest.mark.parametrize(
    ("settings", "methods", "form"),
    [
        (OAuth("c"), (), {"client_id": "c"}),
        (
            OAuth("c", client_secret=SecretStr("s"), client_auth="post"),
            (),
            {"client_id": "c", "client_secret": "s"},
        ),
        (
            OAuth("c", client_secret=SecretStr("s")),
            ("client_secret_post", "private_key_jwt"),
            {"client_id": "c", "client_secret": "s"},
        ),
    ],
)
async def test_the_secret_goes_where_the_server_takes_it(
    settings: OAuth, methods: tuple[str, ...], form: dict[str, str]
) -> None:
    proof = await prove_client(settings, Endpoints("https://x/token", methods=methods), NOW)
    assert (proof.headers, proof.form) == ({}, form)


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        (rsa.generate_private_key(65537, 2048), "RS256"),
    ],
)
async def test_an_assertion_is_signed_for_the_issuer_and_never_twice_the_same(
    private: Any, algorithm: str, tmp_path: Path
) -> None:
    key = tmp_path / "client.pem"
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    settings = OAuth("signed", client_key=key)
    proofs = [await prove_client(settings, SERVER, NOW) for _ in range(2)]
    claims = [
        jwt.decode(
            proof.form["client_assertion"],
            private.public_key(),
            [algorithm],
            audience="https://login.example",
            options={"verify_exp": False, "verify_iat": False},
        )
        for proof in proofs
    ]
    assert claims[0]["iss"] == claims[0]["sub"] == "signed"
    assert claims[0]["exp"] == int(NOW) + 60
    assert claims[0]["jti"] != claims[1]["jti"]


def jwk(**more: str) -> bytes:
    private = ec.generate_private_key(ec.SECP256R1())
    return json.dumps(jwt.algorithms.ECAlgorithm.to_jwk(private, as_dict=True) | more).encode()


def test_a_key_may_be_a_jwk_whose_name_is_told() -> None:
    signed = sign_assertion(jwk(kid="k1"), client_id="c", audience="a", now=NOW)
    assert jwt.get_unverified_header(signed)["kid"] == "k1"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (b"nonsense", "PEM or JWK"),
        (b"{}", "PEM or JWK"),
        (b'{"kty": "EC"}', "PEM or JWK"),
        (
            ec.generate_private_key(ec.SECP256K1()).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ),
            "of a kind",
        ),
    ],
)
def test_a_key_that_cannot_sign_is_told_without_its_text(key: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sign_assertion(key, client_id="c", audience="a", now=NOW)


DEVICE = {"device_code": "d", "user_code": "ABCD-EFGH", "verification_uri": "https://x/device"}


@pytest.mark.parametrize(
    ("told", "seconds", "interval"),
    [
        ({}, 1800.0, 5.0),
        ({"expires_in": 300, "interval": 2}, 300.0, 2.0),
        ({"expires_in": 10**400, "interval": 10**400}, 1800.0, 60.0),
        ({"expires_in": "soon", "interval": -1}, 1800.0, 5.0),
    ],
)
def test_the_times_of_a_device_code_are_bounded(
    told: dict[str, Any], seconds: float, interval: float
) -> None:
    code = read_device_code(DEVICE | told)
    assert (code.seconds, code.interval) == (seconds, interval)


@pytest.mark.parametrize("code", ["x" * 65, "A\x1b[2J", "", None])
def test_a_code_that_no_person_could_type_is_refused(code: str | None) -> None:
    with pytest.raises(OAuthRefused):
        read_device_code(DEVICE | {"user_code": code})


AS = "https://as.example"
PUBLISHED = Endpoints(f"{AS}/token", issuer=AS, authorization=f"{AS}/auth")
OF_CARD = Endpoints(f"{AS}/token", authorization=f"{AS}/auth", is_of_card=True)
CONFIGURED = replace(OF_CARD, is_of_card=False)


@pytest.mark.parametrize(
    ("server", "named", "belongs"),
    [
        (replace(PUBLISHED, names_itself=True), AS, True),
        (replace(PUBLISHED, names_itself=True), None, False),
        (replace(PUBLISHED, names_itself=True), "https://honest.example", False),
        (PUBLISHED, AS, True),
        (PUBLISHED, None, True),
        (PUBLISHED, "https://honest.example", False),
        (OF_CARD, None, True),
        (OF_CARD, f"{AS}/tenant", True),
        (OF_CARD, "https://honest.example", False),
        (OF_CARD, "nonsense", False),
        (CONFIGURED, "https://other.example", True),
    ],
)
def test_a_code_of_another_server_is_not_taken(
    server: Endpoints, named: str | None, belongs: bool
) -> None:
    request = new_code_request(OAuth("c"), server, None, "http://127.0.0.1/callback")
    query = {"state": request.state, "code": "x", **({"iss": named} if named else {})}
    expected = expected_of(request, server)
    assert expected.accepts(query) is belongs
    assert not expected.accepts(query | {"state": "guess"})
