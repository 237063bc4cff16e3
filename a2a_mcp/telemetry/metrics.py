"""What is counted and timed, for operators: no label ever names a caller, a task or a URL.

Where no SDK of OpenTelemetry is loaded nothing is counted: `telemetry.providers` loads it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation

VARIABLES: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
"""The variables that say where spans and metrics go, as OpenTelemetry names them."""

BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds: a call may take from some milliseconds to as long as a host waits."""

STORE_BUCKETS: Final = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
"""Seconds: a file answers in some microseconds, a database across a network in milliseconds."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """The instruments of this process. Their names are documented in docs/operating.md."""

    tool_calls: Histogram
    agent_calls: Histogram
    sends: Counter
    taken_over: Counter
    limited: Counter
    refused_tokens: Counter
    store_uses: Histogram
    store_errors: Counter
    audit_lost: Counter


def instruments() -> Instruments | None:
    """Return what to count with; None where nobody counts."""
    return _made() if "opentelemetry.sdk.metrics" in sys.modules else None


def count_refusal(limit: str) -> None:
    """Count a call that a limit of the configuration, or of this process, has refused."""
    if found := instruments():
        found.limited.add(1, {"limit": limit})


class StoreUse:
    """Times what is done in its block as one use of the file or database, whatever its end."""

    __slots__ = ("_began",)

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        if found := instruments():
            found.store_uses.record(time.perf_counter() - self._began)


def observe(name: str, describes: str, value: Callable[[], int]) -> None:
    """Let a number be read whenever the metrics are collected."""
    if instruments() is None:
        return
    from opentelemetry.metrics import Observation

    def read(_: CallbackOptions) -> Iterator[Observation]:
        yield Observation(value())

    _meter().create_observable_gauge(name, callbacks=[read], description=describes)


def _meter() -> Meter:
    from opentelemetry.metrics import get_meter

    return get_meter("a2a_mcp")


@cache
def _made() -> Instruments:
    meter = _meter()

    def histogram(name: str, describes: str, buckets: Sequence[float] = BUCKETS) -> Histogram:
        return meter.create_histogram(
            name, "s", describes, explicit_bucket_boundaries_advisory=buckets
        )

    return Instruments(
        histogram("mcp.server.operation.duration", "Calls of tools"),
        histogram("a2a.client.operation.duration", "Requests to agents"),
        meter.create_counter("a2a_mcp.sends", description="Messages to agents"),
        meter.create_counter("a2a_mcp.tasks.taken_over", description="Tasks of dead processes"),
        meter.create_counter("a2a_mcp.limited", description="Calls refused by a limit"),
        meter.create_counter("a2a_mcp.auth.refused", description="Tokens refused"),
        histogram("a2a_mcp.store.duration", "Uses of the database", STORE_BUCKETS),
        meter.create_counter("a2a_mcp.store.errors", description="Failures of the database"),
        meter.create_counter("a2a_mcp.audit.lost", description="Lines the audit could not write"),
    )
