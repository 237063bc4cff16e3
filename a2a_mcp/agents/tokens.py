"""The access token of one agent: got when it is first needed, renewed before it expires.

However many calls wait, one of them asks the server. A failure counts for a few seconds, so that
many calls do not become many requests. A person's token is kept by `login`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Final

import anyio

from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.metadata import Endpoints
from a2a_mcp.a2a.auth.oauth.settings import Flow, OAuth
from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.a2a.auth.oauth.token_server import TokenServer, discover
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.http.origins import origin_of
from a2a_mcp.a2a.transport import Transport
from a2a_mcp.agents import credential_faults as faults
from a2a_mcp.agents.authorization import Authorization, authorization_of
from a2a_mcp.agents.login import AgentLogin
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.errors import CredentialUnavailable, SignInNeeded
from a2a_mcp.store.logins import Login

FAILURE_SECONDS: Final = 5.0
METADATA_SECONDS: Final = 3600.0
KEPT_MASKED_SECONDS: Final = 3600.0

OpenServer = Callable[[str], Transport]
"""Returns a new transport to an authorization server; its user closes it."""


class AgentTokens:
    """The tokens of the agent that `config` describes, got as its `settings` say.

    `login` is that of the person, where one signs in. `clock` returns Unix seconds. Tokens are
    added to `secrets`, and leave them some time after they have expired.
    """

    def __init__(
        self,
        config: AgentConfig,
        settings: OAuth,
        *,
        open_server: OpenServer,
        login: AgentLogin,
        secrets: SecretRegister,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self.settings = settings
        self._open_server = open_server
        self.login = login
        self._secrets = secrets
        self._clock = clock
        self._lock = anyio.Lock()
        self._token: Token | None = None
        self._for: Authorization | None = None
        self._failure: tuple[float, CredentialUnavailable | A2AError] | None = None
        self._renewed_at = float("-inf")
        self._published: dict[str, tuple[float, Endpoints]] = {}
        self._masked: list[Token] = []

    def at_hand(self) -> str | None:
        """Return the token if there is a fresh one; it asks nobody."""
        return self._token.access if self._token and self._is_fresh(self._token) else None

    async def get(self, found: FoundCard | None, refused: str | None = None) -> str:
        """Return a token; another one than `refused`, if that may help.

        Raises CredentialUnavailable, and A2AError where the server does not answer.
        """
        authorization = await self.authorization(found)
        if token := await self._usable(authorization, refused):
            return token.access
        async with self._lock:  # who waited here uses what the one before got
            if token := await self._usable(authorization, refused):
                return token.access
            self._raise_recent_failure()
            return (await self._obtain(authorization, refused)).access

    async def authorization(self, found: FoundCard | None) -> Authorization:
        """Return how tokens are got; raises CredentialUnavailable and A2AError."""
        return await authorization_of(self._config, self.settings, found, self._discover)

    async def person_authorization(
        self, found: FoundCard, *, by_device: bool | None
    ) -> Authorization:
        """Return how a person signs in: by a device code, by a browser here, or as is configured.

        Raises as `authorization` does.
        """
        usual = await self.authorization(found)
        if by_device is None or not usual.needs_person:
            return usual
        flow: Flow = "device_code" if by_device else "authorization_code"
        settings = replace(self.settings, flow=flow)
        return await authorization_of(self._config, settings, found, self._discover)

    async def _usable(self, authorization: Authorization, refused: str | None) -> Token | None:
        token = self._token
        if token is None or self._for != authorization or not self._is_fresh(token):
            return None
        if authorization.needs_person and await self.login.has_changed():
            return None
        return None if token.access == refused and self._may_renew() else token

    def _is_fresh(self, token: Token) -> bool:
        return token.is_fresh(self._clock())

    def _may_renew(self) -> bool:
        """Return whether a refused token may be replaced; not if its forerunner just was."""
        return abs(self._clock() - self._renewed_at) > FAILURE_SECONDS

    def _raise_recent_failure(self) -> None:
        if self._failure and abs(self._clock() - self._failure[0]) < FAILURE_SECONDS:
            raise self._failure[1] from None

    async def _obtain(self, authorization: Authorization, refused: str | None) -> Token:
        try:
            token = await self._ask(authorization, refused)
        except SignInNeeded:  # not kept as a failure: the person may sign in at any moment
            self._token = None
            raise
        except (CredentialUnavailable, A2AError) as error:
            self._failure = self._clock(), error
            raise
        self._token, self._for, self._failure = token, authorization, None
        if refused is not None:
            self._renewed_at = self._clock()
        self.mask(token)
        return token

    async def _ask(self, authorization: Authorization, refused: str | None) -> Token:
        if authorization.needs_person:
            refresh = partial(self._refreshed, authorization)
            return await self.login.token(authorization, refused, refresh)
        grant = {"grant_type": "client_credentials", "scope": authorization.scope}
        async with self.server(authorization.endpoints) as server:
            return await server.token(grant)

    async def _refreshed(self, authorization: Authorization, login: Login) -> Token | None:
        """Return the token that follows a login's; None where the server has ended the login."""
        grant = {"grant_type": "refresh_token", "refresh_token": login.token.refresh}
        async with self.server(authorization.endpoints, login.client_id) as server:
            try:
                return (await server.token(grant)).after(login.token)
            except OAuthRefused as refusal:
                if refusal.error != "invalid_grant":
                    raise
        return None

    @asynccontextmanager
    async def server(
        self, endpoints: Endpoints, client_id: str | None = None
    ) -> AsyncIterator[TokenServer]:
        """Yield the token server; what it raises within becomes the errors of `get`.

        `client_id` is that of a client that has registered itself.
        """
        settings = replace(self.settings, client_id=client_id or self.settings.client_id)
        where = str(origin_of(endpoints.token))
        async with self._opened(endpoints.token) as http:
            try:
                yield TokenServer(http, settings, endpoints, self._clock)
            except OAuthRefused as refusal:
                raise faults.refused(where, refusal, self._clock()) from None
            except A2AError as error:
                raise faults.unreachable(where, error) from error
            except (ValueError, OSError) as error:
                raise faults.bad_key(str(error)) from None

    async def _discover(self, issuer: str) -> Endpoints | None:
        known = self._published.get(issuer)
        if known and abs(self._clock() - known[0]) < METADATA_SECONDS:
            return known[1]
        async with self._opened(issuer) as http:
            try:
                found = await discover(http, issuer)
            except A2AError as error:
                raise faults.unreachable(issuer, error) from error
        if found:
            self._published[issuer] = self._clock(), found
        return found

    @asynccontextmanager
    async def _opened(self, url: str) -> AsyncIterator[Transport]:
        http = self._open_server(url)
        try:
            yield http
        finally:
            with anyio.CancelScope(shield=True):
                await http.aclose()

    def mask(self, token: Token) -> None:
        """Mask a token wherever it is shown; one that expired long ago is known to nobody now."""
        now = self._clock()
        old = [known for known in self._masked if _is_forgotten(known, now)]
        self._masked = [*(known for known in self._masked if known not in old), token]
        current = _texts(self._masked)
        for text in current:
            self._secrets.add(text)
        for text in _texts(old) - current:
            self._secrets.discard(text)


def _texts(tokens: Iterable[Token]) -> set[str]:
    return {text for token in tokens for text in (token.access, token.refresh) if text}


def _is_forgotten(token: Token, now: float) -> bool:
    return token.life is not None and now > token.got_at + token.life + KEPT_MASKED_SECONDS
