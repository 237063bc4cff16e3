"""By which flow, where and with which scopes a token is got for an agent.

The configuration decides. What it leaves out is taken from the agent's card, which is remote input:
an address in it is used only at an origin that the configuration names, else nothing is sent there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from a2a_mcp.a2a.auth.choice import choose
from a2a_mcp.a2a.auth.oauth.metadata import Endpoints, issuer_of
from a2a_mcp.a2a.auth.oauth.settings import Exchange, Flow, OAuth
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.card_model import AgentCard, OAuthFlow, SecurityScheme
from a2a_mcp.a2a.errors import UrlRefused
from a2a_mcp.a2a.http.origins import Origin, origin_of
from a2a_mcp.agents import credential_faults as faults
from a2a_mcp.agents.origins import allowed_origins
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.text.urls import is_private_link

KINDS: Final = frozenset({"oauth2", "openIdConnect"})
BY_PERSON: Final[tuple[Flow, ...]] = ("authorization_code", "device_code")
SERVED: Final[tuple[Flow, ...]] = ("client_credentials", *BY_PERSON)

Discover = Callable[[str], Awaitable[Endpoints | None]]
"""Returns the endpoints that an issuer publishes."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """How tokens are got for one agent."""

    flow: Flow | Exchange
    endpoints: Endpoints
    scopes: tuple[str, ...] = ()

    @property
    def scope(self) -> str | None:
        """The scopes as OAuth writes them."""
        return " ".join(self.scopes) or None

    @property
    def needs_person(self) -> bool:
        """Return whether a person signs in."""
        return self.flow in BY_PERSON


async def authorization_of(
    config: AgentConfig, settings: OAuth, found: FoundCard | None, discover: Discover
) -> Authorization:
    """Return how tokens are got; raises CredentialUnavailable where the two do not fit."""
    name, scheme = _scheme(config, found.card) if found else ("", None)
    if settings.exchange:
        endpoints = await _of_configuration(settings, discover)
        return Authorization(settings.exchange, endpoints, settings.scopes or _scopes(found, name))
    flow = settings.flow or _flow(settings, scheme)
    endpoints = await _endpoints(config, settings, found, scheme, flow, discover)
    missing = _missing(flow, endpoints)
    if missing:
        raise faults.no_endpoint(flow, missing)
    return Authorization(flow, endpoints, settings.scopes or _scopes(found, name))


def _scheme(config: AgentConfig, card: AgentCard) -> tuple[str, SecurityScheme | None]:
    """Return the scheme of OAuth in the alternative that is used.

    Where none is met: the first among those that the card asks for, else of all it has.
    """
    for use in choose(card, config.auth or ()).uses:
        if isinstance(use.credential, OAuth) and use.scheme and use.scheme.kind in KINDS:
            return use.name, use.scheme
    asked = [name for alternative in card.security for name in alternative]
    for name in dict.fromkeys([*asked, *card.security_schemes]):
        scheme = card.security_schemes.get(name)
        if scheme and scheme.kind in KINDS:
            return name, scheme
    return "", None


def _scopes(found: FoundCard | None, name: str) -> tuple[str, ...]:
    listed = found.card.security if found else ()
    return next((scopes[name] for scopes in listed if name in scopes), ())


def _flow(settings: OAuth, scheme: SecurityScheme | None) -> Flow:
    """Return the first flow of the card that the configuration can serve."""
    usable = BY_PERSON if settings.is_public else SERVED
    offered = [flow.kind for flow in scheme.flows] if scheme else []
    if not offered:
        return usable[0]
    found = next((flow for flow in usable if flow in offered), None)
    if found is None:
        raise faults.no_common_flow(offered, is_public=settings.is_public)
    return found


def _missing(flow: Flow, endpoints: Endpoints) -> str | None:
    """Return the key of an address that the flow needs and nobody names."""
    if flow == "authorization_code" and endpoints.authorization is None:
        return "authorization_url"
    return "device_url" if flow == "device_code" and endpoints.device is None else None


async def _endpoints(
    config: AgentConfig,
    settings: OAuth,
    found: FoundCard | None,
    scheme: SecurityScheme | None,
    flow: Flow,
    discover: Discover,
) -> Endpoints:
    if known := await _known(settings, discover):
        return known
    trusted = _trusted(config, settings, found)
    if scheme and (offered := _offered(scheme, flow)):
        return _from_flow(offered, trusted)
    if scheme and scheme.metadata_url:
        return await _described(scheme.metadata_url, trusted, discover)
    if scheme and scheme.flows:
        raise faults.no_common_flow([item.kind for item in scheme.flows], is_public=False)
    raise faults.no_token_server(settings.issuer)


async def _of_configuration(settings: OAuth, discover: Discover) -> Endpoints:
    """Return the server that the configuration names, whatever a card says."""
    if known := await _known(settings, discover):
        return known
    raise faults.no_token_server(settings.issuer)


async def _known(settings: OAuth, discover: Discover) -> Endpoints | None:
    if settings.token_url:
        return _configured(settings, settings.token_url)
    published = await discover(settings.issuer) if settings.issuer else None
    if published:
        _check(published.urls(), None)
    return published


def _configured(settings: OAuth, token_url: str) -> Endpoints:
    return Endpoints(
        token=token_url,
        authorization=settings.authorization_url,
        device=settings.device_url,
        revocation=settings.revocation_url,
    )


def _offered(scheme: SecurityScheme, flow: Flow) -> OAuthFlow | None:
    return next((item for item in scheme.flows if item.kind == flow and item.token_url), None)


def _from_flow(flow: OAuthFlow, trusted: frozenset[Origin] | None) -> Endpoints:
    found = Endpoints(
        token=flow.token_url or "",
        authorization=flow.authorization_url,
        device=flow.device_url,
        is_of_card=trusted is not None,
    )
    _check(found.urls(), trusted)
    return found


async def _described(url: str, trusted: frozenset[Origin] | None, discover: Discover) -> Endpoints:
    """Return what a server says of itself at a URL of the card."""
    _check([url], trusted)
    try:
        issuer = issuer_of(url)
    except ValueError as error:
        raise faults.bad_address(str(error)) from None
    found = await discover(issuer)
    if found is None:
        raise faults.no_token_server(issuer)
    _check(found.urls(), trusted)
    return found


def _trusted(
    config: AgentConfig, settings: OAuth, found: FoundCard | None
) -> frozenset[Origin] | None:
    """Return the origins at which addresses of the card are used; None: it is configured itself."""
    if config.card is not None:
        return None
    issuer = frozenset({origin_of(settings.issuer)}) if settings.issuer else frozenset()
    return issuer | (allowed_origins(config, found) if found else frozenset())


def _check(urls: Iterable[str], trusted: frozenset[Origin] | None) -> None:
    """Raise CredentialUnavailable for an address to which nothing may be sent."""
    for url in urls:
        try:
            origin = origin_of(url)
        except UrlRefused as error:
            raise faults.bad_address(error.message) from None
        if trusted is not None and origin not in trusted:
            raise faults.foreign_server(str(origin))
        if not is_private_link(url):
            raise faults.plain_http_server(str(origin))
