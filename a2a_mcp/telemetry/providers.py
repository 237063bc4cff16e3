"""Load OpenTelemetry's SDK where somebody wants spans or metrics, before a server is made.

Spans and metrics go where the variables of OpenTelemetry say (OTEL_EXPORTER_OTLP_ENDPOINT and its
kin). Metrics can also be read at `/metrics` of the listener for operators. The SDK comes with the
extra `telemetry`; without it, and where nobody wants anything, nothing is imported.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.resources import Resource

from a2a_mcp.telemetry.metrics import VARIABLES

log = logging.getLogger(__name__)

ENDPOINT, TRACES, METRICS = VARIABLES
EXTRA_MISSING: Final = (
    '%s is set, and OpenTelemetry is not installed: in the clone, uv tool install ".[telemetry]"'
)


def is_installed() -> bool:
    """Return whether the extra is there."""
    return all(
        find_spec(f"opentelemetry.{name}") for name in ("sdk", "exporter.prometheus", "proto")
    )


def start_telemetry(environ: Mapping[str, str], version: str, *, over_http: bool) -> None:
    """Set the providers of this process: `over_http` for what operators read, too."""
    wanted = [name for name in VARIABLES if environ.get(name)]
    if not _has_sdk():
        if wanted:
            log.warning(EXTRA_MISSING, wanted[0])
        return
    if wanted or over_http:
        _set(_resource(version), wanted, over_http=over_http)


def _has_sdk() -> bool:
    try:
        return is_installed()
    except ModuleNotFoundError:  # of a package around it
        return False


def _resource(version: str) -> Resource:
    from opentelemetry.sdk.resources import Resource

    return Resource.create({"service.name": "a2a-mcp", "service.version": version})


def _set(resource: Resource, wanted: list[str], *, over_http: bool) -> None:
    from opentelemetry.metrics import set_meter_provider
    from opentelemetry.sdk.metrics import MeterProvider

    if ENDPOINT in wanted or TRACES in wanted:
        _set_traces(resource)
    readers = [_pushed()] if ENDPOINT in wanted or METRICS in wanted else []
    if over_http:
        readers.append(_read_by_operators())
    set_meter_provider(MeterProvider(metric_readers=readers, resource=resource))


def _set_traces(resource: Resource) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import set_tracer_provider

    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    set_tracer_provider(provider)


def _pushed() -> MetricReader:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    return PeriodicExportingMetricReader(OTLPMetricExporter())


def _read_by_operators() -> MetricReader:
    from opentelemetry.exporter.prometheus import PrometheusMetricReader

    return PrometheusMetricReader()


def prometheus_page() -> tuple[bytes, str] | None:
    """Return the metrics as Prometheus reads them, and their media type; None without the extra."""
    if not _has_sdk():
        return None
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    page: Any = generate_latest()
    return page, CONTENT_TYPE_LATEST
