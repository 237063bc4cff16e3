"""What carries requests to an agent: the one face of the transports over HTTP and over gRPC."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.http.responses import EventStream, HttpResponse


class Transport(Protocol):
    """Sends a request and reads what is answered, within the limits of one agent."""

    async def fetch(
        self,
        outgoing: HttpRequest,
        headers: Mapping[str, str],
        attachment: Attachment,
        *,
        seconds: float | None = None,
        body_bytes: int | None = None,
    ) -> HttpResponse:
        """Send and return the whole answer, within `seconds` and `body_bytes`; raises A2AError."""

    def stream(
        self, outgoing: HttpRequest, headers: Mapping[str, str], attachment: Attachment
    ) -> AbstractAsyncContextManager[HttpResponse | EventStream]:
        """Send and yield the events, or the answer where there are none; raises A2AError."""

    async def aclose(self) -> None:
        """Close the connections."""

    async def retire(self) -> None:
        """Close the connections once running calls have ended."""
