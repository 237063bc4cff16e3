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
from typing import Final

from pydantic import PlainValidator, SecretStr, ValidationInfo

from a2a_mcp.a2a.auth.static import Secret
from a2a_mcp.config.values import file_name, one_line, variable_name
from a2a_mcp.text.masking import Mask

SOURCES: Final = "must be { env = … }, { file = … }, { command = […] } or text in quotes"
_SHELL_VARIABLE: Final = re.compile(
    r"\$\{(env:)?\w+\}"
)  # as some MCP hosts write it in their files


class SecretRegister:
    """Every secret text that has been read, so that it is masked wherever an agent repeats it."""

    def __init__(self) -> None:
        self._texts: frozenset[str] = frozenset()
        self._made = (self._texts, Mask(self._texts))

    def add(self, text: str) -> None:
        """Remember a secret's text."""
        self._texts |= {text}

    def discard(self, text: str) -> None:
        """Forget a secret that nothing accepts any more."""
        self._texts -= {text}

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def mask(self, text: str) -> str:
        """Return `text` with every known secret, plain or encoded, replaced by `***`."""
        return self._known()(text)

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Return masked texts; a secret that is split over several of them is masked too."""
        return self._known().pieces(texts)

    def _known(self) -> Mask:
        # Threads mask too: what one has made of texts that are outdated by now is not used again.
        made, texts = self._made, self._texts
        if made[0] is not texts:
            self._made = made = (texts, Mask(texts))
        return made[1]


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


def _text(value: object, context: ValidationContext) -> str:
    match value:
        case str() if _SHELL_VARIABLE.fullmatch(value):
            raise ValueError('is text that looks like a variable; write { env = "NAME" }')
        case str():
            return one_line(value)
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
        return one_line(path.read_text(encoding="utf-8"))
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
            from a2a_mcp.config.command_secret import CommandSecret  # few files have a command

            return CommandSecret(
                tuple(command), folder=context.folder, check=check, secrets=context.secrets
            )
        case _ if callable(value):
            return value
        case _:
            return read_secret(value, context, check)
