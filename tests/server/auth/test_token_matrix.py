"""Every token that may be shown at the door: the exact status and challenge, at a real bridge.

The keys are those of a certified provider (npm: oidc-provider), which the tests have as well, so
that they can sign what it would not. What happens when a provider fails is a scripted one's part.
"""

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

import anyio
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from e2e.bridges import Home, free_port
from e2e.lines import LEGACY, META, MODERN
from identity_provider import IdentityProvider, identity_provider, new_key
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, RSAAlgorithm
from real_agents import Agents

pytestmark = pytest.mark.anyio

DOWN: Final = "http://127.0.0.1:9"
ALL: Final = "a2a https://bridge.example/a2a"
"""What hosts ask for, of all issuers."""
TEN_MINUTES: Final = 600
SECONDS: Final = 20
JSON: Final = {"Accept": "application/json, text/event-stream"}
NOBODY: Final = {"name": "raw", "version": "1"}


@dataclass(frozen=True)
class Request:
    """What a host of an era sends first; `entered` is the status for a caller who may."""

    method: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    entered: int


def call(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


MODERN_META: Final = {
    f"{META}protocolVersion": MODERN,
    f"{META}clientInfo": NOBODY,
    f"{META}clientCapabilities": {},
}
MODERN_HEADERS: Final = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/list"}
REQUESTS: Final[dict[str, Request]] = {
    "2026": Request("POST", JSON | MODERN_HEADERS, call("tools/list", _meta=MODERN_META), 200),
    "2025": Request(
        "POST",
        JSON,
        call("initialize", protocolVersion=LEGACY, capabilities={}, clientInfo=NOBODY),
        200,
    ),
    "2025, its stream": Request("GET", {"Accept": "text/event-stream"}, None, 400),
    "2025, its end": Request("DELETE", JSON, None, 400),
}
"""In 2026-07-28 there is neither a stream of its own nor a session to end."""


@dataclass(frozen=True)
class Shown:
    """What an answer shows of the decision."""

    status: int
    challenge: str | None
    retry_after: str | None = None


@dataclass(frozen=True)
class Doors:
    """A bridge that takes tokens of a real provider, of scripted ones and of the configuration."""

    url: str
    real: IdentityProvider
    """Signs with the keys of the real provider, and in its name."""
    curve: EllipticCurvePrivateKey
    """Its other key."""
    partner: IdentityProvider
    named: IdentityProvider
    """Its scope is asked for by an address."""
    failing: Mapping[str, str]
    """The URLs of providers without a key that is known."""
    home: Home
    client: httpx.AsyncClient

    def token(self, **claims: Any) -> str:
        return self.real.token(self.url, **{"key": "own", **claims})

    @property
    def log(self) -> str:
        return self.home.stderr.read_text("utf-8")

    async def knock(self, request: Request, headers: Sequence[str]) -> Shown:
        shown = [("Authorization", header.encode("latin-1")) for header in headers]
        answer = await self.client.request(
            request.method, self.url, json=request.body, headers=[*request.headers.items(), *shown]
        )
        told = answer.headers
        return Shown(answer.status_code, told.get("www-authenticate"), told.get("retry-after"))


def jwks(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": list(keys)})


@pytest.fixture(scope="module")
def curve() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


@pytest.fixture(scope="module")
def real(running_agent: Agents, curve: EllipticCurvePrivateKey) -> IdentityProvider:
    """The signer of the real provider, which publishes its keys by itself."""
    key = new_key()
    login = running_agent(
        "oidc",
        "--keys",
        jwks(
            {**RSAAlgorithm.to_jwk(key, as_dict=True), "kid": "own", "alg": "RS256"},
            {**ECAlgorithm.to_jwk(curve, as_dict=True), "kid": "curve", "alg": "ES256"},
        ),
    )
    return IdentityProvider(login.url, {"own": key, "k1": key})


def rubbish(issuer: IdentityProvider, answer: bytes) -> str:
    for path in issuer.documents():
        issuer.answers[path] = answer
    return issuer.url


def without_keys(issuer: IdentityProvider, answer: bytes) -> str:
    issuer.answers["/jwks"] = answer
    return issuer.url


@pytest.fixture(scope="module")
async def doors(
    real: IdentityProvider,
    curve: EllipticCurvePrivateKey,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Doors]:
    port = free_port()
    home = Home(tmp_path_factory.mktemp("matrix"))
    with (
        identity_provider() as partner,
        identity_provider() as named,
        identity_provider() as html,
        identity_provider() as huge,
        identity_provider() as empty,
        identity_provider() as silent,
    ):
        silent.held["/jwks"] = Event()
        failing = {
            "down": DOWN,
            "html": rubbish(html, b"<html>sign in</html>"),
            "huge": without_keys(huge, b"x" * 1_000_000),
            "empty": without_keys(empty, b'{"keys": []}'),
            "silent": silent.url,
        }
        issuers = {
            "real": {"url": real.url},
            "partner": {"url": partner.url, "audiences": ["ours"]},
            "named": {"url": named.url, "scopes": ["https://bridge.example/a2a"]},
            **{name: {"url": url} for name, url in failing.items()},
        }
        home.configure(
            {"it": DOWN},
            public_url=f"http://127.0.0.1:{port}",
            tokens={"robot": "robot-secret"},
            issuers=issuers,
        )
        async with (
            home.serving(port=port) as served,
            httpx.AsyncClient(timeout=SECONDS) as client,
        ):
            yield Doors(served.url, real, curve, partner, named, failing, home, client)
        silent.held["/jwks"].set()


def unsigned(doors: Doors) -> str:
    return jwt.encode(claims_of(doors.token()), None, algorithm="none")


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def of_shared_secret(doors: Doors) -> str:
    """Return a token that is signed with the public key, as it is published, as a secret."""
    public = httpx.get(f"{doors.real.url}/jwks").json()["keys"][0]
    head = encoded(b'{"alg":"HS256","kid":"own","typ":"at+jwt"}')
    signed = f"{head}.{doors.token().split('.')[1]}"
    signature = HMACAlgorithm(HMACAlgorithm.SHA256).sign(
        signed.encode(), json.dumps(public).encode()
    )
    return f"{signed}.{encoded(signature)}"


def of_other_algorithm(doors: Doors) -> str:
    head = {"kid": "own", "typ": "at+jwt"}
    return jwt.encode(
        claims_of(doors.token()), doors.real.keys["own"], algorithm="RS512", headers=head
    )


def with_strange_head(doors: Doors) -> str:
    _, body, signature = doors.token().split(".")
    return f"{encoded(json.dumps({'alg': {}, 'kid': 'own'}).encode())}.{body}.{signature}"


def of_curve(doors: Doors) -> str:
    head = {"kid": "curve", "typ": "at+jwt"}
    return jwt.encode(claims_of(doors.token()), doors.curve, algorithm="ES256", headers=head)


def of_foreign_key(doors: Doors) -> str:
    return IdentityProvider(doors.real.url, {"own": new_key()}).token(doors.url, key="own")


def issued(doors: Doors, resource: str, scope: str = "a2a") -> str:
    """Return a token that the real provider has made itself."""
    form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
    answer = httpx.post(f"{doors.real.url}/token", data=form, auth=("caller", "ca11er-secret"))
    token: str = answer.json()["access_token"]
    return token


def shifted(doors: Doors, seconds: int) -> str:
    """Return a token of a provider whose clock differs."""
    claims = claims_of(doors.token())
    times = {name: claims[name] + seconds for name in ("iat", "exp")}
    return doors.token(nbf=times["iat"], **times)


def groups(count: int) -> list[str]:
    return [f"group-{number:06}" for number in range(count)]


@dataclass(frozen=True)
class Told:
    """What a host must be told: a status, and in the challenge an error and its words."""

    status: int = 0
    error: str = ""
    words: str = ""

    def shown(self, url: str, request: Request) -> Shown:
        if not self.status:
            return Shown(request.entered, None)
        if self.status == 503:
            return Shown(503, None, "10")
        metadata = url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
        error = f'error="{self.error}", error_description="{self.words}", ' if self.error else ""
        return Shown(
            self.status, f'Bearer {error}resource_metadata="{metadata}", scope="{ALL}"', None
        )


ENTERS: Final = Told()
MISSING: Final = Told(401)
INVALID: Final = Told(401, "invalid_token", "the token is not valid here")
LACKS: Final = Told(403, "insufficient_scope", "the token lacks the scope a2a")
REPEATED: Final = Told(400, "invalid_request", "one Authorization header is needed")
NOT_NOW: Final = Told(503)


@dataclass(frozen=True)
class Row:
    """A token, or the headers where it is not shown as usual; `reason` is what the log says."""

    told: Told
    token: Callable[[Doors], str | tuple[str, ...]]
    reason: str = ""

    def headers(self, doors: Doors) -> Sequence[str]:
        token = self.token(doors)
        return [f"Bearer {token}"] if isinstance(token, str) else token


STRANGE: Final = "it is no token of the configuration, and no JWT"
EXPIRED: Final = "it has expired"
EARLY: Final = "it is not valid yet"
LACKING: Final = "it lacks one of exp, iss, aud, sub"
AUDIENCE: Final = "it is for another audience"
KEY: Final = "its key is none of its issuer's"
ALGORITHM: Final = "its algorithm is not taken"
KIND: Final = "it is no access token"
NOBODYS: Final = "its claim sub names no owner"
SCOPE: Final = "it lacks the scope a2a"
UNASKED: Final = "the identity provider cannot be asked"

ROWS: Final[dict[str, Row]] = {
    "of the provider itself": Row(ENTERS, lambda it: issued(it, it.url)),
    "by its key": Row(ENTERS, lambda it: it.token()),
    "by its other key": Row(ENTERS, of_curve),
    "with us among its audiences": Row(ENTERS, lambda it: it.token(aud=["https://x", it.url])),
    "with scp, as a list": Row(ENTERS, lambda it: it.token(scope=None, scp=["a2a"])),
    "of 20 kB": Row(ENTERS, lambda it: it.token(groups=groups(1000))),
    "by a clock half a minute ahead": Row(ENTERS, lambda it: shifted(it, 25)),
    "with a scope named by its last part": Row(ENTERS, lambda it: it.named.token(it.url)),
    "of another issuer": Row(ENTERS, lambda it: it.partner.token("ours")),
    "of the configuration": Row(ENTERS, lambda it: "robot-secret"),
    "of the configuration, in another spelling": Row(ENTERS, lambda it: ("bEARER  robot-secret",)),
    "none": Row(MISSING, lambda it: ()),
    "an empty header": Row(MISSING, lambda it: ("",)),
    "a scheme alone": Row(MISSING, lambda it: ("Bearer",)),
    "a name and a password": Row(MISSING, lambda it: ("Basic eDp5",)),
    "twice the same": Row(REPEATED, lambda it: ("Bearer robot-secret",) * 2),
    "two schemes": Row(REPEATED, lambda it: ("Bearer robot-secret", "Basic eDp5")),
    "no JWT": Row(INVALID, lambda it: "garbage", STRANGE),
    "not even text": Row(INVALID, lambda it: "\xff\xfe", STRANGE),
    "of two dots": Row(INVALID, lambda it: "a.b.c", STRANGE),
    "two tokens in one header": Row(INVALID, lambda it: "robot-secret, robot-secret", STRANGE),
    "almost of the configuration": Row(INVALID, lambda it: "robot-secreT", STRANGE),
    "expired": Row(INVALID, lambda it: it.token(exp=1_000_000_000), EXPIRED),
    "not yet valid": Row(INVALID, lambda it: it.token(nbf=9_000_000_000), EARLY),
    "by a clock ten minutes ahead": Row(INVALID, lambda it: shifted(it, TEN_MINUTES), EARLY),
    "by a clock ten minutes behind": Row(INVALID, lambda it: shifted(it, -TEN_MINUTES), EXPIRED),
    "without an end": Row(INVALID, lambda it: it.token(exp=None), LACKING),
    "of an issuer that is not configured": Row(
        INVALID, lambda it: it.token(iss="https://evil.example"), "its issuer is not configured"
    ),
    "of one issuer by another's key": Row(
        INVALID, lambda it: it.real.token("ours", key="own", iss=it.partner.url), KEY
    ),
    "of the provider itself, for another resource": Row(
        INVALID, lambda it: issued(it, "https://other.example/mcp"), AUDIENCE
    ),
    "for a list of others": Row(INVALID, lambda it: it.token(aud=["https://a", "ours"]), AUDIENCE),
    "for nobody": Row(INVALID, lambda it: it.token(aud=None), LACKING),
    "for the other issuer's audience": Row(INVALID, lambda it: it.token(aud="ours"), AUDIENCE),
    "by an unknown key": Row(INVALID, lambda it: it.token(head={"kid": "nobody's"}), KEY),
    "by a foreign key of a known name": Row(INVALID, of_foreign_key, "its signature is wrong"),
    "of no algorithm": Row(INVALID, unsigned, ALGORITHM),
    "with the public key as a secret": Row(INVALID, of_shared_secret, ALGORITHM),
    "of another algorithm": Row(INVALID, of_other_algorithm, KEY),
    "of an algorithm that is no text": Row(INVALID, with_strange_head, ALGORITHM),
    "an id token": Row(INVALID, lambda it: it.token(head={"typ": "id+jwt"}), KIND),
    "a logout token": Row(INVALID, lambda it: it.token(head={"typ": "logout+jwt"}), KIND),
    "without a subject": Row(INVALID, lambda it: it.token(sub=None), LACKING),
    "with an empty subject": Row(INVALID, lambda it: it.token(sub=""), NOBODYS),
    "with a long subject": Row(INVALID, lambda it: it.token(sub="a" * 201), NOBODYS),
    "with a line end in its subject": Row(INVALID, lambda it: it.token(sub="a\nb"), NOBODYS),
    "of 40 kB": Row(INVALID, lambda it: it.token(groups=groups(2000)), "it is too long"),
    "of the provider itself, without the scope": Row(
        LACKS, lambda it: issued(it, it.url, "read"), SCOPE
    ),
    "with other scopes": Row(LACKS, lambda it: it.token(scope="openid a2a:read"), SCOPE),
    "without one that was asked for by its address": Row(
        Told(403, "insufficient_scope", "the token lacks the scope https://bridge.example/a2a"),
        lambda it: it.named.token(it.url, scope="b2b"),
        "it lacks the scope https://bridge.example/a2a",
    ),
    "of a provider that is down": Row(NOT_NOW, lambda it: it.token(iss=DOWN), UNASKED),
    "of one that answers a page": Row(
        NOT_NOW, lambda it: it.token(iss=it.failing["html"]), UNASKED
    ),
    "of one with keys of a megabyte": Row(
        NOT_NOW, lambda it: it.token(iss=it.failing["huge"]), UNASKED
    ),
    "of one without any key": Row(NOT_NOW, lambda it: it.token(iss=it.failing["empty"]), UNASKED),
    "of one that does not answer": Row(
        NOT_NOW, lambda it: it.token(iss=it.failing["silent"]), UNASKED
    ),
}


@pytest.mark.parametrize("name", ROWS)
async def test_a_token_gets_its_status_and_its_challenge_whatever_the_request(
    name: str, doors: Doors
) -> None:
    row = ROWS[name]
    headers = row.headers(doors)
    shown = {way: await doors.knock(request, headers) for way, request in REQUESTS.items()}
    assert shown == {way: row.told.shown(doors.url, it) for way, it in REQUESTS.items()}
    assert row.reason in doors.log


async def test_a_long_token_may_come_in_pieces(doors: Doors) -> None:
    request = REQUESTS["2026"]
    body = json.dumps(request.body).encode()
    given = {
        "Host": httpx.URL(doors.url).netloc.decode(),
        "Authorization": f"Bearer {doors.token(groups=groups(1000))}",
        "Content-Length": str(len(body)),
        "Content-Type": "application/json",
        "Connection": "close",
        **request.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    sent = f"POST /mcp HTTP/1.1\r\n{head}\r\n".encode() + body
    url = httpx.URL(doors.url)
    async with await anyio.connect_tcp(url.host, url.port or 0) as connection:
        await connection.send(sent[:20_000])
        await doors.knock(request, [])  # the bridge has read what came before
        await connection.send(sent[20_000:])
        assert (await connection.receive()).startswith(b"HTTP/1.1 200 ")
