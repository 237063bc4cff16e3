"""The login of one owner at one agent, which all processes of a state folder, or a database, share.

It is renewed under its lock, and read again there first: another process may have renewed it. What
is not our own any more is never overwritten or removed.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import replace
from typing import Final

import anyio

from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.a2a.errors import AgentUnreachable, Delivery
from a2a_mcp.agents import credential_faults as faults
from a2a_mcp.agents.authorization import Authorization
from a2a_mcp.errors import SignInNeeded, StoreUnavailable
from a2a_mcp.store.base import LOCAL_OWNER
from a2a_mcp.store.logins import Login, Logins

SAVE_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)

Refresh = Callable[[Login], Awaitable[Token | None]]
"""Returns the token that follows a login's; None where the server has ended the login."""


class AgentLogin:
    """One login; `logins` None: none can be kept, so nobody can sign in. `clock` is Unix time.

    An empty `client_id`: the client is one that has registered itself.
    """

    def __init__(
        self,
        logins: Logins | None,
        owner: str,
        agent: str,
        client_id: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._logins = logins
        self._owner = owner
        self._agent = agent
        self._client_id = client_id
        self._clock = clock
        self._seen: object = None

    async def has_changed(self) -> bool:
        """Return whether a process may have changed the login since it was read last.

        While the database is away, what was read last is used.
        """
        if self._logins is None:
            return True
        try:
            return await self._logins.stamp(self._owner, self._agent) != self._seen
        except StoreUnavailable:
            return False

    async def token(
        self, authorization: Authorization, refused: str | None, refresh: Refresh
    ) -> Token:
        """Return a fresh token, another than `refused`; `refresh` asks for it where need be.

        Raises SignInNeeded, CredentialUnavailable, and A2AError.
        """
        if await self.has_changed():
            await self._prepare()
        login = await self._read(authorization)
        if self._is_usable(login, refused):
            return login.token
        async with self._held():
            login = await self._read(authorization)
            if not self._is_usable(login, refused):
                login = await self._renewed(login, refresh)
            return login.token

    async def keep(self, login: Login) -> None:
        """Keep a new login, in the place of an earlier one."""
        await self._prepare()
        async with self._held():
            await self._write(login)

    async def client(self, server: str, address: str, make: Callable[[], Awaitable[str]]) -> str:
        """Return the client that has registered itself at a server; `make` does it, once."""
        name = f"{server} {address}"
        async with self._held(name):
            with _usable_store():
                known = await self._store().client(server, address)
            if known is None:
                known = await make()
                with _usable_store():
                    await self._store().keep_client(server, address, known)
        return known

    async def forget_clients(self, server: str) -> None:
        """Forget the clients that have registered themselves at a server."""
        with _usable_store():
            await self._store().forget_clients(server)

    async def forget(self) -> Login | None:
        """Remove the login and return what it was; None where there is none that can be read."""
        await self._prepare()
        async with self._held():
            with _usable_store():
                logins = self._store()
                login = await logins.get(self._owner, self._agent)
                await logins.remove(self._owner, self._agent)
        return login

    async def _prepare(self) -> None:
        with _usable_store():
            await self._store().prepare()

    def _store(self) -> Logins:
        if self._logins is None:
            raise faults.no_sign_in_here(self._agent)
        return self._logins

    async def _read(self, authorization: Authorization) -> Login:
        """Return the login as it is now; raises SignInNeeded where there is none that fits."""
        logins = self._store()
        with _usable_store():
            self._seen = await logins.stamp(self._owner, self._agent)
            login = await logins.get(self._owner, self._agent)
        if login is None:
            raise self._not_signed_in("nobody has signed in to it")
        client_id = self._client_id or login.client_id
        if (login.client_id, login.token_url) != (client_id, authorization.endpoints.token):
            raise self._not_signed_in("its sign-in was for another client or server")
        return login

    def _not_signed_in(self, reason: str) -> SignInNeeded:
        return faults.not_signed_in(self._agent, reason, local=self._owner == LOCAL_OWNER)

    def _is_usable(self, login: Login, refused: str | None) -> bool:
        return login.token.is_fresh(self._clock()) and login.token.access != refused

    async def _renewed(self, login: Login, refresh: Refresh) -> Login:
        """Return the renewed login, saved; a cancelled call must not lose a rotated token."""
        if login.token.refresh is None:
            raise self._not_signed_in("its sign-in has ended")
        with anyio.CancelScope(shield=True):
            token = await refresh(login)
            if token is None:
                with _usable_store():
                    await self._store().remove(self._owner, self._agent)
                raise self._not_signed_in("its sign-in has ended or was revoked")
            renewed = replace(login, token=token)
            await self._save(renewed)
        return renewed

    async def _save(self, renewed: Login) -> None:
        """Write a renewed login, again and again while the database is away for a moment.

        The server may take the token of before no more.
        """
        for pause in SAVE_PAUSES:
            try:
                await self._put(renewed)
            except StoreUnavailable:
                await anyio.sleep(pause)
            else:
                return
        await self._write(renewed)

    async def _write(self, login: Login) -> None:
        with _usable_store():
            await self._put(login)

    async def _put(self, login: Login) -> None:
        await self._store().put(self._owner, self._agent, login)
        self._seen = await self._store().stamp(self._owner, self._agent)

    def _lock(self, client: str | None) -> AbstractAsyncContextManager[None]:
        if client is not None:  # all owners and agents share it
            return self._store().held("", client)
        return self._store().held(self._owner, self._agent)

    @asynccontextmanager
    async def _held(self, client: str | None = None) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._lock(client))
            except TimeoutError:
                raise AgentUnreachable(
                    "another process has not finished renewing its sign-in; if that process was "
                    "killed, others go on within a minute",
                    delivery=Delivery.NEVER,
                ) from None
            except (OSError, StoreUnavailable) as error:
                raise faults.no_login_store(error) from error
            yield


@contextmanager
def _usable_store() -> Iterator[None]:
    """Raise CredentialUnavailable where the store cannot be used."""
    try:
        yield
    except (OSError, StoreUnavailable) as error:
        raise faults.no_login_store(error) from error
