"""Spans and metrics of a bridge, as a collector and Prometheus see them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import pytest
import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from real_agents import Agents
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from a2a_mcp.telemetry.metrics import Instruments
from e2e.bridges import Home, free_port, until
from e2e.hosts import http_host

pytestmark = pytest.mark.anyio

TRACE: Final = "ab" * 16
PARENT: Final = f"00-{TRACE}-{'cd' * 8}-01"
ROOT: Final = Path(__file__).parents[2]
WORDS: Final = "my-salary"


class Collector:
    """What an OpenTelemetry collector has been sent: each span by its name."""

    def __init__(self) -> None:
        self.spans: dict[str, Any] = {}

    async def take(self, request: Request) -> Response:
        sent = ExportTraceServiceRequest()
        sent.ParseFromString(await request.body())
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                self.spans |= {span.name: span for span in scope.spans}
        return Response(b"", media_type="application/x-protobuf")

    async def has(self, name: str) -> bool:
        return name in self.spans


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, str]]:
    collector, port = Collector(), free_port()
    app = Starlette(routes=[Route("/v1/traces", collector.take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", lifespan="off"))
    async with anyio.create_task_group() as group:
        group.start_soon(server.serve)
        yield collector, f"http://127.0.0.1:{port}"
        server.should_exit = True


async def called(url: str, message: str) -> dict[str, Any]:
    """Send a message as a host does that has a trace of its own."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "traced", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
        "traceparent": PARENT,
    }
    params = {"name": "send_task", "arguments": {"message": message}, "_meta": meta}
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "send_task",
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    async with httpx.AsyncClient(timeout=20) as client:
        answer = await client.post(url, json=request, headers=headers)
    found: dict[str, Any] = json.loads(answer.text.rpartition("data: ")[2] or answer.text)
    return found


@pytest.mark.parametrize("joins", [True, False])
async def test_one_trace_leads_from_a_host_to_the_agent_unless_it_is_foreign(
    home: Home, running_agent: Agents, joins: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = running_agent("1.3-jsonrpc")
    home.configure({"good": {"url": agent.url, "trace": joins}})
    async with collecting() as (collector, url):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        before = len(agent.requests())
        async with home.serving() as served:
            await called(served.url, f"task {WORDS}")
            await until(lambda: collector.has("invoke_agent good"))
            await until(lambda: collector.has("tools/call send_task"))
    spans = collector.spans
    invoked, tool = spans["invoke_agent good"], spans["tools/call send_task"]
    assert {it.trace_id.hex() for it in (invoked, tool)} == {TRACE}
    assert invoked.parent_span_id == tool.span_id
    assert spans["SendStreamingMessage"].parent_span_id == invoked.span_id
    sent = [it for it in agent.requests()[before:] if it.get("rpc") == "SendStreamingMessage"]
    assert [TRACE in it["headers"].get("traceparent", "") for it in sent] == [joins]
    assert WORDS not in str(spans)


@pytest.fixture
async def metrics(home: Home, running_agent: Agents) -> AsyncIterator[str]:
    """The metrics of a bridge that has called its agents."""
    port = free_port()
    agents = {"good": running_agent("1.3-jsonrpc").url, "down": "http://127.0.0.1:1"}
    limits = {"calls_a_minute": 1, "burst_seconds": 60.0}
    home.configure(agents, admin={"port": port}, tokens={"alice": "alice-secret"}, limits=limits)
    async with home.serving() as served:
        async with http_host(served.url, "auto", "alice-secret") as host:
            await host.call("send_task", message=f"task {WORDS}", agent="good")
            await host.call("send_task", message=WORDS, agent="down")
            await host.call("agent_info")
        async with httpx.AsyncClient() as client:
            yield (await client.get(f"http://127.0.0.1:{port}/metrics")).text


async def test_the_metrics_tell_of_tools_agents_and_refusals_and_of_no_person(metrics: str) -> None:
    for line in (
        'mcp_server_operation_duration_seconds_count{gen_ai_tool_name="send_task",',
        'a2a_client_operation_duration_seconds_count{agent="good",',
        'a2a_mcp_sends_total{agent="good",',
        "a2a_mcp_limited_total{",
        "a2a_mcp_tasks_followed{",
    ):
        assert line in metrics
    assert not any(word in metrics for word in ("alice", WORDS, "127.0.0.1"))


def queried() -> Iterator[str]:
    dashboard = json.loads((ROOT / "deploy" / "grafana.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield from re.findall(r"\b(?:a2a|mcp)_\w+", target["expr"])


async def test_every_query_of_the_dashboard_names_a_metric_that_exists() -> None:
    names = {*INSTRUMENT_NAMES, "a2a_mcp.tasks.followed"}
    stems = {name.replace(".", "_") for name in names}
    asked = set(queried())
    assert len(asked) >= 6
    assert [name for name in asked if not any(name.startswith(stem) for stem in stems)] == []


INSTRUMENT_NAMES: Final = re.findall(
    r'"((?:a2a|mcp)[\w.]+\.[\w.]+)"', (ROOT / "a2a_mcp/telemetry/metrics.py").read_text("utf-8")
)


@pytest.mark.parametrize("name", INSTRUMENT_NAMES)
def test_every_metric_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/operating.md").read_text("utf-8")


def test_there_is_an_instrument_for_each_name() -> None:
    assert len(INSTRUMENT_NAMES) == len(Instruments.__slots__)
