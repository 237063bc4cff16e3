"""Where an authorization server describes itself, and what it says (RFC 8414, OpenID). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from a2a_mcp.a2a.decoding.json_values import object_of, text_of, texts
from a2a_mcp.a2a.model import JSON

OAUTH: Final = "/.well-known/oauth-authorization-server"
OPENID: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one authorization server, and what it can.

    `methods` are the ways in which clients may prove who they are, empty where it does not say.
    `names_itself` means that a redirect carries its issuer (RFC 9207). `token_for_mtls` is where
    clients with a certificate get tokens, if that is another address (RFC 8705). `is_of_card` says
    that they stand in a card, which is remote input.
    """

    token: str
    issuer: str | None = None
    authorization: str | None = None
    device: str | None = None
    revocation: str | None = None
    registration: str | None = None
    introspection: str | None = None
    methods: tuple[str, ...] = ()
    challenges: tuple[str, ...] = ()
    names_itself: bool = False
    scopes: tuple[str, ...] = ()
    token_for_mtls: str | None = None
    is_of_card: bool = False

    def urls(self) -> list[str]:
        """Return all addresses to which something is sent."""
        named = (self.token, self.authorization, self.device, self.revocation, self.registration)
        return [url for url in (*named, self.token_for_mtls) if url]


def metadata_urls(issuer: str) -> list[str]:
    """Return where the metadata of an issuer may be, best first."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    places = [OAUTH + path, OPENID + path, path + OPENID]
    return list(dict.fromkeys(urlunsplit(parts._replace(path=place)) for place in places))


def issuer_of(metadata_url: str) -> str:
    """Return the issuer whose metadata stands at a URL; raises ValueError where it is no such."""
    parts = urlsplit(metadata_url)
    for mark in (OAUTH, OPENID):
        before, found, after = parts.path.partition(mark)
        if found and not (before and after):
            return urlunsplit(parts._replace(path=before or after))
    raise ValueError("is not the address of an authorization server's metadata")


def read_metadata(body: JSON, issuer: str) -> Endpoints | None:
    """Return the endpoints in a document; None where it is not that issuer's own.

    A document that names another issuer could send secrets elsewhere (RFC 8414, 3.3).
    """
    if not isinstance(body, Mapping) or not is_same_issuer(text_of(body.get("issuer")), issuer):
        return None
    token = text_of(body.get("token_endpoint"))
    if not token:
        return None
    return Endpoints(
        token=token,
        issuer=text_of(body.get("issuer")),
        authorization=text_of(body.get("authorization_endpoint")),
        device=text_of(body.get("device_authorization_endpoint")),
        revocation=text_of(body.get("revocation_endpoint")),
        registration=text_of(body.get("registration_endpoint")),
        introspection=text_of(body.get("introspection_endpoint")),
        methods=texts(body.get("token_endpoint_auth_methods_supported")),
        challenges=texts(body.get("code_challenge_methods_supported")),
        names_itself=body.get("authorization_response_iss_parameter_supported") is True,
        scopes=texts(body.get("scopes_supported")),
        token_for_mtls=text_of(object_of(body.get("mtls_endpoint_aliases")).get("token_endpoint")),
    )


def is_same_issuer(said: str | None, issuer: str) -> bool:
    """Return whether two issuers are equal, but for a slash at the end."""
    return said is not None and said.rstrip("/") == issuer.rstrip("/")
