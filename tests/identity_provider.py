"""An identity provider for the tests: it publishes its metadata and keys, and signs any token.

Its own keys and claims can be changed while it runs, it can be slow or down, and it counts what it
was asked.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm


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

    def documents(self) -> dict[str, Any]:
        published = [
            {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": name, "alg": "RS256"}
            for name, key in self.keys.items()
        ]
        metadata = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        return {"/.well-known/openid-configuration": metadata, "/jwks": {"keys": published}}

    def token(self, audience: str, /, *, key: str = "k1", **claims: Any) -> str:
        """Return a token; a claim of None is left out, `head` is added to its head."""
        head = {"kid": key, "typ": "at+jwt", **claims.pop("head", {})}
        now = int(time.time())
        usual = {"iss": self.url, "aud": audience, "sub": "alice", "scope": "a2a", "iat": now}
        wanted = {**usual, "exp": now + 300, **claims}
        kept = {name: value for name, value in wanted.items() if value is not None}
        return jwt.encode(kept, self.keys[key], algorithm="RS256", headers=head)


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """Listen in threads of its own until the block ends."""
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            if self.path in provider.answers:
                body = provider.answers[self.path]
            else:
                found = provider.documents().get(self.path)
                body = json.dumps(found).encode() if found else b""
            self.send_response(200 if body else 503)
            self.send_header("Content-Length", str(len(body)))
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
