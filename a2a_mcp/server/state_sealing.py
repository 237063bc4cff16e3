"""State that travels through a client is sealed, with a key that outlives this process.

The SDK seals and binds it to the caller and the call; here is where its key comes from. The key is
looked up when the first question is put to a person, never at start.
"""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Final

from mcp.server.request_state import (
    AESGCMRequestStateCodec,
    InvalidRequestState,
    RequestStateSecurity,
)
from pydantic import SecretStr

from a2a_mcp.store.state_key import KEY_BYTES, make_key, read_key

log = logging.getLogger(__name__)

LONGEST_SECONDS: Final = 86_400.0
"""How long sealed state may be given back at most; how long an answer may take is for `asking`."""


class LazyKey:
    """The SDK's own way to seal, with a key that is read when it is first needed."""

    def __init__(self, folder: Path | None, configured: SecretStr | None) -> None:
        self._folder = folder
        self._configured = configured
        self._codec: AESGCMRequestStateCodec | None = None

    def seal(self, payload: bytes) -> str:
        """Give the sealed form of `payload`."""
        if self._codec is None:
            self._codec = AESGCMRequestStateCodec([self._known() or self._made()])
        return self._codec.seal(payload)

    def unseal(self, token: str) -> bytes:
        """Give what was sealed; raises InvalidRequestState for what this key has not sealed."""
        if self._codec is None:
            key = self._known()
            if key is None:
                raise InvalidRequestState("no key: nothing was ever sealed here")
            self._codec = AESGCMRequestStateCodec([key])
        return self._codec.unseal(token)

    def _known(self) -> bytes | str | None:
        if self._configured:
            return self._configured.get_secret_value()
        return read_key(self._folder) if self._folder else None

    def _made(self) -> bytes:
        try:
            if self._folder:
                return make_key(self._folder)
        except OSError as error:
            log.warning(
                "questions put to a person are forgotten at a restart: "
                "the key cannot be kept in %s (%s)",
                self._folder,
                error.strerror or error,
            )
        return secrets.token_bytes(KEY_BYTES)


def sealing(folder: Path | None, configured: SecretStr | None) -> RequestStateSecurity:
    """Make the SDK's policy; `configured` is used in place of the folder's key."""
    return RequestStateSecurity(codec=LazyKey(folder, configured), ttl=LONGEST_SECONDS)
