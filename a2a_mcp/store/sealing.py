"""Seal what is kept on disk with the state key, so that a copy of the file alone shows nothing.

What is sealed is bound to its place: it opens under the same name only.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PURPOSE: Final = b"a2a-mcp logins 1\0"
NONCE_BYTES: Final = 12


class Seal:
    """Seals with a key of its own, derived from the state key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hashlib.sha256(PURPOSE + key).digest())

    def seal(self, text: bytes, name: str) -> bytes:
        """Return `text` sealed under a name."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text, name.encode())

    def unseal(self, sealed: bytes, name: str) -> bytes | None:
        """Return what was sealed; None for another key, another name or damage."""
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, text, name.encode())
        except (InvalidTag, ValueError):
            return None
