"""Spans of a bridge, as a collector sees them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from real_agents import Agents
from scripted import GET, SEND, done, result, scripted, task
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from e2e.bridges import Home, free_port, until

pytestmark = pytest.mark.anyio

TRACE: Final = "ab" * 16
HOST_SPAN: Final = "cd" * 8
PARENT: Final = f"00-{TRACE}-{HOST_SPAN}-01"
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


async def sends(url: str, mode: str, *, in_header: bool, **arguments: Any) -> None:
    """Send a message as a host does that has a trace of its own, and names it in one place."""
    headers = {"traceparent": PARENT} if in_header else {}
    meta: Any = {} if in_header else {"traceparent": PARENT}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=20) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        await client.call_tool("send_task", {"agent": "good", **arguments}, meta=meta)


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """A collector that the bridges of a test send their spans to."""
    async with collecting() as (collector, url):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield collector


@pytest.mark.parametrize(
    ("mode", "in_header", "joins"),
    [
        ("2026-07-28", True, True),
        ("2026-07-28", False, True),
        ("2026-07-28", True, False),
        ("legacy", True, True),
    ],
    ids=["header", "meta", "foreign", "legacy"],
)
async def test_one_trace_leads_from_a_host_to_the_agents_log_unless_it_is_foreign(
    home: Home, running_agent: Agents, collector: Collector, mode: str, in_header: bool, joins: bool
) -> None:
    agent = running_agent("1.3-jsonrpc")
    audit = home.folder / "audit.jsonl"
    home.configure({"good": {"url": agent.url, "trace": joins}}, audit_file=str(audit))
    before = len(agent.requests())
    async with home.serving() as served:
        await sends(served.url, mode, in_header=in_header, message=f"task {WORDS}")
        await until(lambda: collector.has("invoke_agent good"))
        await until(lambda: collector.has("tools/call send_task"))
    spans = collector.spans
    invoked, tool = spans["invoke_agent good"], spans["tools/call send_task"]
    assert {it.trace_id.hex() for it in (invoked, tool)} == {TRACE}
    assert tool.parent_span_id.hex() == HOST_SPAN
    assert invoked.parent_span_id == tool.span_id
    assert spans["SendStreamingMessage"].parent_span_id == invoked.span_id
    sent = [it for it in agent.requests()[before:] if it.get("rpc") == "SendStreamingMessage"]
    assert [TRACE in it["headers"].get("traceparent", "") for it in sent] == [joins]
    assert json.loads(audit.read_text("utf-8"))["trace"] == TRACE
    assert WORDS not in str(spans)


async def test_what_a_task_does_after_its_call_is_a_trace_of_its_own_with_a_link(
    home: Home, collector: Collector
) -> None:
    async with scripted() as agent:
        agent.on(SEND, result({"task": task("working")}))
        agent.on(GET, result(task("working")), result(done("at last")))
        home.configure({"good": agent.url})
        async with home.serving() as served:
            await sends(served.url, "2026-07-28", in_header=True, message=WORDS, wait_seconds=0)
            await agent.called(GET, 2)
            await until(lambda: collector.has("GetTask"))
            await until(lambda: collector.has("tools/call send_task"))
        sent, read = agent.calls(SEND)[0].headers, agent.calls(GET)[0].headers
    tool, poll = collector.spans["tools/call send_task"], collector.spans["GetTask"]
    assert collector.spans["SendMessage"].trace_id.hex() == TRACE
    assert TRACE in sent["traceparent"]
    assert (poll.trace_id.hex() != TRACE, poll.parent_span_id) == (True, b"")
    assert [(link.trace_id.hex(), link.span_id) for link in poll.links] == [(TRACE, tool.span_id)]
    assert TRACE not in read["traceparent"]
