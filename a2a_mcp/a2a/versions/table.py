"""The one table of the dialects that this library speaks; a new version is one row of it.

Pure, and it must never import HTTP: the configuration reads the list of versions from here before
any agent is called. What a card makes of the table is decided in `a2a.interfaces`.
"""

from __future__ import annotations

import re
from typing import Final

from a2a_mcp.a2a.versions import python_a2a, v0_1, v0_3, v0_3_grpc, v0_3_rest, v1_0
from a2a_mcp.a2a.versions.base import Dialect

# Preferred first: newer versions before older ones, then JSON-RPC before HTTP+JSON before gRPC.
DIALECTS: Final[tuple[Dialect, ...]] = (
    v1_0.JSONRPC,
    v1_0.REST,
    v1_0.GRPC,
    v0_3.JSONRPC,
    v0_3_rest.REST,
    v0_3_grpc.GRPC,
    v0_3.JSONRPC_0_2,
    v0_1.JSONRPC,
    python_a2a.JSONRPC,
)
# How cards spell a binding, in lower case without separators.
BINDINGS: Final = {
    "jsonrpc": "JSONRPC",
    "httpjson": "HTTP+JSON",
    "http": "HTTP+JSON",
    "rest": "HTTP+JSON",
    "grpc": "GRPC",
}
UNNAMED_VERSION: Final = "0.3"  # A2A 1.0, section 3.6.2: an empty version means 0.3
# "1", "1.0", "1.0.3", "v1.0-beta"; the digits are bounded, since int() refuses very long ones.
VERSION: Final = re.compile(r"v?(\d{1,9})(?:\.(\d{1,9})?.*)?", re.ASCII | re.DOTALL)


def versions() -> list[str]:
    """Return the versions that a user may pin, preferred first."""
    return list(dict.fromkeys(row.version for row in DIALECTS if row.card_hint is None))


def dialect_named(version: str, binding: str) -> Dialect | None:
    """Return the dialect of a version over a binding; None when there is none."""
    names = (version, binding)
    return next((row for row in DIALECTS if (row.version, row.binding) == names), None)


def dialect_hinted(hints: tuple[str, ...]) -> Dialect | None:
    """Return the dialect that a card's hints identify, whatever version the card declares."""
    return next((row for row in DIALECTS if row.card_hint in hints), None)


def rank(dialect: Dialect) -> int:
    """Return a dialect's place in the table; the lowest is preferred."""
    return DIALECTS.index(dialect)


def binding_of(word: str) -> str | None:
    """Return the binding that a card's word means; None for a custom binding."""
    letters = "".join(letter for letter in word.lower() if letter.isalpha())
    return BINDINGS.get(letters)


def version_of(word: str) -> str | None:
    """Return the version of the table to speak with an agent that declares `word`.

    That is the highest version of the same major which is not above the declared one: minor
    versions are compatible. Below the lowest one it is the newest of the major. None for a major
    that the table does not have: its requests have another form.
    """
    if not word.strip():
        return UNNAMED_VERSION
    read = VERSION.fullmatch(word.strip().lower())
    if read is None:
        return None
    declared = int(read[1]), int(read[2] or 0)
    same_major = [number for number in _declarable() if number[0] == declared[0]]
    if not same_major:
        return None
    not_above = [number for number in same_major if number <= declared]
    major, minor = max(not_above or same_major)
    return f"{major}.{minor}"


def _declarable() -> list[tuple[int, int]]:
    """Return the versions that a card can declare, as numbers."""
    names = dict.fromkeys(row.version for row in DIALECTS if row.in_cards)
    parts = (name.split(".") for name in names)
    return [(int(major), int(minor)) for major, minor in parts]
