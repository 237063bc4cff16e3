"""Secrets: their sources in the configuration, and the register that masks them.

A secret is `{ env = … }`, `{ file = … }`, `{ command = […] }` or a literal. Its text goes from its
source into a `SecretStr` and into the register; never into a message, a `repr` or a log.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL
from typing import Final

import anyio
from pydantic import PlainValidator, SecretStr, ValidationInfo

from a2a_mcp.a2a.auth.static import Secret
from a2a_mcp.config.values import file_name, variable_name
from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.text.masking import Mask

COMMAND_SECONDS: Final = 10.0
SOURCES: Final = "must be { env = … }, { file = … }, { command = […] } or text in quotes"
_SHELL_VARIABLE: Final = re.compile(
    r"\$\{(env:)?\w+\}"
)  # as some MCP hosts write it in their files


class SecretRegister:
    """Every secret text that has been read, so that it is masked wherever an agent repeats it."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._mask: Mask | None = None

    def add(self, text: str) -> None:
        """Remember a secret's text."""
        self._texts.add(text)
        self._mask = None

    def discard(self, text: str) -> None:
        """Forget a secret that nothing accepts any more."""
        self._texts.discard(text)
        self._mask = None

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._texts))

    def mask(self, text: str) -> str:
        """Return `text` with every known secret, plain or encoded, replaced by `***`."""
        return self._known()(text)

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Return masked texts; a secret that is split over several of them is masked too."""
        return self._known().pieces(texts)

    def _known(self) -> Mask:
        if self._mask is None:
            self._mask = Mask(self._texts)
        return self._mask


@dataclass
class ValidationContext:
    """What validators read besides the value, and what they report; pydantic's `context`.

    They resolve paths in `folder` and variables in `environ`, and add to `secrets` and to `files`,
    the files that were read. `literal` is set when a secret stands in the file itself. With
    `resolve` False, as for an agent that is switched off, only the form is checked.
    """

    folder: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    secrets: SecretRegister = field(default_factory=SecretRegister)
    resolve: bool = True
    literal: bool = False
    files: set[Path] = field(default_factory=set)

    @classmethod
    def of(cls, info: ValidationInfo) -> ValidationContext:
        """Return the context of a validation; an empty one where a model is made in code."""
        return info.context if isinstance(info.context, cls) else cls()

    def path(self, name: str) -> Path:
        """Return the path of a name in the file, relative to the folder of the file.

        Raises ValueError for what is no name.
        """
        named = Path(os.path.expanduser(file_name(name)))
        return self.folder / named if self.folder else named


class CommandSecret:
    """A secret that a program prints; the program runs when the secret is first needed."""

    def __init__(
        self,
        command: tuple[str, ...],
        *,
        folder: Path | None = None,
        check: Callable[[str], str] = str,
        secrets: SecretRegister | None = None,
        seconds: float = COMMAND_SECONDS,
    ) -> None:
        self._command = command
        self._folder = folder
        self._check = check
        self._secrets = secrets
        self._seconds = seconds
        self._value: SecretStr | None = None
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
            if self._value is None:
                text = await self._run()
                if self._secrets is not None:
                    self._secrets.add(text)
                self._value = SecretStr(text)
            return self._value

    async def _run(self) -> str:
        program, *arguments = self._command
        if self._folder and Path(program).name != program:
            program = str(self._folder / program)
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
            return self._check(_one_line(ended.stdout.decode()))
        except ValueError:  # worded for a key of the file, not for the output of a program
            raise self._unavailable("printed nothing that can be used as a credential") from None

    def _unavailable(self, what: str) -> CredentialUnavailable:
        return CredentialUnavailable(
            f"the credential command {Path(self._command[0]).name!r} {what}",
            "Ask the person who runs this bridge to check that command; nothing was sent.",
        )


def _one_line(text: str) -> str:
    line = text.rstrip("\r\n")
    if not line:
        raise ValueError("is empty")
    return line


def _text(value: object, context: ValidationContext) -> str:
    match value:
        case str() if _SHELL_VARIABLE.fullmatch(value):
            raise ValueError('is text that looks like a variable; write { env = "NAME" }')
        case str():
            return _one_line(value)
        case {"env": str(name), **rest} if not rest:
            return _from_environment(name, context)
        case {"file": str(name), **rest} if not rest:
            return _from_file(context.path(name), context)
        case _:
            raise ValueError(SOURCES)


def _from_environment(name: str, context: ValidationContext) -> str:
    variable_name(name)  # before any message names it: it may be a misplaced secret
    if not context.resolve:
        return ""
    if not context.environ.get(name):
        state = "empty" if name in context.environ else "not set"
        raise ValueError(f"the environment variable {name} is {state}")
    return context.environ[name]


def _from_file(path: Path, context: ValidationContext) -> str:
    if not context.resolve:
        return ""
    context.files.add(path)
    try:
        return _one_line(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the file {path} cannot be read ({error.strerror})") from None
    except ValueError:
        raise ValueError(f"the file {path} is empty or not text") from None


def read_text(value: object, info: ValidationInfo) -> str:
    """Return a text that has the sources of a secret but is not secret. Raises ValueError."""
    return value if isinstance(value, str) else _text(value, ValidationContext.of(info))


def read_secret(
    value: object, context: ValidationContext, check: Callable[[str], str]
) -> SecretStr:
    """Return a secret that is needed at once, and register it. Raises ValueError."""
    if isinstance(value, SecretStr):
        return SecretStr(check(value.get_secret_value()))
    text = _text(value, context)
    if not text:
        return SecretStr("")
    context.literal |= isinstance(value, str)
    context.secrets.add(check(text))
    return SecretStr(text)


def secret(check: Callable[[str], str]) -> PlainValidator:
    """Return the validator of a Secret; `check` raises ValueError for a text it refuses."""
    return PlainValidator(lambda value, info: secret_of(value, info, check))


def secret_of(value: object, info: ValidationInfo, check: Callable[[str], str]) -> Secret:
    """Return a Secret, read at once or when it is first needed. Raises ValueError."""
    context = ValidationContext.of(info)
    match value:
        case {"command": [str(), *_] as command, **rest} if not rest and all(
            isinstance(word, str) for word in command
        ):
            return CommandSecret(
                tuple(command), folder=context.folder, check=check, secrets=context.secrets
            )
        case _ if callable(value):
            return value
        case _:
            return read_secret(value, context, check)
