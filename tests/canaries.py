"""No secret of any test stands where it should not: looked for once, at the end of a run.

Noted are all credentials that tests configure, that their servers issue, and that their agents are
shown (`real_agents/noting.py`). None of them, plain or encoded, may stand in what hosts receive, in
what agents get beside the credential itself, in log records, command lines, what commands print,
nor in any file that a bridge has left, databases too.
"""

from __future__ import annotations

import json
import logging
import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from mcp import MCPError
from mcp.client.session import ClientSession
from pydantic import SecretStr
from real_agents.noting import FOLDER, note, tell

import a2a_mcp
from a2a_mcp.config.secrets import SecretRegister

PACKAGE: Final = Path(a2a_mcp.__file__).parent
SHORTEST: Final = 12
"""Characters; shorter ones are words that tests use for other things too."""

MOST_READ: Final = 4 * 1024 * 1024
MOST_SHOWN: Final = 40
WORD: Final = re.compile(rb"[\w.~+/=%%-]{%d,}" % SHORTEST)

KEYS: Final = frozenset({"token", "key", "password", "secret", "client_secret", "state_key"})
"""The keys of a configuration whose values are secret, where they are no path."""

OURS: Final = re.compile(
    r"\.(toml|fresh|env|py|pem|key|jwk|jwks|mjs|pgpass)$|^token(\.txt)?$|^AWS_\w+_FILE$"
)
"""Files that tests write for a bridge, with secrets in them."""


def note_table(table: Any, key: str = "") -> None:
    """Note the secrets in a configuration, at whatever depth."""
    match table:
        case SecretStr():
            note(table.get_secret_value())
        case Mapping():
            for name, value in table.items():
                note_table(value, "token" if key == "tokens" else str(name))
        case list() | tuple():
            for value in table:
                note_table(value, key)
        case str() if key in KEYS:
            note(table)


@contextmanager
def watching(folder: Path) -> Iterator[None]:
    """Watch a run whose folders are below `folder`; at its end raise where something has leaked."""
    noted = folder / "canaries"
    noted.mkdir()
    handler, log = _ToldRecords(), logging.getLogger("a2a_mcp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(noted))
        _watch_sessions(patch)
        _watch_register(patch)
        log.addHandler(handler)
        yield
        log.removeHandler(handler)
    found = sorted(set(leaks(folder, noted)))
    assert not found, "secrets stand where they should not:\n" + "\n".join(found)


class _ToldRecords(logging.Handler):
    """Tells each record of the package in this process, as it is before its secrets are masked."""

    def emit(self, record: logging.LogRecord) -> None:
        if Path(record.pathname).is_relative_to(PACKAGE):  # tests log secrets to see them masked
            tell("the log said", self.format(record))


def _watch_register(patch: pytest.MonkeyPatch) -> None:
    """Note each secret that a bridge in this process masks."""
    add = SecretRegister.add

    def noting(register: SecretRegister, text: str) -> None:
        note(text)
        add(register, text)

    patch.setattr(SecretRegister, "add", noting)


def _watch_sessions(patch: pytest.MonkeyPatch) -> None:
    """Tell all that a host of the SDK receives."""
    for name in ("_on_request", "_on_notify"):
        patch.setattr(ClientSession, name, _told_first(getattr(ClientSession, name)))
    ask = ClientSession.send_request

    async def send_request(session: ClientSession, *arguments: Any, **options: Any) -> Any:
        try:
            result = await ask(session, *arguments, **options)
        except MCPError as error:
            tell("a host got", str(error.error))
            raise
        tell("a host got", str(result))
        return result

    patch.setattr(ClientSession, "send_request", send_request)


def _told_first(called: Any) -> Any:
    async def tells(session: ClientSession, *arguments: Any) -> Any:
        tell("a host heard", str(arguments[1:]))
        return await called(session, *arguments)

    return tells


def watch_commands(event: str, arguments: tuple[Any, ...]) -> None:
    """Tell the command lines of processes that are started here; an audit hook."""
    if event == "subprocess.Popen":
        line = " ".join(map(os.fsdecode, arguments[1]))
        if "real_agents" not in line:  # an agent of the tests is told so what it takes
            tell("a command line said", line)


def leaks(folder: Path, noted: Path) -> Iterator[str]:
    """Yield where which secret stands.

    Each word is looked at once. Where the beginning of a spelling is in it, the spelling is
    compared, so that the time grows with the words alone, however many secrets there are.
    """
    secrets = {spelling: secret for secret in _secrets(noted) for spelling in _spellings(secret)}
    beginnings: dict[bytes, list[bytes]] = {}
    for spelling in secrets:
        beginnings.setdefault(spelling[:SHORTEST], []).append(spelling)
    seen: set[bytes] = set()
    for place, data in _all_told(folder, noted):
        words = {*WORD.findall(data)} - seen
        seen |= words
        for word in words:
            pieces = {word[at : at + SHORTEST] for at in range(len(word) - SHORTEST + 1)}
            for spelling in (it for each in pieces & beginnings.keys() for it in beginnings[each]):
                if spelling in word:
                    yield f"{secrets[spelling][:MOST_SHOWN]!r} in {place}"


def _secrets(noted: Path) -> set[str]:
    return {
        text
        for text in _lines(noted, "secrets")
        if len(text) >= SHORTEST and len(set(text)) > 4 and not text.startswith(("/", "http"))
    }


def _spellings(secret: str) -> Iterator[bytes]:
    """Yield the longest word of a secret, and it percent-encoded and in base64 at any offset."""
    octets = secret.encode()
    yield max(WORD.findall(octets), key=len, default=b"")
    yield quote(secret, safe="").encode()
    for before in range(3):
        code = b64encode(bytes(before) + octets)
        inside = code[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        yield from (inside, inside.translate(bytes.maketrans(b"+/", b"-_")))


def _all_told(folder: Path, noted: Path) -> Iterator[tuple[str, bytes]]:
    for text in _lines(noted, "told"):
        yield text[:300], text.encode()
    for place in (folder, *_lines(noted, "places")):
        for path in _files(place):
            if noted not in path.parents and path.is_file():
                with path.open("rb") as file:
                    yield str(path), file.read(MOST_READ)


def _files(folder: Path | str) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if not OURS.search(name))


def _lines(noted: Path, kind: str) -> Iterator[str]:
    for path in sorted(noted.glob(f"{kind}-*")):
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
