"""How a client proves to an authorization server who it is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from a2a_mcp.a2a.auth.oauth.metadata import Endpoints
from a2a_mcp.a2a.auth.oauth.settings import ClientAuth, OAuth
from a2a_mcp.a2a.auth.static import reveal

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class ClientProof:
    """What is added to a request to an authorization server."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)


async def prove_client(settings: OAuth, server: Endpoints, now: float) -> ClientProof:
    """Return the client's proof, made for each request: an assertion is valid only once.

    `now` are the Unix seconds that the assertion names. Raises CredentialUnavailable's kind where
    a secret cannot be had, ValueError and OSError where the key cannot be used.
    """
    secret = await reveal(settings.client_secret) if settings.client_secret is not None else ""
    match method_of(settings, server):
        case "private_key_jwt":
            return ClientProof(form=_assertion(settings, server, now))
        case "post":
            return ClientProof(form={"client_id": settings.client_id, "client_secret": secret})
        case "none" | "mtls":  # the certificate is shown by the connection (RFC 8705)
            return ClientProof(form={"client_id": settings.client_id})
        case "basic":
            return ClientProof(headers={"Authorization": _basic(settings.client_id, secret)})


def method_of(settings: OAuth, server: Endpoints) -> ClientAuth:
    """Return the configured method, else the one that fits to what the client has."""
    if settings.client_auth:
        return settings.client_auth
    if settings.client_key:
        return "private_key_jwt"
    if settings.client_secret is None:
        return "none"
    only_post = server.methods and "client_secret_basic" not in server.methods
    return "post" if only_post and "client_secret_post" in server.methods else "basic"


def _basic(client_id: str, secret: str) -> str:
    # RFC 6749, 2.3.1: both are form-encoded first; strict servers refuse anything else. A blank is
    # %20, not +, since some decode as in a URL.
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _assertion(settings: OAuth, server: Endpoints, now: float) -> dict[str, str]:
    from a2a_mcp.a2a.auth.oauth.assertions import sign_assertion  # imports PyJWT

    assert settings.client_key  # noqa: S101 - the configuration checks it
    signed = sign_assertion(
        settings.client_key.read_bytes(),
        client_id=settings.client_id,
        audience=server.issuer or server.token,
        now=now,
    )
    return {
        "client_id": settings.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed,
    }
