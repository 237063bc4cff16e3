"""A person signs in to one agent: by a page that comes back to this machine, or by a device code.

What is returned before the person has acted is a page and a code to show. The tokens go from the
authorization server into the store, and nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import anyio

from a2a_mcp.a2a.auth.oauth.authorization_code import (
    Expected,
    expected_of,
    grant_of,
    new_code_request,
    with_offline,
)
from a2a_mcp.a2a.auth.oauth.device_code import read_device_code, wait_for_person
from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.a2a.auth.oauth.token_server import TokenServer
from a2a_mcp.a2a.errors import UrlRefused
from a2a_mcp.a2a.http.origins import origin_of
from a2a_mcp.agents.authorization import Authorization
from a2a_mcp.agents.connection import Connection
from a2a_mcp.agents.credential_faults import SIGN_IN_BY_CALL
from a2a_mcp.agents.tokens import AgentTokens
from a2a_mcp.errors import CredentialUnavailable, NotAllowed
from a2a_mcp.sign_in.client import client_of
from a2a_mcp.sign_in.loopback import open_loopback
from a2a_mcp.sign_in.ticket import Ticket
from a2a_mcp.sign_in.tickets import Tickets
from a2a_mcp.store.logins import Login
from a2a_mcp.text.urls import is_private_link

PERSON_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Page:
    """What a person opens to sign in; `code` is entered there, where the page wants one."""

    url: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that has begun: `page` is for the person, `ended` waits until it is over.

    `ended` returns whether the sign-in renews itself. It raises CredentialUnavailable, and A2AError
    where the server does not answer.
    """

    page: Page
    ended: Callable[[], Awaitable[bool]]


def tokens_of(connection: Connection) -> AgentTokens:
    """Return what gets an agent's tokens; raises NotAllowed for an agent without OAuth."""
    tokens = connection.credentials.tokens
    if tokens is None:
        name = connection.config.name
        raise NotAllowed(
            f"Nobody signs in to the agent {name!r}: its auth is not of the type oauth.",
            'Set type = "oauth" in its auth, if that is how it is used.',
            agent=name,
        )
    return tokens


class WayBack(Protocol):
    """Where the browser comes back to from the authorization server."""

    redirect_uri: str

    async def lead(self, url: str, expected: Expected) -> str:
        """Return what the person opens to come to `url`; `expected` is the redirect from there."""
        ...

    async def query(self) -> Mapping[str, str]:
        """Return what the browser brings back."""
        ...


@asynccontextmanager
async def signing_in(
    connection: Connection, *, by_device: bool | None = None, port: int | None = None
) -> AsyncIterator[SignIn]:
    """Begin a sign-in and yield it; leaving the block gives it up.

    `by_device` chooses the flow, None leaves that to the configuration and the card; `port` is
    where the browser comes back. Raises NotAllowed, CredentialUnavailable, A2AError, and OSError
    for a port in use.
    """
    tokens = tokens_of(connection)
    authorization = await _authorization(connection, tokens, by_device=by_device)
    chosen = tokens.settings.redirect_port if port is None else port
    is_device = authorization.flow == "device_code"
    begun = (
        _by_device(tokens, authorization)
        if is_device
        else _by_browser(tokens, authorization, open_loopback(chosen))
    )
    async with begun as sign_in:
        yield sign_in


@asynccontextmanager
async def signing_in_by_page(
    connection: Connection, tickets: Tickets, owner: str
) -> AsyncIterator[SignIn]:
    """Begin a sign-in by a page of the bridge's own, and yield it.

    Where another process leads the owner through one already, it is that one. Raises NotAllowed,
    BridgeError, A2AError.
    """
    tokens = tokens_of(connection)
    agent = connection.config.name
    if found := await tickets.find(owner, agent):
        yield SignIn(Page(tickets.link(found)), partial(_joined, tickets, found))
        return
    authorization = await _authorization(connection, tokens, by_device=False)
    async with _by_browser(tokens, authorization, tickets.open(owner, agent)) as sign_in:
        yield sign_in


async def _joined(tickets: Tickets, ticket: Ticket) -> bool:
    """Wait for a sign-in of another process; raises CredentialUnavailable where it fails."""
    if await tickets.succeeded(ticket):
        return True
    raise CredentialUnavailable(
        "the sign-in was declined or has failed", SIGN_IN_BY_CALL, agent=ticket.agent
    )


async def _authorization(
    connection: Connection, tokens: AgentTokens, *, by_device: bool | None
) -> Authorization:
    """Return how the person signs in; raises NotAllowed where nobody does."""
    found = await connection.card()
    authorization = await tokens.person_authorization(found, by_device=by_device)
    if authorization.needs_person:
        return authorization
    name = connection.config.name
    raise NotAllowed(
        f"Nobody needs to sign in to the agent {name!r}: it is used with client_credentials.",
        "Call it.",
        agent=name,
    )


@asynccontextmanager
async def _by_browser(
    tokens: AgentTokens,
    authorization: Authorization,
    opened: AbstractAsyncContextManager[WayBack],
) -> AsyncIterator[SignIn]:
    endpoints = authorization.endpoints
    async with opened as way_back, AsyncExitStack() as stack:
        client_id = await client_of(tokens, endpoints, way_back.redirect_uri)
        server = await stack.enter_async_context(tokens.server(endpoints, client_id))
        request = new_code_request(
            server.settings, endpoints, authorization.scope, way_back.redirect_uri
        )
        page = await way_back.lead(request.url, expected_of(request, endpoints))

        async def ended() -> bool:
            with anyio.move_on_after(PERSON_SECONDS):
                grant = grant_of(request, await way_back.query())
                return await _keep(tokens, server, await server.token(grant))
            raise OAuthRefused("expired", "nobody signed in in time")

        yield SignIn(Page(page), ended)


@asynccontextmanager
async def _by_device(tokens: AgentTokens, authorization: Authorization) -> AsyncIterator[SignIn]:
    client_id = await client_of(tokens, authorization.endpoints)
    async with tokens.server(authorization.endpoints, client_id) as server:
        scope = with_offline(authorization.endpoints, authorization.scope)
        device = read_device_code(await server.device_authorization(scope))
        page = Page(_safe(device.complete or device.page), device.user_code)

        async def ended() -> bool:
            return await _keep(tokens, server, await wait_for_person(server, device))

        yield SignIn(page, ended)


def _safe(url: str) -> str:
    """Return the address of a page; raises OAuthRefused for one that no person should open."""
    with suppress(UrlRefused):
        origin_of(url)  # no control characters, which a terminal would obey
        if is_private_link(url):
            return url
    raise OAuthRefused("bad_page", "the page for a person is not at an https address")


async def _keep(tokens: AgentTokens, server: TokenServer, token: Token) -> bool:
    """Keep what the sign-in gave; return whether it can be renewed without the person."""
    tokens.mask(token)
    endpoints = server.endpoints
    login = Login(
        token,
        server.settings.client_id,
        endpoints.token,
        endpoints.revocation,
        endpoints.issuer,
    )
    await tokens.login.keep(login)
    return token.refresh is not None
