"""The forms in which cards are signed: the bytes of each, and the card that those bytes vouch for.

A2A 1.0 asks for RFC 8785 over the members it names. The SDKs in use differ in what they leave out,
and a2a-sdk 0.3 in how it writes JSON, so all four are tried. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import rfc8785

from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.signatures.projection import covered, without_empty

DEEPEST: Final = 64
EXACT: Final = 2**53 - 1
# What shows the type of a 0.3 security scheme: the member `type` itself is not signed.
SCHEME_BY_MEMBER: Final = {
    "in": "apiKey",
    "scheme": "http",
    "flows": "oauth2",
    "openIdConnectUrl": "openIdConnect",
}


class Form(NamedTuple):
    """The signed bytes, and the card that may be used where their signature is right."""

    payload: bytes
    card: dict[str, JSON]


def forms(document: Mapping[str, JSON]) -> Iterator[Form]:
    """Yield the forms of a card, the most frequent first.

    Raises ValueError for a card that has none: nested too deeply, NaN, text that is not Unicode.
    """
    bare = {name: item for name, item in document.items() if name != "signatures"}
    exact = _exact(bare)
    used = covered(exact, keep_required=True)
    small = without_empty(covered(exact, keep_required=False))
    yield Form(rfc8785.dumps(small or {}), used)  # a2a-sdk 1.x, @a2a-js/sdk
    yield Form(rfc8785.dumps(used), used)  # the specification
    yield Form(rfc8785.dumps(exact), exact)  # all that was received
    yield Form(_python_0_3(bare), _with_schemes(bare))


def _exact(value: dict[str, JSON]) -> dict[str, JSON]:
    return {name: _number(item, 1) for name, item in value.items()}


def _number(value: JSON, depth: int) -> JSON:
    """Return the value with integers that JavaScript cannot hold as the floats it makes of them."""
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {name: _number(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_number(item, depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return _float(value)
    return value


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a number is too large") from None


def _python_0_3(bare: Mapping[str, JSON]) -> bytes:
    """Return what a2a-sdk 0.3 signs: Python's JSON without defaults, and without types."""
    signed = dict(bare)
    for name, default in (("preferredTransport", "JSONRPC"), ("protocolVersion", "0.3.0")):
        if signed.get(name) == default:
            del signed[name]
    schemes = signed.get("securitySchemes")
    if isinstance(schemes, dict):
        signed["securitySchemes"] = {name: _untyped(item) for name, item in schemes.items()}
    return json.dumps(without_empty(signed), separators=(",", ":"), sort_keys=True).encode()


def _untyped(scheme: JSON) -> JSON:
    if not isinstance(scheme, dict):
        return scheme
    return {name: item for name, item in scheme.items() if name != "type"}


def _with_schemes(bare: dict[str, JSON]) -> dict[str, JSON]:
    """Return the card with the types that its security schemes show, instead of those it says."""
    schemes = bare.get("securitySchemes")
    if not isinstance(schemes, dict):
        return bare
    return {**bare, "securitySchemes": {name: _typed(item) for name, item in schemes.items()}}


def _typed(scheme: JSON) -> JSON:
    if not isinstance(scheme, dict):
        return scheme
    shown = (kind for member, kind in SCHEME_BY_MEMBER.items() if scheme.get(member))
    return {**scheme, "type": next(shown, "mutualTLS")}
