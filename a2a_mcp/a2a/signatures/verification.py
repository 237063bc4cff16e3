"""Check the signatures of a card against keys that somebody else than the card has named.

It never raises for what a card holds: each outcome is words, and the part of the card that a right
signature vouches for.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jwt import InvalidTokenError, api_jws

from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.signatures.forms import Form, forms
from a2a_mcp.a2a.signatures.keys import Key

MOST_SIGNATURES: Final = 8
NAME_LENGTH: Final = 80
UNSIGNED: Final = "unsigned"
UNNAMED: Final = "a key without a name"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of a card; `head` is what it says of itself, None where that is garbage."""

    protected: str
    value: str
    head: Mapping[str, JSON] | None

    @property
    def key_id(self) -> str | None:
        """Return the name of its key, as the card has it."""
        name = self.head.get("kid") if self.head else None
        return name if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the check showed, in words; `card` is what was verified, None where nothing was."""

    words: str
    card: dict[str, JSON] | None = None


def signatures_of(document: Mapping[str, JSON]) -> list[Signature]:
    """Return the first signatures of a card, as far as they have the form of one."""
    listed = document.get("signatures")
    found = [_signature(item) for item in listed] if isinstance(listed, list) else []
    return [item for item in found if item][:MOST_SIGNATURES]


def check(document: Mapping[str, JSON], keys: Sequence[Key]) -> Outcome:
    """Check a card: one signature that is right is enough."""
    signatures = signatures_of(document)
    if not signatures:
        return Outcome("invalid: no signature in it can be read" if _says(document) else UNSIGNED)
    try:
        payloads = list(forms(document))
    except (ValueError, RecursionError) as error:
        return Outcome(f"invalid: the card cannot be written as signed cards are ({error})")
    outcomes = [_check(signature, keys, payloads) for signature in signatures]
    right = [outcome for outcome in outcomes if outcome.card is not None]
    wrong = [outcome for outcome in outcomes if outcome.words.startswith("invalid")]
    return [*right, *wrong, *outcomes][0]


def _says(document: Mapping[str, JSON]) -> bool:
    return bool(document.get("signatures"))


def _check(signature: Signature, keys: Sequence[Key], payloads: Sequence[Form]) -> Outcome:
    if signature.head is None:
        return Outcome("invalid: a signature's header cannot be read")
    named = [key for key in keys if key.id is not None and key.id == signature.key_id]
    candidates = named or [key for key in keys if key.id is None]
    name = (signature.key_id or UNNAMED)[:NAME_LENGTH]
    if not candidates:
        return Outcome(f"signed by an unknown key ({name})")
    if fault := _fault(signature.head, candidates):
        return Outcome(f"invalid: the signature by {name} {fault}")
    for key in candidates:
        for form in payloads:
            if _is_right(signature, form, key):
                return Outcome(f"verified by {name}", form.card)
    return Outcome(
        f"invalid: the signature by {name} does not fit the card: "
        "a member of the card was changed after signing, or another key signed it"
    )


def _fault(head: Mapping[str, JSON], keys: Sequence[Key]) -> str | None:
    """Return why a signature is refused by its header alone."""
    if "crit" in head or "b64" in head:
        return "asks for an extension of JWS that is not supported"
    algorithms = sorted({key.algorithm for key in keys})
    said = head.get("alg")
    if said not in algorithms:
        told = f"says {said[:NAME_LENGTH]}" if isinstance(said, str) else "says no"
        return f"{told} as its algorithm, but the key is for {' or '.join(algorithms)}"
    return None


def _is_right(signature: Signature, form: Form, key: Key) -> bool:
    if signature.head is None or signature.head.get("alg") != key.algorithm:
        return False
    payload = urlsafe_b64encode(form.payload).rstrip(b"=").decode()
    token = f"{signature.protected}.{payload}.{signature.value}"
    try:
        api_jws.decode(token, key=key.public, algorithms=[key.algorithm])
    except (InvalidTokenError, ValueError):
        return False
    return True


def _signature(item: JSON) -> Signature | None:
    if not isinstance(item, dict):
        return None
    protected, value = item.get("protected"), item.get("signature")
    if not isinstance(protected, str) or not isinstance(value, str):
        return None
    return Signature(protected, value, _head(protected))


def _head(protected: str) -> Mapping[str, JSON] | None:
    try:
        head = json.loads(urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
    except (ValueError, RecursionError):
        return None
    return head if isinstance(head, dict) else None
