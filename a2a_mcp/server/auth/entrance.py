"""How callers over HTTP say who they are, by the configuration: by token, by sign-in, or not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mcp.server.auth.settings import AuthSettings
from starlette.types import ASGIApp

from a2a_mcp import __version__
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.tls import default_context
from a2a_mcp.a2a.http.transport import open_transport
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.auth.callers import Callers
from a2a_mcp.server.auth.edge import Edge, Resource
from a2a_mcp.server.auth.issued_tokens import IssuedTokens
from a2a_mcp.server.auth.provider import Provider
from a2a_mcp.server.auth.static_tokens import StaticTokens

LIMITS: Final = HttpLimits(connect_seconds=5, call_seconds=10, concurrency=4)


@dataclass(frozen=True, slots=True)
class Entrance:
    """The options of the SDK's server, and what stands before its application."""

    options: Mapping[str, Any]
    callers: Callers | None = None
    resource: Resource | None = None
    providers: Mapping[str, Provider] = field(default_factory=dict)
    """Those of the issuers, by their names in the configuration."""

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return the application with its door."""
        if self.callers is None or self.resource is None:
            return app
        return Edge(app, self.callers, self.resource)


def entrance(settings: ServerConfig, tokens: Mapping[str, str]) -> Entrance:
    """Return the entrance; `tokens` are those of the configuration, as text."""
    if not settings.issuers:
        return Entrance(_options(StaticTokens(tokens)) if tokens else {})
    url = f"{(settings.public_url or '').rstrip('/')}{settings.path}"
    providers = {name: _provider(table.url) for name, table in settings.issuers.items()}
    issuers = {
        table.url: IssuedTokens(name, table, url, providers[name])
        for name, table in settings.issuers.items()
    }
    callers = Callers(StaticTokens(tokens), issuers, time.time)
    resource = Resource(url, settings.path, list(issuers), callers.scopes)
    return Entrance(_options(callers), callers, resource, providers)


def _provider(url: str) -> Provider:
    transport = open_transport(
        LIMITS, user_agent=f"a2a-mcp/{__version__}", verify=default_context()
    )
    return Provider(url, transport, time.monotonic)


def _options(verifier: StaticTokens | Callers) -> dict[str, Any]:
    """Return what makes the SDK's server take callers from a verifier."""
    settings = AuthSettings.model_validate(
        {"issuer_url": "http://localhost", "resource_server_url": None, "required_scopes": []}
    )
    return {"token_verifier": verifier, "auth": settings}
