"""The door of the HTTP endpoint where identity providers are configured.

It answers a request without a valid token as RFC 6750 and RFC 9728 ask, so that a host can begin a
sign-in by itself, and lets every other request through. It keeps nothing of a token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from a2a_mcp.server.auth.callers import Callers
from a2a_mcp.server.auth.provider import ProviderDown
from a2a_mcp.telemetry.metrics import instruments

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
BEARER: Final = "bearer "
RETRY_SECONDS: Final = 10
METADATA_SECONDS: Final = 300
ANY_PAGE: Final = {"Access-Control-Allow-Origin": "*"}  # the metadata is for everybody


@dataclass(frozen=True, slots=True)
class Resource:
    """The endpoint as a protected resource: its public address, and who signs people in."""

    url: str
    path: str
    issuers: Sequence[str]
    scopes: Sequence[str]

    @property
    def metadata_url(self) -> str:
        """The public address of the metadata (RFC 9728 3.1)."""
        origin = self.url.removesuffix(self.path)
        return f"{origin}{WELL_KNOWN}{self.path}"

    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata."""
        return {
            "resource": self.url,
            "resource_name": "A2A agents",
            "authorization_servers": list(self.issuers),
            "scopes_supported": list(self.scopes),
            "bearer_methods_supported": ["header"],
        }

    def challenge(self, error: str | None = None, description: str | None = None) -> str:
        """Return the challenge; all scopes at once, because hosts cannot ask for more later."""
        said = {
            "error": error,
            "error_description": description,
            "resource_metadata": self.metadata_url,
            "scope": " ".join(self.scopes),
        }
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items() if value)


class Edge:
    """An ASGI application around the endpoint's."""

    def __init__(self, app: ASGIApp, callers: Callers, resource: Resource) -> None:
        self._app = app
        self._callers = callers
        self._resource = resource
        self._metadata_paths = (WELL_KNOWN, WELL_KNOWN + resource.path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        answer = await self._answer(scope) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        if path in self._metadata_paths:
            return self._metadata()
        if path.rstrip("/") != self._resource.path.rstrip("/"):
            return None
        return await self._refusal(Headers(scope=scope).get("authorization", ""))

    def _metadata(self) -> Response:
        kept = {"Cache-Control": f"public, max-age={METADATA_SECONDS}"}
        return JSONResponse(self._resource.metadata(), headers=ANY_PAGE | kept)

    async def _refusal(self, authorization: str) -> Response | None:
        """Return why a caller may not enter, None if it may."""
        if not authorization.lower().startswith(BEARER):
            return self._unauthorized()
        try:
            caller = await self._callers.verify_token(authorization[len(BEARER) :])
        except ProviderDown:
            # With 401 a host would throw its token away and ask for a new sign-in.
            words = "the identity provider cannot be reached; try again"
            return _refused(503, words, {"Retry-After": str(RETRY_SECONDS)})
        if caller is None:
            return self._unauthorized("invalid_token", "the token is not valid here")
        missing = self._callers.missing_scopes(caller)
        return self._forbidden(missing) if missing else None

    def _unauthorized(self, error: str | None = None, words: str | None = None) -> Response:
        challenge = self._resource.challenge(error, words)
        _count_refusal("invalid_token" if words else "missing")
        return _refused(401, words or "a token is needed", {"WWW-Authenticate": challenge})

    def _forbidden(self, missing: Sequence[str]) -> Response:
        words = f"the token lacks the scope {' '.join(missing)}"
        challenge = self._resource.challenge("insufficient_scope", words)
        _count_refusal("insufficient_scope")
        return _refused(403, words, {"WWW-Authenticate": challenge})


def _count_refusal(reason: str) -> None:
    if found := instruments():
        found.refused_tokens.add(1, {"reason": reason})


def _refused(status: int, words: str, headers: Mapping[str, str]) -> Response:
    body = json.dumps({"error": words})
    return Response(body, status, headers=dict(headers), media_type="application/json")
