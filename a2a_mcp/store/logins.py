"""A person's logins at agents: tokens that outlive the process, sealed before they are kept.

One login belongs to one owner and one agent. A process that renews it holds its lock while it
reads, renews and saves: a server that rotates refresh tokens ends the login when an old one is
used, and then no process has it any more.
"""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from a2a_mcp.a2a.auth.oauth.token import Token

if TYPE_CHECKING:
    from a2a_mcp.store.sealing import Seal

LOCK_SECONDS: Final = 30.0
"""How long a process waits for another one that renews a login."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a person's sign-in gave, and which client at which server it is for.

    A refresh token is sent to no other address than that from which it came.
    """

    token: Token
    client_id: str
    token_url: str
    revocation_url: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class KeptLogin:
    """A row of the store; `login` None means that it cannot be opened with this state key."""

    owner: str
    agent: str
    login: Login | None = field(repr=False)


class LoginPlace(Protocol):
    """Where logins are kept, sealed, and clients that have registered themselves, which are open.

    Methods raise OSError where a folder, and StoreUnavailable where a database cannot be used.
    """

    async def stamp(self, owner: str, agent: str) -> object | None:
        """Return a value that changes whenever a process changes the login; None without any."""

    async def get(self, owner: str, agent: str) -> bytes | None:
        """Return a sealed login."""

    async def put(self, owner: str, agent: str, sealed: bytes) -> None:
        """Keep a sealed login in the place of an earlier one."""

    async def remove(self, owner: str, agent: str) -> None:
        """Forget a login."""

    async def all(self) -> list[tuple[str, str, bytes]]:
        """Return every owner, agent and sealed login."""

    async def client(self, server: str, address: str) -> str | None:
        """Return the id of a client that has registered itself at a server."""

    async def put_client(self, server: str, address: str, client_id: str) -> None:
        """Keep a client, in the place of an earlier one with this address."""

    async def remove_clients(self, server: str) -> None:
        """Forget the clients at a server."""

    def held(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold a lock, which one of all processes has; raises TimeoutError after LOCK_SECONDS."""


class LoginKey(Protocol):
    """The key that seals logins. Methods raise OSError where it cannot be had."""

    async def prepare(self) -> None:
        """Ask whom it takes long to ask; without it, the others would block."""

    def find(self) -> bytes | None:
        """Return the key, None where there is none yet."""

    def make(self) -> bytes:
        """Return the key, made where there is none."""


class Logins:
    """The logins at a place, sealed with a key. Methods raise what these two raise."""

    def __init__(self, place: LoginPlace, key: LoginKey) -> None:
        self._place = place
        self._key = key

    async def prepare(self) -> None:
        """Read what a person may have to be asked for; without it, `get` and `put` would block."""
        await self._key.prepare()

    async def stamp(self, owner: str, agent: str) -> object | None:
        """Return a value that changes whenever a process has changed the login."""
        return await self._place.stamp(owner, agent)

    async def get(self, owner: str, agent: str) -> Login | None:
        """Return a login; None where there is none, or none that this state key opens."""
        sealed = await self._place.get(owner, agent)
        return self._opened(owner, agent, sealed) if sealed else None

    async def put(self, owner: str, agent: str, login: Login) -> None:
        """Keep a login in the place of an earlier one."""
        text = json.dumps(asdict(login)).encode()
        sealed = _seal(self._key.make()).seal(text, seal_name(owner, agent))
        await self._place.put(owner, agent, sealed)

    async def remove(self, owner: str, agent: str) -> None:
        """Forget a login."""
        await self._place.remove(owner, agent)

    async def all(self) -> list[KeptLogin]:
        """Return every login."""
        return [
            KeptLogin(owner, agent, self._opened(owner, agent, sealed))
            for owner, agent, sealed in await self._place.all()
        ]

    async def client(self, server: str, address: str) -> str | None:
        """Return the id of a client that has registered itself at a server; it is no secret."""
        return await self._place.client(server, address)

    async def keep_client(self, server: str, address: str, client_id: str) -> None:
        """Keep a client that has registered itself, with the address to which it comes back."""
        await self._place.put_client(server, address, client_id)

    async def forget_clients(self, server: str) -> None:
        """Forget the clients that have registered themselves at a server."""
        await self._place.remove_clients(server)

    def held(self, owner: str, agent: str) -> AbstractAsyncContextManager[None]:
        """Hold the lock of a login; raises TimeoutError where another holds it too long."""
        return self._place.held(seal_name(owner, agent))

    def _opened(self, owner: str, agent: str, sealed: bytes) -> Login | None:
        key = self._key.find()
        text = _seal(key).unseal(sealed, seal_name(owner, agent)) if key else None
        if text is None:
            return None
        return login_of(text)


def login_of(text: bytes) -> Login:
    """Return the login that was sealed as `text`."""
    value = json.loads(text)
    return Login(**value | {"token": Token(**value["token"])})


def _seal(key: bytes) -> Seal:
    from a2a_mcp.store.sealing import Seal  # imports cryptography

    return Seal(key)


def seal_name(owner: str, agent: str) -> str:
    """Return the name under which a login is sealed."""
    return f"{owner}\0{agent}"
