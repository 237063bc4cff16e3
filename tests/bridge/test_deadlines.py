"""How long a call may take."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from staging import configured

from a2a_mcp.a2a.errors import AgentUnreachable
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.deadlines import call_within, seconds_to_wait

SERVER = {"wait_seconds": 30, "max_wait_seconds": 60}


def registry(**table: Any) -> Registry:
    return Registry(configured(SERVER, it={"url": "https://a.example", **table}))


@pytest.mark.parametrize(
    ("table", "asked", "seconds"),
    [
        ({}, None, 30),
        ({}, 5, 5),
        ({}, 600, 60),
        ({"wait_seconds": 7}, None, 7),
        ({"max_wait_seconds": 10}, None, 10),
        ({"max_wait_seconds": 90}, 600, 90),
        ({"wait_seconds": 0}, None, 0),
    ],
)
def test_a_call_waits_as_asked_within_the_agents_and_then_the_servers_limits(
    table: dict[str, Any], asked: float | None, seconds: float
) -> None:
    assert seconds_to_wait(registry(**table), "it", asked) == seconds


def test_spent_seconds_shorten_the_wait_but_never_below_zero() -> None:
    assert seconds_to_wait(registry(), "it", 5, spent=2) == 3
    assert seconds_to_wait(registry(), "it", 5, spent=9) == 0


@pytest.mark.anyio
async def test_a_call_that_takes_too_long_counts_as_an_unreachable_agent() -> None:
    with pytest.raises(AgentUnreachable, match="no answer within"), call_within(0.01):
        await anyio.sleep_forever()
