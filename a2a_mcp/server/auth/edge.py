"""The door of the HTTP endpoint where callers have tokens: the one place that decides who enters.

It answers a request without a valid token as RFC 6750 and RFC 9728 ask, so that a host can begin a
sign-in by itself, and lets every other request through. It keeps nothing of a token.
"""

from __future__ import annotations

import json
from typing import Final

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware, get_access_token
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from a2a_mcp.server.auth.callers import Callers
from a2a_mcp.server.auth.errors import (
    NotAdmitted,
    ProviderDown,
    TokenMissing,
    TokenRefused,
    TokenRepeated,
)
from a2a_mcp.server.auth.refusals import Refusals
from a2a_mcp.server.auth.resource import Resource

BEARER: Final = "bearer"
LONGEST_TOKEN: Final = 32 * 1024
RETRY_SECONDS: Final = 10
METADATA_SECONDS: Final = 300
ANY_PAGE: Final = {"Access-Control-Allow-Origin": "*"}  # the metadata is for everybody


class Edge:
    """An ASGI application around the endpoint's."""

    def __init__(
        self, app: ASGIApp, callers: Callers, resource: Resource, refusals: Refusals
    ) -> None:
        self._app = app
        self._inside = AuthContextMiddleware(app)
        self._callers = callers
        self._resource = resource
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on with its caller."""
        path = scope.get("path", "")
        if scope["type"] != "http":  # a start or an end has no sender
            await self._app(scope, receive, send)
        elif path in self._resource.metadata_paths:
            await self._metadata()(scope, receive, send)
        elif path.rstrip("/") == self._resource.path.rstrip("/"):
            await self._enter(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            caller = await self._callers.caller(_token(Headers(scope=scope)))
        except NotAdmitted as refused:
            peer = scope.get("client")
            self._refusals.note(refused, peer[0] if peer else None)
            await self._answer(refused)(scope, receive, send)
        else:
            admitted = {**scope, "user": AuthenticatedUser(caller)}
            await self._inside(admitted, receive, send)

    def _metadata(self) -> Response:
        kept = {"Cache-Control": f"public, max-age={METADATA_SECONDS}"}
        return JSONResponse(self._resource.metadata(), headers=ANY_PAGE | kept)

    def _answer(self, refused: NotAdmitted) -> Response:
        challenge = self._resource.challenge(refused.error, refused.words)
        is_down = isinstance(refused, ProviderDown)
        shown = {"Retry-After": str(RETRY_SECONDS)} if is_down else {"WWW-Authenticate": challenge}
        body = json.dumps({"error": refused.words})
        return Response(body, refused.status, shown, "application/json")


class Admitted:
    """What the SDK's own check is answered: the caller whom the door has let in, or nobody.

    The token is not looked at a second time. What reaches the SDK past the door stays outside.
    """

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the caller of the request that is under way."""
        return get_access_token()


def _token(headers: Headers) -> str:
    """Return the bearer token of a request; one in the URL is not looked at.

    Raises TokenMissing, TokenRepeated, TokenRefused.
    """
    shown = headers.getlist("authorization")
    if len(shown) > 1:
        raise TokenRepeated("there are several Authorization headers")
    scheme, _, token = "".join(shown).partition(" ")
    token = token.strip(" ")
    if scheme.lower() != BEARER or not token:
        raise TokenMissing("there is no bearer token")
    if len(token) > LONGEST_TOKEN:
        raise TokenRefused("it is too long")
    return token
