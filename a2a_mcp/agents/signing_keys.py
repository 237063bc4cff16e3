"""Where the keys that may sign an agent's card are read: a file, or a URL.

The URL is one that the configuration names, or that a card names on a host which the configuration
allows. It gets no credentials.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import anyio

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.errors import InvalidAgentResponse, UrlRefused
from a2a_mcp.a2a.http.download import public_address
from a2a_mcp.a2a.http.origins import PORTS, origin_of, plain
from a2a_mcp.a2a.signatures.keys import Key, read_keys
from a2a_mcp.a2a.signatures.verification import Signature
from a2a_mcp.agents.transports import Transports
from a2a_mcp.config.signature import SignatureTable

OK: Final = 200
MOST_BYTES: Final = 64 * 1024
KEPT_SECONDS: Final = 3600.0
AGAIN_SECONDS: Final = 300.0
"""How long keys are kept although a card names one that is not among them."""


class _Kept(NamedTuple):
    read_at: float
    keys: list[Key]


class SigningKeys:
    """The keys of the table `signature`; those of a URL are kept for an hour."""

    def __init__(
        self, table: SignatureTable, transports: Transports, clock: Callable[[], float]
    ) -> None:
        self._table = table
        self._transports = transports
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    async def for_signatures(self, signatures: Sequence[Signature]) -> list[Key]:
        """Return the keys that may have made the signatures.

        Raises A2AError, OSError and ValueError where they cannot be read.
        """
        wanted = {item.key_id for item in signatures if item.key_id}
        keys = await self._configured(wanted)
        if any(key.id is None or key.id in wanted for key in keys):
            return keys
        for url in dict.fromkeys(filter(None, map(self._named_url, signatures))):
            keys = [*keys, *await self._at(url, wanted, self._foreign)]
        return keys

    async def _configured(self, wanted: set[str]) -> list[Key]:
        source = self._table.keys
        if source is None:
            return []
        if isinstance(source, Path):
            return self._read(await anyio.Path(source).read_text("utf-8"), str(source))
        return await self._at(source, wanted, self._fetched)

    def _named_url(self, signature: Signature) -> str | None:
        """Return where a signature says its key is, if the configuration allows that host."""
        url = signature.head.get("jku") if signature.head else None
        if not isinstance(url, str):
            return None
        try:
            origin = origin_of(url)
        except UrlRefused:
            return None
        usual = origin.scheme == "https" and origin.port == PORTS["https"]
        return url if usual and origin.host in self._table.jku_hosts else None

    async def _at(
        self, url: str, wanted: set[str], read: Callable[[str], Awaitable[str]]
    ) -> list[Key]:
        kept = self._kept.get(url)
        if kept is None or self._is_old(kept, wanted):
            kept = _Kept(self._clock(), self._read(await read(url), plain(url)))
            self._kept[url] = kept
        return kept.keys

    def _is_old(self, kept: _Kept, wanted: set[str]) -> bool:
        age = self._clock() - kept.read_at
        is_known = any(key.id is None or key.id in wanted for key in kept.keys)
        return age > (KEPT_SECONDS if is_known else AGAIN_SECONDS)

    def _read(self, text: str, source: str) -> list[Key]:
        try:
            return read_keys(text, self._table.algorithms)
        except ValueError as error:
            raise ValueError(f"{source} {error}") from None

    async def _fetched(self, url: str) -> str:
        """Return what the operator's URL holds; it is reached as the agent is."""
        request = HttpRequest("GET", url)
        answer = await self._transports.http().fetch(
            request, {}, Attachment(), body_bytes=MOST_BYTES
        )
        if answer.status != OK:
            raise InvalidAgentResponse(f"HTTP {answer.status} at {plain(url)}", url=plain(url))
        return answer.raw.decode("utf-8", "replace")

    async def _foreign(self, url: str) -> str:
        """Return what a card's URL holds, from a public address and without redirects."""
        transport = self._transports.foreign(MOST_BYTES)
        try:
            address = await public_address(origin_of(url), transport.limits.connect_seconds)
            file = await transport.file(url, Attachment(), address=address)
        finally:
            await transport.aclose()
        if file.status != OK:
            raise InvalidAgentResponse(f"HTTP {file.status} at {plain(url)}", url=plain(url))
        return file.data.decode("utf-8", "replace")
