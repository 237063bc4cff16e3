"""What tests and their agents note for `tests/canaries.py`: secrets, and what must hold none.

Agents run in environments of their own, so this needs the standard library alone. All processes of
a run write into one folder, which a variable names.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import parse_qsl

FOLDER = "TEST_CANARIES"
MOST_TOLD = 64 * 1024

FORM = "application/x-www-form-urlencoded"
SECRET_FIELDS = frozenset(
    {
        "assertion",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "device_code",
        "refresh_token",
        "subject_token",
        "token",
    }
)
"""The fields of a form for a token server that are secret; agents get no forms."""

CREDENTIAL = re.compile(r"(proxy-)?authorization|cookie|x-.*")
"""Headers in which a credential may stand."""

KEY_IN_QUERY = re.compile(r"(?<=[?&])(k|api_key|x-key)=[^&]*", re.IGNORECASE)
"""Where a card may want an API key."""


def note(*secrets: str) -> None:
    """Note secrets."""
    _write("secrets", *secrets)


def tell(where: str, text: str) -> None:
    """Note what somebody is told, where it is in no file of the tests."""
    current = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
    test = current if "pytest" in sys.modules else "any test"  # it began in one, and serves others
    _write("told", f"{where} ({test}): {text[:MOST_TOLD]}")


def look_into(place: str) -> None:
    """Note a folder beside those of the tests in which a bridge's data stand."""
    _write("places", place)


def arrived(path: str, headers: Mapping[str, str], body: bytes = b"") -> None:
    """Note what a server of the tests has got: the credentials in it, and all the rest."""
    note(headers.get("authorization", "").partition(" ")[2])
    text = body.decode("utf-8", "replace")
    if headers.get("content-type", "").startswith(FORM):
        note(*(value for name, value in parse_qsl(text) if name in SECRET_FIELDS))
        text = ""
    others = {name: it for name, it in headers.items() if not CREDENTIAL.fullmatch(name)}
    tell("an agent got", f"{KEY_IN_QUERY.sub('', path)} {others} {text}")


def _write(kind: str, *texts: str) -> None:
    """Write lines, except where a test lets the disk be full."""
    folder = os.environ.get(FOLDER)
    lines = [f"{json.dumps(text)}\n" for text in texts if text]
    if folder and lines:
        path = os.path.join(folder, f"{kind}-{os.getpid()}")
        with suppress(OSError), open(path, "a", encoding="utf-8") as file:
            file.writelines(lines)
