"""Logins in the state folder: `logins.db`, a lock file for each login, and the folder's own key."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
from pydantic import SecretStr

from a2a_mcp.store import logins
from a2a_mcp.store.file_lock import locked
from a2a_mcp.store.logins import LoginKey, LoginPlace, Logins
from a2a_mcp.store.state_key import make_key, read_key

if TYPE_CHECKING:
    from a2a_mcp.config.schema import ServerConfig
    from a2a_mcp.store.sqlite.logins import LoginFile

LOOK_SECONDS: Final = 0.05


class LoginFolder(LoginPlace):
    """The logins of a state folder, which is made for the first of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def stamp(self, owner: str, agent: str) -> object | None:
        """Return what changes with the whole file."""
        return self._stamp()

    async def get(self, owner: str, agent: str) -> bytes | None:
        """Return a sealed login; by looking nothing is made."""
        return self._file().get(owner, agent) if self._stamp() else None

    async def put(self, owner: str, agent: str, sealed: bytes) -> None:
        """Write a row, and make the folder first."""
        self._make()
        self._file().put(owner, agent, sealed)

    async def remove(self, owner: str, agent: str) -> None:
        """Remove a row, if there is a file."""
        if self._stamp():
            self._file().remove(owner, agent)

    async def all(self) -> list[tuple[str, str, bytes]]:
        """Return all rows, if there is a file."""
        return self._file().all() if self._stamp() else []

    async def client(self, server: str, address: str) -> str | None:
        """Return a client, if there is a file."""
        return self._file().client(server, address) if self._stamp() else None

    async def put_client(self, server: str, address: str, client_id: str) -> None:
        """Write a client, and make the folder first."""
        self._make()
        self._file().put_client(server, address, client_id)

    async def remove_clients(self, server: str) -> None:
        """Remove the clients of a server, if there is a file."""
        if self._stamp():
            self._file().remove_clients(server)

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[None]:
        """Hold the lock file of a name, which the system frees when the process ends."""
        self._make()
        path = self._folder / f"login-{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"
        with ExitStack() as stack:
            with anyio.fail_after(logins.LOCK_SECONDS):
                while not _enters(stack, path):  # noqa: ASYNC110 - a lock announces nothing
                    await anyio.sleep(LOOK_SECONDS)
            yield

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = (self._folder / "logins.db").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _make(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _file(self) -> LoginFile:
        from a2a_mcp.store.sqlite.logins import LoginFile  # imports sqlite3

        return LoginFile(self._folder / "logins.db")


class FolderKey(LoginKey):
    """The key of a state folder, or a `configured` one in its place."""

    def __init__(self, folder: Path, configured: SecretStr | None) -> None:
        self._folder = folder
        self._configured = configured

    async def prepare(self) -> None:
        """Ask nobody: it is at hand."""

    def find(self) -> bytes | None:
        """Return the configured key, else the folder's."""
        return self._given() or read_key(self._folder)

    def make(self) -> bytes:
        """Return the configured key, else the folder's, made where there is none."""
        return self._given() or make_key(self._folder)

    def _given(self) -> bytes | None:
        return self._configured.get_secret_value().encode() if self._configured else None


def folder_logins(folder: Path, configured: SecretStr | None = None) -> Logins:
    """Return the logins of a state folder, sealed with its key or a configured one."""
    return Logins(LoginFolder(folder), FolderKey(folder, configured))


def open_logins(folder: Path, server: ServerConfig) -> Logins:
    """Return the logins of a state folder, sealed as the configuration says."""
    return Logins(LoginFolder(folder), login_key(folder, server))


def login_key(folder: Path, server: ServerConfig) -> LoginKey:
    """Return the key that seals logins, as the configuration says."""
    if server.logins == "file":
        return FolderKey(folder, server.state_key)
    from a2a_mcp.store.keyring_key import KeyringKey

    return KeyringKey(folder)


def _enters(stack: ExitStack, path: Path) -> bool:
    try:
        stack.enter_context(locked(path))
    except BlockingIOError:
        return False
    return True
