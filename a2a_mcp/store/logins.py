"""Where a person's logins at agents are kept: tokens that outlive the process, sealed.

One login belongs to one owner and one agent. A process that renews it holds its lock while it
reads, renews and saves: a server that rotates refresh tokens ends the login when an old one is
used, and then no process has it any more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
from pydantic import SecretStr

from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.store.file_lock import locked
from a2a_mcp.store.state_key import make_key, read_key

if TYPE_CHECKING:
    from a2a_mcp.config.schema import ServerConfig
    from a2a_mcp.store.keyring_key import KeyringKey
    from a2a_mcp.store.sealing import Seal
    from a2a_mcp.store.sqlite.logins import LoginFile

LOCK_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.05


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


class Logins:
    """The logins of a state folder; `configured` is a key that replaces the folder's own.

    With `keyring` the key is in the system's keyring, whatever is configured. Methods raise OSError
    where the folder, its file or the keyring cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        configured: SecretStr | None = None,
        keyring: KeyringKey | None = None,
    ) -> None:
        self._folder = folder
        self._configured = configured
        self._keyring = keyring

    async def prepare(self) -> None:
        """Read what a person may have to be asked for; without it, `get` and `put` would block."""
        if self._keyring:
            await self._keyring.prepare()

    def stamp(self) -> tuple[int, int, int] | None:
        """Return a value that changes whenever a process has changed a login."""
        try:
            found = (self._folder / "logins.db").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def get(self, owner: str, agent: str) -> Login | None:
        """Return a login; None where there is none, or none that this state key opens."""
        sealed = self._file().get(owner, agent) if self.stamp() else None
        return self._opened(owner, agent, sealed) if sealed else None

    def put(self, owner: str, agent: str, login: Login) -> None:
        """Keep a login in the place of an earlier one."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(asdict(login)).encode()
        sealed = self._seal(make_key).seal(text, _name(owner, agent))
        self._file().put(owner, agent, sealed)

    def remove(self, owner: str, agent: str) -> None:
        """Forget a login."""
        if self.stamp():
            self._file().remove(owner, agent)

    def all(self) -> list[KeptLogin]:
        """Return every login."""
        rows = self._file().all() if self.stamp() else []
        return [
            KeptLogin(owner, agent, self._opened(owner, agent, sealed))
            for owner, agent, sealed in rows
        ]

    def client(self, server: str, address: str) -> str | None:
        """Return the id of a client that has registered itself at a server; it is no secret."""
        return self._file().client(server, address) if self.stamp() else None

    def keep_client(self, server: str, address: str, client_id: str) -> None:
        """Keep a client that has registered itself, with the address to which it comes back."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file().put_client(server, address, client_id)

    def forget_clients(self, server: str) -> None:
        """Forget the clients that have registered themselves at a server."""
        if self.stamp():
            self._file().remove_clients(server)

    @asynccontextmanager
    async def held(self, owner: str, agent: str) -> AsyncIterator[None]:
        """Hold the lock of a login; raises TimeoutError where another holds it too long."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.sha256(_name(owner, agent).encode()).hexdigest()[:16]
        path = self._folder / f"login-{name}.lock"
        with ExitStack() as stack:
            with anyio.fail_after(LOCK_SECONDS):
                while not _enters(stack, path):  # noqa: ASYNC110 - a lock announces nothing
                    await anyio.sleep(LOOK_SECONDS)
            yield

    def _file(self) -> LoginFile:
        from a2a_mcp.store.sqlite.logins import LoginFile  # imports sqlite3

        return LoginFile(self._folder / "logins.db")

    def _opened(self, owner: str, agent: str, sealed: bytes) -> Login | None:
        own = self._keyring is None and self._configured is None
        if own and read_key(self._folder) is None:
            return None
        text = self._seal(read_key).unseal(sealed, _name(owner, agent))
        if text is None:
            return None
        value = json.loads(text)
        return Login(**value | {"token": Token(**value["token"])})

    def _seal(self, key: Callable[[Path], bytes | None]) -> Seal:
        from a2a_mcp.store.sealing import Seal  # imports cryptography

        if self._keyring:
            return Seal(self._keyring.get())
        if self._configured:
            return Seal(self._configured.get_secret_value().encode())
        return Seal(key(self._folder) or b"")


def open_logins(folder: Path, server: ServerConfig) -> Logins:
    """Return the logins of a state folder, sealed as the configuration says."""
    if server.logins == "file":
        return Logins(folder, server.state_key)
    from a2a_mcp.store.keyring_key import KeyringKey

    return Logins(folder, keyring=KeyringKey(folder))


def _enters(stack: ExitStack, path: Path) -> bool:
    try:
        stack.enter_context(locked(path))
    except BlockingIOError:
        return False
    return True


def _name(owner: str, agent: str) -> str:
    return f"{owner}\0{agent}"
