"""Where a person is signed in, and how he signs out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.metadata import Endpoints
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.agents.connection import Connection
from a2a_mcp.agents.tokens import AgentTokens
from a2a_mcp.config.load import Config
from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.sign_in.signing_in import tokens_of
from a2a_mcp.store.logins import KeptLogin, Login, Logins


@dataclass(frozen=True, slots=True)
class LoginState:
    """One line about an agent: whether somebody is signed in, and how long that lasts.

    A `shared` one is in the database that bridges over HTTP share.
    """

    agent: str
    owner: str
    words: str
    shared: bool = False


async def login_states(
    config: Config, logins: Logins, owner: str, clock: Callable[[], float] = time.time
) -> list[LoginState]:
    """Return the state of each agent that uses OAuth, and of logins that no agent uses any more.

    Raises OSError where the store cannot be read.
    """
    kept = {(row.agent, row.owner): row for row in await logins.all()}
    named = {name: it.oauth for name, it in config.agents.items() if it.oauth}
    states = []
    for name, auth in named.items():
        row = kept.pop((name, owner), None)
        if row or auth.may_need_person:
            words = _words(row, clock()) if row else "not signed in"
        else:
            way = "the caller's own token" if auth.exchange else "client_credentials"
            words = f"no sign-in needed ({way})"
        states.append(LoginState(name, owner, words))
    return [*states, *_states(kept.values(), clock())]


async def shared_states(logins: Logins, clock: Callable[[], float] = time.time) -> list[LoginState]:
    """Return the logins that bridges share. Raises StoreUnavailable."""
    return _states(await logins.all(), clock(), shared=True)


def _states(rows: Iterable[KeptLogin], now: float, *, shared: bool = False) -> list[LoginState]:
    return [LoginState(row.agent, row.owner, _words(row, now), shared) for row in rows]


def _words(row: KeptLogin, now: float) -> str:
    if row.login is None:
        return "signed in, but with another state key: sign in again"
    token = row.login.token
    where = f" at {row.login.issuer or row.login.token_url}"
    if token.refresh:
        return f"signed in{where}; renews itself"
    if token.is_fresh(now):
        left = "" if token.life is None else f" for {token.got_at + token.life - now:.0f} s"
        return f"signed in{where}{left}; then sign in again"
    return f"the sign-in{where} has ended: sign in again"


async def sign_out(connection: Connection) -> str | None:
    """Forget a login and revoke it at its server; return why that could not be done there.

    It is forgotten first, so that it is gone here whatever the server does. The reason may hold
    words of the server. Raises NotAllowed, CredentialUnavailable, A2AError; KeyError where nobody
    is signed in.
    """
    tokens = tokens_of(connection)
    login = await tokens.login.forget()
    if login is None:
        raise KeyError(connection.config.name)
    tokens.mask(login.token)  # the server may repeat it
    endpoints = _endpoints(login)
    if tokens.settings.registers:
        await tokens.login.forget_clients(endpoints.token)
    if endpoints.revocation is None:
        return "its server has no address for revoking"
    try:
        return await _revoke(tokens, endpoints, login)
    except (A2AError, CredentialUnavailable) as error:
        return error.message


async def _revoke(tokens: AgentTokens, endpoints: Endpoints, login: Login) -> str | None:
    """Revoke a login at its server; return what the server said where it refuses."""
    async with tokens.server(endpoints, login.client_id) as server:
        try:
            await server.revoke(login.token.refresh or login.token.access)
        except OAuthRefused as refusal:
            return f"its server answered {refusal}"
    return None


def _endpoints(login: Login) -> Endpoints:
    return Endpoints(token=login.token_url, issuer=login.issuer, revocation=login.revocation_url)
