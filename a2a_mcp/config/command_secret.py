"""A secret that a program prints.

The program gets no input, nothing of what it prints but the secret is used, and none of it is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL
from typing import Final, Protocol

import anyio
from pydantic import SecretStr

from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.config.command_output import read_output
from a2a_mcp.errors import CredentialUnavailable

COMMAND_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 5.0
"""How long a value stands that is refused or has expired: many calls run the program once."""


class Masked(Protocol):
    """Where secrets are noted that no one may see."""

    def add(self, text: str) -> None:
        """Mask a text from now on."""

    def discard(self, text: str) -> None:
        """Mask it no longer."""


class CommandSecret:
    """A secret that a program prints, which runs when it is first needed, and when it has expired.

    `clock` returns Unix seconds.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        *,
        folder: Path | None = None,
        check: Callable[[str], str] = str,
        secrets: Masked | None = None,
        seconds: float = COMMAND_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._command = command
        self._folder = folder
        self._check = check
        self._secrets = secrets
        self._seconds = seconds
        self._clock = clock
        self._token: Token | None = None
        self._masked: list[str] = []
        self._lock = anyio.Lock()

    def __repr__(self) -> str:
        return f"CommandSecret({Path(self._command[0]).name!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CommandSecret):
            return NotImplemented
        return (self._command, self._folder) == (other._command, other._folder)

    def __hash__(self) -> int:
        return hash((self._command, self._folder))

    async def __call__(self) -> SecretStr:
        """Return the secret; after a failure the next call tries again.

        Raises CredentialUnavailable.
        """
        async with self._lock:
            if self._token is None or not self._is_usable(self._token):
                self._use(await self._run())
            assert self._token  # noqa: S101 - it is used now
            return SecretStr(self._token.access)

    def refuse(self, text: str) -> bool:
        """Forget a value that a server refused; return whether there may be another one."""
        token = self._token
        if token is None or token.access != text:
            return True
        if self._is_new(token):
            return False
        self._token = None
        return True

    def _is_usable(self, token: Token) -> bool:
        """Return whether a token is fresh; one that came expired is not asked for again at once."""
        return token.is_fresh(self._clock()) or self._is_new(token)

    def _is_new(self, token: Token) -> bool:
        return abs(self._clock() - token.got_at) < AGAIN_SECONDS

    def _use(self, token: Token) -> None:
        """Use a token from now on; it is masked, and so is the one before it."""
        self._token = token
        if self._secrets is None:
            return
        known = [text for text in self._masked if text != token.access]
        for text in known[:-1]:
            self._secrets.discard(text)
        self._masked = [*known[-1:], token.access]
        self._secrets.add(token.access)

    async def _run(self) -> Token:
        program, *arguments = self._command
        if self._folder and Path(program).name != program:
            program = str(self._folder / program)
        asked_at = self._clock()
        try:
            with anyio.fail_after(self._seconds):
                ended = await anyio.run_process(
                    [program, *arguments],
                    stdin=DEVNULL,
                    stderr=DEVNULL,
                    check=False,
                    cwd=self._folder,
                )
        except TimeoutError:
            raise self._unavailable(f"did not end within {self._seconds:g} s") from None
        except OSError as error:
            raise self._unavailable(f"could not be run ({error.strerror})") from None
        if ended.returncode != 0:
            raise self._unavailable(f"ended with exit code {ended.returncode}")
        try:
            token = read_output(ended.stdout.decode(), asked_at)
            self._check(token.access)
        except ValueError:  # worded for a key of the file, not for the output of a program
            raise self._unavailable("printed nothing that can be used as a credential") from None
        return token

    def _unavailable(self, what: str) -> CredentialUnavailable:
        return CredentialUnavailable(
            f"the credential command {Path(self._command[0]).name!r} {what}",
            "Ask the person who runs this bridge to check that command; nothing was sent.",
        )
