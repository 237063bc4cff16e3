"""The key that seals logins, where the system's keyring holds it and no file does.

The tokens themselves stay in their sealed file: they outgrow what some keyrings take. A keyring may
ask its user before it answers, so it is asked in a thread, and once in a process.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from a2a_mcp.store.file_lock import locked
from a2a_mcp.store.logins import LoginKey

SERVICE: Final = "a2a-mcp"
KEY_BYTES: Final = 32
ANSWER_SECONDS: Final = 60.0
LOCK_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.05
OTHERWISE: Final = 'or set logins = "file" in [server]'


class KeyringUnusable(OSError):
    """The keyring gives no key; the text says why, and what to do."""


class KeyringKey(LoginKey):
    """The key of a state folder in the system's keyring."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: bytes | None = None

    async def prepare(self) -> None:
        """Read the key, made where there is none; raises KeyringUnusable."""
        if self._known is not None:
            return
        try:
            with anyio.fail_after(ANSWER_SECONDS):
                await anyio.to_thread.run_sync(self.make, abandon_on_cancel=True)
        except TimeoutError:
            raise KeyringUnusable(
                f"the system's keyring does not answer: unlock it, {OTHERWISE}"
            ) from None

    def find(self) -> bytes:
        """Return the key, made where there is none: to look costs as much as to make it."""
        return self.make()

    def make(self) -> bytes:
        """Return the key, made where there is none; raises KeyringUnusable."""
        if self._known is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _held(self._folder / "keyring.lock"), _usable_keyring():
                self._known = self._read() or self._made()
        return self._known

    @property
    def _name(self) -> str:
        """The name of the entry: folders have keys of their own."""
        folder = hashlib.sha256(str(self._folder.absolute()).encode()).hexdigest()[:16]
        return f"logins {folder}"

    def _read(self) -> bytes | None:
        import keyring

        kept = keyring.get_password(SERVICE, self._name)
        if kept is None:
            return None
        try:
            key = b64decode(kept, validate=True)
        except NotBase64:
            key = b""
        if len(key) != KEY_BYTES:
            raise KeyringUnusable(
                f"the entry {self._name!r} of {SERVICE} in the system's keyring holds no key: "
                "remove it, and sign in again"
            )
        return key

    def _made(self) -> bytes:
        import keyring

        key = secrets.token_bytes(KEY_BYTES)
        keyring.set_password(SERVICE, self._name, b64encode(key).decode())
        return key


@contextmanager
def _usable_keyring() -> Iterator[None]:
    """Raise KeyringUnusable where the keyring is missing, locked or broken."""
    try:
        from keyring import errors
    except ModuleNotFoundError:
        raise KeyringUnusable(
            f"the extra keyring is not installed: install a2a-mcp with [keyring], {OTHERWISE}"
        ) from None
    try:
        yield
    except errors.NoKeyringError:
        raise KeyringUnusable(f"this system has no keyring: start one, {OTHERWISE}") from None
    except errors.KeyringLocked:
        raise KeyringUnusable(f"the system's keyring is locked: unlock it, {OTHERWISE}") from None
    except errors.KeyringError as error:
        raise KeyringUnusable(
            f"the system's keyring cannot be used ({type(error).__name__}): mend it, {OTHERWISE}"
        ) from None


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a lock, so that of two processes one makes the key."""
    end = time.monotonic() + LOCK_SECONDS
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(path))
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise KeyringUnusable("another process waits for the keyring") from None
            time.sleep(LOOK_SECONDS)
        yield
