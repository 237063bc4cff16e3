"""The metrics of a bridge as Prometheus reads them, and where else their names stand."""

import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from real_agents import Agents

from a2a_mcp.telemetry.metrics import Instruments
from e2e.bridges import Home, free_port
from e2e.hosts import http_host

pytestmark = pytest.mark.anyio

ROOT: Final = Path(__file__).parents[2]
WORDS: Final = "my-salary"
HAS_FULL_DISK: Final = sys.platform == "linux"
LIMITS: Final = {"calls_a_minute": 1, "burst_seconds": 180.0, "running_tasks": 1}


@pytest.fixture
async def metrics(home: Home, running_agent: Agents) -> AsyncIterator[str]:
    """The metrics of a bridge that has called its agents, and has refused two calls."""
    port = free_port()
    agents = {"good": running_agent("1.3-jsonrpc").url, "down": "http://127.0.0.1:1"}
    who, full = {"alice": "alice-secret"}, {"audit_file": "/dev/full"} if HAS_FULL_DISK else {}
    home.configure(agents, admin={"port": port}, tokens=who, limits=LIMITS, **full)
    async with home.serving() as served:
        async with http_host(served.url, "auto", "alice-secret") as host:
            await host.call("send_task", message=f"task {WORDS}", agent="good")
            await host.call("send_task", message=WORDS, agent="down")
            await host.call("send_task", message="slow 600", agent="good", wait_seconds=0)
            await host.call("send_task", message=f"task {WORDS}", agent="good")
            await host.call("agent_info")
        async with httpx.AsyncClient() as client:
            yield (await client.get(f"http://127.0.0.1:{port}/metrics")).text


async def test_the_metrics_tell_of_tools_agents_and_refusals_and_of_no_person(metrics: str) -> None:
    for line in (
        r'mcp_server_operation_duration_seconds_count{gen_ai_tool_name="send_task",.*} 2',
        r'a2a_client_operation_duration_seconds_count{agent="good",.*} 1',
        r'a2a_mcp_sends_total{agent="good",.*} 1',
        r'a2a_mcp_limited_total{limit="running_tasks",.*} 1',
        r'a2a_mcp_limited_total{limit="calls_a_minute",.*} 1',
        r"a2a_mcp_tasks_running{.*} 1",
        r"a2a_mcp_tasks_followed{.*} 1",
        r"a2a_mcp_tasks_polled{.*} 0",
        *([r"a2a_mcp_audit_lost_total{.*} 5"] if HAS_FULL_DISK else []),
        r"a2a_mcp_store_duration_seconds_count{.*} [1-9]",
    ):
        assert re.search(line, metrics), line
    assert not any(word in metrics for word in ("alice", WORDS, "127.0.0.1"))


def in_code() -> Iterator[str]:
    """The names of the instruments, wherever one is made."""
    for path in (ROOT / "a2a_mcp").rglob("*.py"):
        text = path.read_text("utf-8")
        yield from re.findall(r'(?:histogram|counter|observe)\(\s*"([\w.]+)"', text)


def in_documents() -> list[str]:
    text = (ROOT / "docs/operating.md").read_text("utf-8")
    return re.findall(r"^\| `((?:mcp|a2a|a2a_mcp)\.[\w.]+)` \|", text, re.MULTILINE)


def queried() -> Iterator[str]:
    """The names of the dashboard, without what Prometheus adds to them."""
    dashboard = json.loads((ROOT / "deploy" / "grafana.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            for name in re.findall(r"\b(?:a2a|mcp)_\w+", target["expr"]):
                yield re.sub(r"_total$|_seconds_(?:bucket|count|sum)$", "", name)


def test_every_metric_is_documented_and_on_the_dashboard_and_no_other() -> None:
    made = sorted(in_code())
    assert made == sorted(in_documents())
    assert {name.replace(".", "_") for name in made} == set(queried())
    assert len(made) >= len(Instruments.__slots__)
