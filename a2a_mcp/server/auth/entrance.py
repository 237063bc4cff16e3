"""How callers over HTTP say who they are, by the configuration: by token, by sign-in, or not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from mcp.server.auth.settings import AuthSettings
from starlette.types import ASGIApp

from a2a_mcp import __version__
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.tls import default_context
from a2a_mcp.a2a.http.transport import Transport, open_transport
from a2a_mcp.config.issuers import IssuerTable
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.audit import Audit, audit_of
from a2a_mcp.server.auth.callers import Callers, Tokens
from a2a_mcp.server.auth.edge import Admitted, Edge
from a2a_mcp.server.auth.introspected_tokens import IntrospectedTokens
from a2a_mcp.server.auth.introspection import Introspection
from a2a_mcp.server.auth.issued_tokens import IssuedTokens
from a2a_mcp.server.auth.issuer_sign_in import IssuerSignIn
from a2a_mcp.server.auth.provider import Provider
from a2a_mcp.server.auth.refusals import Refusals
from a2a_mcp.server.auth.resource import Resource
from a2a_mcp.server.auth.sign_in_pages import SignInPages
from a2a_mcp.server.auth.static_tokens import StaticTokens
from a2a_mcp.sign_in.desk import Desk

LIMITS: Final = HttpLimits(connect_seconds=5, call_seconds=10, concurrency=4)
MANY: Final = replace(LIMITS, concurrency=64)
"""Of a provider that is asked for each token."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """The options of the SDK's server, and what stands before its application."""

    options: Mapping[str, Any] = field(default_factory=dict)
    callers: Callers | None = None
    resource: Resource | None = None
    providers: Mapping[str, Provider | Introspection] = field(default_factory=dict)
    """Those of the issuers, by their names in the configuration."""
    pages: SignInPages | None = None
    """Where callers sign in to agents, if they can be led there."""
    audit: Audit | None = None
    """Where calls are noted as well."""

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return the application with its door."""
        if self.callers is None or self.resource is None:
            return app
        return Edge(app, self.callers, self.resource, Refusals(self.audit, time.monotonic))


def entrance(
    settings: ServerConfig, tokens: Mapping[str, str], desk: Desk | None = None
) -> Entrance:
    """Return the entrance; `tokens` are those of the configuration, as text.

    On the `desk` lie the sign-ins to agents that are under way; without it there are none.
    """
    static = StaticTokens(tokens)
    audit = audit_of(settings, settings.store)
    if not (tokens or settings.issuers):
        return Entrance(pages=_pages(settings, desk, static, {}, audit), audit=audit)
    url = _endpoint(settings)
    providers = {name: _provider(settings, table) for name, table in settings.issuers.items()}
    issued = {
        name: _tokens(name, table, url, providers[name]) for name, table in settings.issuers.items()
    }
    by_url = {settings.issuers[name].url: each for name, each in issued.items()}
    asked = (issued[name] for name, table in settings.issuers.items() if table.is_asked)
    callers = Callers(static, by_url, time.time, next(asked, None))
    resource = Resource(url, settings.path, list(by_url), callers.scopes)
    pages = _pages(settings, desk, static, issued, audit)
    return Entrance(_options(), callers, resource, providers, pages, audit)


def _pages(
    settings: ServerConfig,
    desk: Desk | None,
    static: StaticTokens,
    issued: Mapping[str, Tokens],
    audit: Audit | None,
) -> SignInPages | None:
    """Return the pages where callers sign in to agents; None where a link would lead nowhere."""
    if settings.public_url is None or desk is None:
        return None
    clients = {
        name: IssuerSignIn(client, _transport(), issued[name])
        for name, table in settings.issuers.items()
        if (client := _client(settings, table))
    }
    return SignInPages(settings.public_url, desk, static, clients, audit)


def _client(settings: ServerConfig, table: IssuerTable) -> OAuth | None:
    """Return the bridge as a client of an issuer; None where it is none."""
    if table.client_id is None:
        return None
    return OAuth(
        table.client_id,
        issuer=table.url,
        client_secret=table.client_secret,
        scopes=table.scopes,
        resource=_endpoint(settings),
    )


def _endpoint(settings: ServerConfig) -> str:
    """Return the public URL of the MCP endpoint."""
    return f"{(settings.public_url or '').rstrip('/')}{settings.path}"


def _provider(settings: ServerConfig, table: IssuerTable) -> Provider | Introspection:
    client = _client(settings, table)
    if client and table.is_asked:
        return Introspection(client, _transport(MANY), time.monotonic)
    return Provider(table.url, _transport(), time.monotonic)


def _tokens(
    name: str, table: IssuerTable, resource: str, provider: Provider | Introspection
) -> Tokens:
    if isinstance(provider, Introspection):
        return IntrospectedTokens(name, table, resource, provider)
    return IssuedTokens(name, table, resource, provider)


def _transport(limits: HttpLimits = LIMITS) -> Transport:
    return open_transport(limits, user_agent=f"a2a-mcp/{__version__}", verify=default_context())


def _options() -> dict[str, Any]:
    """Return what makes the SDK's server serve those alone whom the door has let in."""
    settings = AuthSettings.model_validate(
        {"issuer_url": "http://localhost", "resource_server_url": None, "required_scopes": []}
    )
    return {"token_verifier": Admitted(), "auth": settings}
