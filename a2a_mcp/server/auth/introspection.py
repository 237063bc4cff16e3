"""The place of one identity provider that says what a token is worth now (RFC 7662).

While it cannot be asked, or answers what is no answer, a token can be neither accepted nor refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import anyio

from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.oauth.token_server import TokenServer, discover
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.transport import Transport
from a2a_mcp.server.auth.errors import ProviderDown
from a2a_mcp.server.auth.provider import AGAIN_SECONDS, ANSWER_SECONDS, keeps_tls


class Introspection:
    """The provider of `settings`, asked by that client; `clock` is in monotonic seconds."""

    def __init__(
        self,
        settings: OAuth,
        transport: Transport,
        clock: Callable[[], float],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.problem: str | None = None
        """Why the last question had no answer, None if it had."""
        self._url = settings.issuer or ""
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._server: TokenServer | None = None
        self._looked = -math.inf
        self._looking = anyio.Lock()

    async def claims(self, token: str) -> Mapping[str, Any]:
        """Return what the provider says of a token: `active`, and its claims.

        Raises ProviderDown.
        """
        server = await self._known_server()
        with self._answering():
            said = await server.introspect(token)
        if not isinstance(said, Mapping) or not isinstance(said.get("active"), bool):
            self.problem = f"{self._url} answers what is no introspection"
            raise ProviderDown(self.problem)
        self.problem = None
        return said

    async def is_known(self) -> bool:
        """Return whether it is known where to ask, after a look where it is not."""
        with suppress(ProviderDown):
            await self._known_server()
        return self._server is not None

    async def _known_server(self) -> TokenServer:
        if self._server is None:
            async with self._looking:
                if self._server is None and self._clock() - self._looked > AGAIN_SECONDS:
                    await self._look()
        if self._server is None:
            raise ProviderDown(self.problem)
        return self._server

    async def _look(self) -> None:
        self._looked = self._clock()
        with self._answering():
            found = await discover(self._transport, self._url)
        place = found.introspection if found else None
        if found is None or place is None or not keeps_tls(place, self._url):
            self.problem = f"{self._url} publishes no introspection_endpoint that can be used"
            raise ProviderDown(self.problem)
        self._server = TokenServer(self._transport, self._settings, found)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn what hinders an answer into ProviderDown."""
        try:
            with anyio.fail_after(self._answer_seconds):
                yield
        except (A2AError, OAuthRefused, TimeoutError) as error:
            self.problem = f"{self._url}: {str(error) or 'no answer in time'}"
            raise ProviderDown(self.problem) from error
