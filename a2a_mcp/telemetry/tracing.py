"""Spans of calls to agents, in the words of OpenTelemetry's conventions for agents and HTTP.

Where no SDK of OpenTelemetry is loaded nothing is made: `telemetry.providers` loads it. A span
never holds words of a person or an agent, nor a URL's path: only names, ids and numbers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import Span

Attributes = Mapping[str, str | int]


def is_traced() -> bool:
    """Return whether anybody may record spans in this process."""
    return "opentelemetry.sdk.trace" in sys.modules


@contextmanager
def client_span(name: str, attributes: Attributes) -> Iterator[Span | None]:
    """Open a span of a call that leaves this process; None where none is recorded."""
    if not is_traced():
        yield None
        return
    from opentelemetry.trace import SpanKind, get_tracer

    opened = get_tracer("a2a_mcp").start_as_current_span(
        name, kind=SpanKind.CLIENT, attributes=dict(attributes)
    )
    with opened as span:
        yield span


def end_with(span: Span | None, attributes: Mapping[str, Any], error: str | None) -> None:
    """Add what is known at the end of a span; `error` is a class of errors, never its words."""
    if span is None:
        return
    from opentelemetry.trace import Status, StatusCode

    span.set_attributes({name: it for name, it in attributes.items() if it is not None})
    if error:
        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR))


def trace_headers() -> dict[str, str]:
    """Return the headers that join what another server does to the current span."""
    if not is_traced():
        return {}
    from opentelemetry.propagate import inject

    headers: dict[str, str] = {}
    inject(headers)
    return headers
