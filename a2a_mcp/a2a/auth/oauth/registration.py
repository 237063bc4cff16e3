"""A client registers itself at an authorization server (RFC 7591), for persons who sign in. Pure.

It asks for a client without a secret: what identifies the person is his sign-in, with PKCE.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.metadata import Endpoints
from a2a_mcp.a2a.decoding.json_values import text_of
from a2a_mcp.a2a.model import JSON

NAME = "a2a-mcp"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def registered_address(redirect_uri: str, *, fixed_port: bool) -> str:
    """Return a redirect's address as it is registered: on this machine without a passing port."""
    parts = urlsplit(redirect_uri)
    if fixed_port or parts.hostname not in LOOPBACK:
        return redirect_uri
    return urlunsplit(parts._replace(netloc=parts.hostname))  # RFC 8252, 7.3


def registration(server: Endpoints, address: str) -> dict[str, JSON]:
    """Return what is asked for: a public client that comes back to `address`."""
    device: list[JSON] = [DEVICE_GRANT] if server.device else []
    is_native = urlsplit(address).hostname in LOOPBACK
    return {
        "client_name": NAME,
        "application_type": "native" if is_native else "web",
        "redirect_uris": [address],
        "grant_types": ["authorization_code", "refresh_token", *device],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


def read_client_id(body: JSON) -> str:
    """Return the new client's id; raises OAuthRefused where it cannot be used."""
    answer = body if isinstance(body, Mapping) else {}
    client_id = text_of(answer.get("client_id"))
    if not client_id:
        raise OAuthRefused("no_client", "its answer to a registration names no client")
    if text_of(answer.get("token_endpoint_auth_method")) not in (None, "none"):
        raise OAuthRefused("no_public_client", "it registers only clients with a secret")
    return client_id
