"""A person proves in a browser who he is, by signing in at an identity provider for this bridge.

The bridge asks for the same token that the person's host has got, checks it as any other, and keeps
nothing of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from a2a_mcp.a2a.auth.oauth.authorization_code import (
    CodeRequest,
    expected_of,
    grant_of,
    new_code_request,
)
from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.metadata import Endpoints
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.oauth.token_server import TokenServer, discover
from a2a_mcp.a2a.transport import Transport
from a2a_mcp.server.auth.callers import Tokens
from a2a_mcp.server.auth.errors import TokenRefused
from a2a_mcp.server.auth.provider import keeps_tls


class IssuerSignIn:
    """The bridge as a client of one issuer, by `settings`; `tokens` checks what it gives."""

    def __init__(self, settings: OAuth, transport: Transport, tokens: Tokens) -> None:
        self.issuer = settings.issuer or ""
        self._settings = settings
        self._transport = transport
        self._tokens = tokens
        self._published: Endpoints | None = None

    async def begin(self, redirect_uri: str) -> CodeRequest:
        """Return a new sign-in; raises OAuthRefused and A2AError."""
        scope = " ".join(self._settings.scopes) or None
        return new_code_request(self._settings, await self._endpoints(), scope, redirect_uri)

    async def owner(self, request: CodeRequest, query: Mapping[str, str]) -> str | None:
        """Return the owner who has signed in; None for an answer that does not belong to it.

        Raises OAuthRefused, A2AError and ProviderDown.
        """
        endpoints = await self._endpoints()
        if not expected_of(request, endpoints).accepts(query):
            return None
        server = TokenServer(self._transport, self._settings, endpoints, time.time)
        token = await server.token(grant_of(request, query))
        try:
            found = await self._tokens.caller(token.access)
        except TokenRefused as refused:
            raise OAuthRefused("invalid_token", str(refused)) from refused
        return str((found.claims or {})["owner"])

    async def _endpoints(self) -> Endpoints:
        """Return the issuer's endpoints; no scope of its is for refresh tokens, as none is kept."""
        if self._published is None:
            found = await discover(self._transport, self.issuer)
            if found is None or found.authorization is None:
                raise OAuthRefused("no_metadata", "it publishes no page for a sign-in")
            if not all(keeps_tls(it, self.issuer) for it in (found.authorization, found.token)):
                raise OAuthRefused("no_metadata", "its addresses for a sign-in are without TLS")
            self._published = replace(found, scopes=())
        return self._published
