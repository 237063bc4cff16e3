"""A transport that tells operators of each request: a span, a duration, and a line in the log.

It changes nothing of a request but the headers of the trace, and tells no words: the agent's name,
the operation, how it ended, milliseconds and bytes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.errors import A2AError, Delivery
from a2a_mcp.a2a.http.responses import EventStream, HttpResponse
from a2a_mcp.a2a.interfaces import Interface
from a2a_mcp.a2a.requests import Operation
from a2a_mcp.a2a.transport import Transport
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.telemetry.metrics import instruments
from a2a_mcp.telemetry.tracing import client_span, end_with, is_traced, trace_headers

log = logging.getLogger(__name__)

SENDS: Final = frozenset({Operation.SEND_MESSAGE, Operation.SEND_STREAMING_MESSAGE})
ANSWERED: Final = "answered"
BAD_REQUEST: Final = 400


def observed(transport: Transport, config: AgentConfig, interface: Interface) -> Transport:
    """Return the transport of an agent's interface, which tells of requests if anybody listens."""
    if not (is_traced() or instruments() or log.isEnabledFor(logging.INFO)):
        return transport
    return ObservedTransport(transport, config.name, interface, joins_traces=config.trace)


@dataclass(slots=True)
class Outcome:
    """How a request ended, as far as is known."""

    status: int | None = None
    size: int = 0
    error: A2AError | None = None

    def answered(self, answer: HttpResponse | EventStream) -> None:
        """Note an answer; the bytes of streams and of gRPC are not counted."""
        if isinstance(answer, HttpResponse):
            self.status = answer.status
            self.size = answer.size

    @property
    def word(self) -> str:
        """Return the outcome in one word, or the class of the error."""
        if self.error:
            return type(self.error).__name__
        return ANSWERED if self.status is None or self.status < BAD_REQUEST else str(self.status)

    @property
    def of_send(self) -> str:
        """Return whether a message was delivered, as far as is known."""
        if self.error is None or self.error.delivery is Delivery.YES:
            return "delivered"
        return "refused" if self.error.delivery is Delivery.NEVER else "unknown"


class ObservedTransport(Transport):
    """Passes requests of the agent `name` on to a transport, and tells of each.

    With `joins_traces` the agent is told to which trace a request belongs.
    """

    def __init__(
        self, transport: Transport, name: str, interface: Interface, *, joins_traces: bool
    ) -> None:
        self._transport = transport
        self._name = name
        self._interface = interface
        self._joins_traces = joins_traces

    async def fetch(
        self,
        outgoing: HttpRequest,
        headers: Mapping[str, str],
        attachment: Attachment,
        *,
        seconds: float | None = None,
        body_bytes: int | None = None,
    ) -> HttpResponse:
        """Send and return the whole answer; raises as the transport does."""
        with self._told(outgoing) as outcome:
            answer = await self._transport.fetch(
                outgoing,
                self._with_trace(headers),
                attachment,
                seconds=seconds,
                body_bytes=body_bytes,
            )
            outcome.answered(answer)
            return answer

    @asynccontextmanager
    async def stream(
        self, outgoing: HttpRequest, headers: Mapping[str, str], attachment: Attachment
    ) -> AsyncIterator[HttpResponse | EventStream]:
        """Send and yield the events; the span ends with the stream."""
        with self._told(outgoing) as outcome:
            async with self._transport.stream(
                outgoing, self._with_trace(headers), attachment
            ) as answer:
                outcome.answered(answer)
                yield answer

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    async def retire(self) -> None:
        """Close the transport once running calls have ended."""
        await self._transport.retire()

    def _with_trace(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**headers, **trace_headers()} if self._joins_traces else headers

    @contextmanager
    def _told(self, outgoing: HttpRequest) -> Iterator[Outcome]:
        """Tell of a request when it has ended, whatever its end."""
        operation = outgoing.operation or outgoing.verb
        outcome, began = Outcome(), time.monotonic()
        with self._agent_span(operation), self._http_span(outgoing, outcome):
            try:
                yield outcome
            except A2AError as error:
                outcome.error = error
                raise
            finally:
                self._count(operation, outcome, time.monotonic() - began)

    @contextmanager
    def _agent_span(self, operation: str) -> Iterator[None]:
        """Open the span of the agent's work, where a message asks for any."""
        if operation not in SENDS:
            yield
            return
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": self._name,
            "a2a.binding": self._interface.dialect.binding,
            "a2a.version": self._interface.dialect.version,
        }
        with client_span(f"invoke_agent {self._name}", attributes):
            yield

    @contextmanager
    def _http_span(self, outgoing: HttpRequest, outcome: Outcome) -> Iterator[None]:
        place = urlsplit(outgoing.url)
        attributes = {"http.request.method": outgoing.verb, "server.address": place.hostname or ""}
        if outgoing.operation:
            attributes["a2a.operation"] = outgoing.operation
        with client_span(outgoing.operation or outgoing.verb, attributes) as span:
            try:
                yield
            finally:
                known = {"http.response.status_code": outcome.status, "server.port": place.port}
                end_with(span, known, None if outcome.word == ANSWERED else outcome.word)

    def _count(self, operation: str, outcome: Outcome, seconds: float) -> None:
        self._log(operation, outcome, round(seconds * 1000))
        found = instruments()
        if found is None:
            return
        labels = {"agent": self._name, "operation": operation, "outcome": outcome.word}
        found.agent_calls.record(seconds, labels)
        if operation in SENDS:
            found.sends.add(1, {"agent": self._name, "outcome": outcome.of_send})

    def _log(self, operation: str, outcome: Outcome, ms: int) -> None:
        facts = {"agent": self._name, "operation": operation, "outcome": outcome.word, "ms": ms}
        size = ""
        if outcome.size:
            facts["bytes"] = outcome.size
            size = f", {outcome.size} bytes"
        line = "agent %s: %s: %s after %d ms%s"
        log.info(line, self._name, operation, outcome.word, ms, size, extra={"facts": facts})
