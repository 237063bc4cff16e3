"""The key that seals the state which travels through a client and back.

The SDK encrypts the state and binds it to the caller and the call; this module only finds the key.
The key outlives the process, and is read when the first question is put to a person, never at the
start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mcp.server.request_state import (
    AESGCMRequestStateCodec,
    InvalidRequestState,
    RequestStateSecurity,
)
from pydantic import SecretStr

from a2a_mcp.store.state_key import StateKey

LONGEST_SECONDS: Final = 86_400.0
"""The SDK's limit for sealed state; `ask_seconds` of the configuration is the real, shorter one."""


class LazyKey:
    """The SDK's codec, with a key that is read when it is first needed."""

    def __init__(self, folder: Path | None, configured: SecretStr | None) -> None:
        self._key = StateKey(folder, configured.get_secret_value() if configured else None)
        self._codec: AESGCMRequestStateCodec | None = None

    def seal(self, payload: bytes) -> str:
        """Return `payload`, sealed."""
        if self._codec is None:
            self._codec = AESGCMRequestStateCodec([self._key.make()])
        return self._codec.seal(payload)

    def unseal(self, token: str) -> bytes:
        """Return what was sealed; raises InvalidRequestState if it was not sealed with this key."""
        if self._codec is None:
            key = self._key.find()
            if key is None:
                raise InvalidRequestState("no key: nothing was ever sealed here")
            self._codec = AESGCMRequestStateCodec([key])
        return self._codec.unseal(token)


def sealing(folder: Path | None, configured: SecretStr | None) -> RequestStateSecurity:
    """Return the SDK's policy; a `configured` key replaces the one in the folder."""
    return RequestStateSecurity(codec=LazyKey(folder, configured), ttl=LONGEST_SECONDS)
