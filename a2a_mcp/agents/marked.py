"""A transport that tells an agent to which call a request belongs, so that its log can be searched.

The id is the one that stands in the lines of the bridge's own log.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.http.responses import EventStream, HttpResponse
from a2a_mcp.a2a.transport import Transport
from a2a_mcp.telemetry.calls import current_call

CALL_HEADER: Final = "x-request-id"


class MarkedTransport(Transport):
    """Passes requests on to a transport, each with the id of its call."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def fetch(
        self,
        outgoing: HttpRequest,
        headers: Mapping[str, str],
        attachment: Attachment,
        *,
        seconds: float | None = None,
        body_bytes: int | None = None,
    ) -> Coroutine[Any, Any, HttpResponse]:
        """Send and return the whole answer; raises as the transport does."""
        return self._transport.fetch(
            outgoing, _marked(headers), attachment, seconds=seconds, body_bytes=body_bytes
        )

    def stream(
        self, outgoing: HttpRequest, headers: Mapping[str, str], attachment: Attachment
    ) -> AbstractAsyncContextManager[HttpResponse | EventStream]:
        """Send and yield the events; raises as the transport does."""
        return self._transport.stream(outgoing, _marked(headers), attachment)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    async def retire(self) -> None:
        """Close the transport once running calls have ended."""
        await self._transport.retire()


def _marked(headers: Mapping[str, str]) -> Mapping[str, str]:
    call = current_call()
    return {CALL_HEADER: call, **headers} if call else headers
