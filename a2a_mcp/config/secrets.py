"""Where secrets come from: what the configuration says of one, made into its value.

A secret is `{ env = … }`, `{ file = … }`, `{ command = […] }` or a literal. Its text goes from its
source into a `SecretStr` and into the register that masks it; never into a message, a `repr` or a
log.
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
from a2a_mcp.config.values import variable_name
from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.text.masking import Mask

COMMAND_SECONDS: Final = 10.0
SOURCES: Final = "must be { env = … }, { file = … }, { command = […] } or text in quotes"
_SHELL_VARIABLE: Final = re.compile(r"\$\{(env:)?\w+\}")  # as hosts' own files write it


class SecretRegister:
    """Every secret text that has been seen, so that it can be masked wherever it comes back."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._mask: Mask | None = None

    def add(self, text: str) -> None:
        """Remember a secret's text."""
        self._texts.add(text)
        self._mask = None

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._texts))

    def mask(self, text: str) -> str:
        """Replace every known secret in `text`, plain or disguised, by `***`."""
        return self._known()(text)

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Mask texts that may be joined, also where a secret lies across several."""
        return self._known().pieces(texts)

    def _known(self) -> Mask:
        if self._mask is None:
            self._mask = Mask(self._texts)
        return self._mask


@dataclass
class Sources:
    """Where the validators of one table look things up, and what they found; their `context`.

    With `resolve` False, as for an agent that is switched off, only the form is checked.
    """

    folder: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    secrets: SecretRegister = field(default_factory=SecretRegister)
    resolve: bool = True
    literal: bool = False
    files: set[Path] = field(default_factory=set)

    @classmethod
    def of(cls, info: ValidationInfo) -> Sources:
        """Give the context of a validation; an empty one where a model is made in code."""
        return info.context if isinstance(info.context, cls) else cls()

    def path(self, name: str) -> Path:
        """Give the path that a name in the file means: relative to the file's folder."""
        named = Path(os.path.expanduser(name))
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
        """Give the secret; a failure is not kept. Raises CredentialUnavailable."""
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
        except ValueError:  # the check's words are about a key of the file, not about an output
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


def _text(value: object, sources: Sources) -> str:
    match value:
        case str() if _SHELL_VARIABLE.fullmatch(value):
            raise ValueError('is text that looks like a variable; write { env = "NAME" }')
        case str():
            return _one_line(value)
        case {"env": str(name), **rest} if not rest:
            return _from_environment(name, sources)
        case {"file": str(name), **rest} if not rest:
            return _from_file(sources.path(name), sources)
        case _:
            raise ValueError(SOURCES)


def _from_environment(name: str, sources: Sources) -> str:
    variable_name(name)  # which may be the secret itself, so it is repeated only after this
    if not sources.resolve:
        return ""
    if not sources.environ.get(name):
        state = "empty" if name in sources.environ else "not set"
        raise ValueError(f"the environment variable {name} is {state}")
    return sources.environ[name]


def _from_file(path: Path, sources: Sources) -> str:
    if not sources.resolve:
        return ""
    sources.files.add(path)
    try:
        return _one_line(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the file {path} cannot be read ({error.strerror})") from None
    except ValueError:
        raise ValueError(f"the file {path} is empty or not text") from None


def read_text(value: object, info: ValidationInfo) -> str:
    """Give a setting that may come from where secrets come from, but is none. Raises ValueError."""
    return value if isinstance(value, str) else _text(value, Sources.of(info))


def read_secret(value: object, sources: Sources, check: Callable[[str], str]) -> SecretStr:
    """Resolve a secret that must be at hand at once, and register it. Raises ValueError."""
    if isinstance(value, SecretStr):
        return SecretStr(check(value.get_secret_value()))
    text = _text(value, sources)
    if not text:
        return SecretStr("")
    sources.literal |= isinstance(value, str)
    sources.secrets.add(check(text))
    return SecretStr(text)


def secret(check: Callable[[str], str]) -> PlainValidator:
    """Make the validator of a setting of type Secret whose text `check` accepts or refuses."""

    def read(value: object, info: ValidationInfo) -> Secret:
        sources = Sources.of(info)
        match value:
            case {"command": [str(), *_] as command, **rest} if not rest and all(
                isinstance(word, str) for word in command
            ):
                return CommandSecret(
                    tuple(command), folder=sources.folder, check=check, secrets=sources.secrets
                )
            case _ if callable(value):
                return value
            case _:
                return read_secret(value, sources, check)

    return PlainValidator(read)
