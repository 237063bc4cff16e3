"""The authorization code flow: the address that a person opens, and what the browser brings back.

PKCE and state always: a code that another page or program sends here is refused (RFC 9700, 2.1).
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.metadata import Endpoints, is_same_issuer
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.errors import UrlRefused
from a2a_mcp.a2a.http.origins import origin_of

OFFLINE = "offline_access"
"""The scope by which OpenID providers give a refresh token, once the person has consented."""


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """One sign-in under way; `url` is for the person, the rest for nobody."""

    url: str
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """The redirect that belongs to a sign-in.

    `issuer` is that of its server, where it is known; `names_itself` says that each redirect from
    there names it. `origin` is that of a server whose address stands in a card.
    """

    state: str = field(repr=False)
    issuer: str | None = None
    names_itself: bool = True
    origin: str | None = None

    def accepts(self, query: Mapping[str, str]) -> bool:
        """Return whether a redirect belongs here, and comes from the server (RFC 9207).

        A server may send the person on to another one, whose code it then gets from us. So what a
        redirect names is looked at even where nobody has promised that it names anything.
        """
        if not secrets.compare_digest(query.get("state", "").encode(), self.state.encode()):
            return False
        named = query.get("iss")
        if self.issuer is not None:
            return is_same_issuer(named, self.issuer) or (named is None and not self.names_itself)
        return named is None or self.origin in (None, _origin(named))


def with_offline(server: Endpoints, scope: str | None) -> str | None:
    """Return the scopes to ask a person for, with a refresh token where that is a scope."""
    wanted = (scope or "").split()
    offers = OFFLINE in server.scopes and OFFLINE not in wanted
    openid = ["openid"] if offers and "openid" in server.scopes and "openid" not in wanted else []
    return " ".join([*openid, *wanted, *([OFFLINE] if offers else [])]) or None


def new_code_request(
    settings: OAuth, server: Endpoints, scope: str | None, redirect_uri: str
) -> CodeRequest:
    """Return a new sign-in; raises OAuthRefused where the server cannot check PKCE."""
    if server.challenges and "S256" not in server.challenges:
        raise OAuthRefused("no_pkce", "it does not support PKCE with S256")
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    asked = with_offline(server, scope)
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": asked,
        "state": state,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
        "audience": settings.audience,
        "resource": settings.resource,
        "prompt": "consent" if asked and OFFLINE in asked.split() else None,
    }
    return CodeRequest(
        _with_query(server.authorization or "", query), redirect_uri, state, verifier
    )


def expected_of(request: CodeRequest, server: Endpoints) -> Expected:
    """Return which redirect belongs to the sign-in."""
    origin = _origin(server.authorization or "") if server.is_of_card else None
    return Expected(request.state, server.issuer, server.names_itself, origin)


def grant_of(request: CodeRequest, query: Mapping[str, str]) -> dict[str, str | None]:
    """Return the grant for the token; raises OAuthRefused where the person or server refused."""
    if "error" in query or not query.get("code"):
        raise OAuthRefused(query.get("error", "no_code"), query.get("error_description", ""))
    return {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.verifier,
    }


def _origin(url: str) -> str | None:
    try:
        return str(origin_of(url))
    except UrlRefused:
        return None


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _with_query(url: str, query: Mapping[str, str | None]) -> str:
    """Return a URL with further parameters beside its own."""
    parts = urlsplit(url)
    added = {name: value for name, value in query.items() if value}
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *added.items()]
    return urlunsplit(parts._replace(query=urlencode(pairs), fragment=""))
