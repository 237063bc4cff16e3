"""Spans of a bridge, as a collector sees them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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

from e2e.bridges import Home, free_port, until

pytestmark = pytest.mark.anyio

TRACE: Final = "ab" * 16
PARENT: Final = f"00-{TRACE}-{'cd' * 8}-01"
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
