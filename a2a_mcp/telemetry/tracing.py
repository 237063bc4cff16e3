"""Spans of calls to agents, in the words of OpenTelemetry's conventions for agents and HTTP.

Where no SDK of OpenTelemetry is loaded nothing is made: `telemetry.providers` loads it. A span
never holds words of a person or an agent, nor a URL's path: only names, ids and numbers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span

Attributes = Mapping[str, str | int]
HEADER: Final = "traceparent"


def is_traced() -> bool:
    """Return whether anybody may record spans in this process."""
    return "opentelemetry.sdk.trace" in sys.modules


@contextmanager
def client_span(name: str, attributes: Attributes) -> Iterator[Span | None]:
    """Open a span of a call that leaves this process; None where none is recorded.

    A call of a host may end while its task runs on. What happens then is a trace of its own, with a
    link to the call: its trace would grow for hours after its end, and become too long to read.
    """
    if not is_traced():
        yield None
        return
    from opentelemetry.trace import SpanKind, get_tracer

    context, links = _place()
    opened = get_tracer("a2a_mcp").start_as_current_span(
        name, context, kind=SpanKind.CLIENT, attributes=dict(attributes), links=links
    )
    with opened as span:
        yield span


def _place() -> tuple[Context | None, list[Link]]:
    """Return where a span belongs: below the current one, or beside it with a link if it ended."""
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, get_current_span

    current = get_current_span()
    begun = current.get_span_context()
    has_ended = begun.trace_flags.sampled and not (begun.is_remote or current.is_recording())
    return (Context(), [Link(begun)]) if has_ended else (None, [])


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


@contextmanager
def joined_to(headers: Mapping[str, str]) -> Iterator[None]:
    """Let spans in the block belong to the trace that the headers of a request name, if any."""
    if HEADER not in headers:
        yield
        return
    from opentelemetry.context import attach, detach
    from opentelemetry.propagate import extract

    token = attach(extract(headers))
    try:
        yield
    finally:
        detach(token)


def current_trace() -> str | None:
    """Return the id of the trace that is recorded; None where none is."""
    if not is_traced():
        return None
    from opentelemetry.trace import format_trace_id, get_current_span

    found = get_current_span().get_span_context()
    return format_trace_id(found.trace_id) if found.is_valid else None
