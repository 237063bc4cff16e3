"""An identity provider: what it publishes of itself, and the keys that sign its tokens.

Keys are read when the first token comes. While the provider cannot be reached, keys that are known
go on; without any, a token can be neither accepted nor refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import anyio

from a2a_mcp.a2a.auth.oauth.metadata import is_same_issuer, metadata_urls
from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.decoding.json_values import text_of
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.signatures.keys import Key, read_keys
from a2a_mcp.a2a.transport import Transport
from a2a_mcp.server.auth.errors import ProviderDown

OK: Final = 200
MOST_BYTES: Final = 256 * 1024
KEPT_SECONDS: Final = 600.0
AGAIN_SECONDS: Final = 30.0
"""The least time between two looks for a key that is not known, and after a failed one."""

ANSWER_SECONDS: Final = 5.0
"""A host waits meanwhile for the answer to any request."""


class ProviderFault(Exception):
    """What the provider published cannot be used; the text says why."""


FAULTS: Final = (A2AError, ProviderFault, TimeoutError, ValueError)
"""What a look may end with."""


class Provider:
    """The keys of the provider at `url`; `clock` is in monotonic seconds."""

    def __init__(
        self,
        url: str,
        transport: Transport,
        clock: Callable[[], float],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.problem: str | None = None
        """Why the last look failed, None if it did not."""
        self._url = url
        self._transport = transport
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._keys: list[Key] = []
        self._looked = -math.inf
        self._looking = anyio.Lock()

    async def key(self, name: str | None) -> Key | None:
        """Return the key of a name; a token without one means the only key.

        Raises ProviderDown.
        """
        if self._is_due(name):
            async with self._looking:
                if self._is_due(name):  # another call may have looked meanwhile
                    await self._look()
        if not self._keys:
            raise ProviderDown(self.problem)
        return self._known(name)

    async def is_known(self) -> bool:
        """Return whether a key is known, after a look where there is none."""
        if not self._keys:
            with suppress(ProviderDown):
                await self.key(None)
        return bool(self._keys)

    def _known(self, name: str | None) -> Key | None:
        if name is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.id == name), None)

    def _is_due(self, name: str | None) -> bool:
        age = self._clock() - self._looked
        return age > (KEPT_SECONDS if self._known(name) else AGAIN_SECONDS)

    async def _look(self) -> None:
        try:
            with anyio.fail_after(self._answer_seconds):
                self._keys = await self._published_keys()
            self.problem = None
        except FAULTS as error:
            self.problem = f"{self._url}: {str(error) or 'no answer in time'}"
        self._looked = self._clock()

    async def _published_keys(self) -> list[Key]:
        published = await self._metadata()
        address = published.get("jwks_uri")
        if not isinstance(address, str):
            raise ProviderFault("it publishes no jwks_uri")
        if not keeps_tls(address, self._url):
            raise ProviderFault("its jwks_uri is without TLS, so that keys could be changed")
        found = await self._read(address)
        if found is None:
            raise ProviderFault(f"{address} holds no keys")
        return read_keys(found)

    async def _metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself, by OpenID or by OAuth (RFC 8414)."""
        for address in metadata_urls(self._url):
            published = _object(await self._read(address))
            if published:
                return self._checked(published, address)
        raise ProviderFault("it publishes no metadata")

    def _checked(self, published: dict[str, Any], address: str) -> dict[str, Any]:
        if not is_same_issuer(text_of(published.get("issuer")), self._url):
            raise ProviderFault(f"{address} is of another issuer")
        return published

    async def _read(self, address: str) -> str | None:
        """Return what an address holds, None where there is nothing."""
        request = HttpRequest("GET", address)
        answer = await self._transport.fetch(request, {}, Attachment(), body_bytes=MOST_BYTES)
        return answer.raw.decode("utf-8", "replace") if answer.status == OK else None


def keeps_tls(address: str, issuer: str) -> bool:
    """Return whether an address that an issuer publishes is as safe on the way as the issuer is."""
    return address.startswith("https://") or issuer.startswith("http://")


def _object(text: str | None) -> dict[str, Any]:
    """Return a JSON object; an empty one for a page, as some show at each unknown address."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):  # the latter by JSON that is too deep
        return {}
    return found if isinstance(found, dict) else {}
