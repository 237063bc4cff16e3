"""An identity provider for the tests: it publishes its metadata and keys, and signs any token.

Its own keys and claims can be changed while it runs, it can be slow or down, and it counts what it
was asked.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm
from real_agents.noting import note

INTROSPECT: Final = "/introspect"


def new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class IdentityProvider:
    """`keys` are published by their names; `asked` are the paths of all requests."""

    url: str = ""
    keys: dict[str, RSAPrivateKey] = field(default_factory=lambda: {"k1": new_key()})
    asked: list[str] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)
    """What is answered at a path in place of the right thing; empty: nothing, as if down."""
    held: dict[str, Event] = field(default_factory=dict)
    """The paths whose answers wait until an event is set."""
    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the introspection of a token says; of any other token, that it is not active."""
    forms: list[tuple[str | None, dict[str, str]]] = field(default_factory=list)
    """The authorization and the fields of each introspection."""

    def documents(self) -> dict[str, Any]:
        published = [
            {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": name, "alg": "RS256"}
            for name, key in self.keys.items()
        ]
        metadata = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint": f"{self.url}/token",
            "introspection_endpoint": f"{self.url}{INTROSPECT}",
        }
        return {"/.well-known/openid-configuration": metadata, "/jwks": {"keys": published}}

    def know(self, token: str, audience: Any, **claims: Any) -> str:
        """Say of a token that it is active; a claim of None is left out."""
        usual = {"active": True, "aud": audience, "sub": "alice", "scope": "a2a"}
        wanted = {**usual, "exp": int(time.time()) + 300, **claims}
        note(token)
        self.said[token] = {name: value for name, value in wanted.items() if value is not None}
        return token

    def token(self, audience: str, /, *, key: str = "k1", **claims: Any) -> str:
        """Return a token; a claim of None is left out, `head` is added to its head."""
        head = {"kid": key, "typ": "at+jwt", **claims.pop("head", {})}
        now = int(time.time())
        usual = {"iss": self.url, "aud": audience, "sub": "alice", "scope": "a2a", "iat": now}
        wanted = {**usual, "exp": now + 300, **claims}
        kept = {name: value for name, value in wanted.items() if value is not None}
        made = jwt.encode(kept, self.keys[key], algorithm="RS256", headers=head)
        note(made)
        return made


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """Listen in threads of its own until the block ends."""
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(provider.documents().get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body))
            provider.forms.append((self.headers["Authorization"], form))
            self._answer(provider.said.get(form["token"], {"active": False}))

        def _answer(self, found: Any) -> None:
            provider.asked.append(self.path)
            if self.path in provider.held:
                provider.held[self.path].wait()
            usual = json.dumps(found).encode() if found else b""
            body = provider.answers.get(self.path, usual)
            self.send_response(200 if body else 503)
            self.send_header("Content-Length", str(len(body)))
            with suppress(ConnectionError):  # who asked may have given up
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield provider
        server.shutdown()
        thread.join()
