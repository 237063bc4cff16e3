"""Measure the bridge beside the floor and print one table: `uv run python bench/run.py`.

Exit status 1 when a row misses its limit.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from context import context_bytes
from large import fill_tasks, write_config
from measures import Limits, Match, Plan, cold_start, http, stdio_latency
from servers import bridge, echo_agent, environment, floor, large_bridge
from table import Row, as_json, as_table
from wire import ERAS

QUICK: Final = Plan(starts=5, blocks=30, bursts=4)
FULL: Final = Plan(starts=11, blocks=80, bursts=15)
CALLERS: Final = (1, 16, 64)

BESIDE_FLOOR: Final = Limits(start=1.10, latency=1.25, throughput=0.80, memory=1.25)
BESIDE_SMALL: Final = Limits(start=1.10, latency=1.10, throughput=0.90, memory=1.10)


def note(words: str) -> None:
    """Tell a waiting person what is being measured."""
    print(words, file=sys.stderr, flush=True)


def calls(match: Match, callers: Sequence[int]) -> list[Row]:
    """Measure calls over stdio, and over HTTP by that many callers at once."""
    rows: list[Row] = []
    for era in ERAS:
        note(f"{match.group}: stdio calls, {era}")
        rows += stdio_latency(match, era)
    note(f"{match.group}: HTTP load")
    return rows + http(match, callers)


def streaming_agent(home: Path, env: Mapping[str, str], plan: Plan, *, itself: bool) -> list[Row]:
    """Compare the bridge, or the floor itself, with the floor; the agent streams its answer."""
    with echo_agent(env, streaming=True) as url:
        base = floor(url, streaming=True)
        other = base if itself else bridge(url, home / "state")
        match = Match("agent streams", base, other, env, plan, BESIDE_FLOOR)
        note("cold starts")
        rows = cold_start(replace(match, group="start")) + calls(match, CALLERS)
        return rows if itself else rows + context_bytes(other, env, "context")


def plain_agent(home: Path, env: Mapping[str, str], plan: Plan) -> list[Row]:
    """Compare the bridge with the floor; the agent answers a send with one JSON body."""
    with echo_agent(env, streaming=False) as url:
        base, other = floor(url, streaming=False), bridge(url, home / "state of another")
        match = Match("agent does not stream", base, other, env, plan, BESIDE_FLOOR)
        return calls(match, CALLERS)


def much_remembered(home: Path, env: Mapping[str, str], plan: Plan) -> list[Row]:
    """Compare the bridge that has much to remember with the one that has nothing."""
    note("filling the task map")
    with echo_agent(env, streaming=True) as url:
        write_config(home / "agents.toml", url)
        fill_tasks(home / "large")
        base = bridge(url, home / "small")
        other = large_bridge(home / "agents.toml", home / "large")
        match = Match("1 000 agents, 100 000 tasks", base, other, env, plan, BESIDE_SMALL)
        note(f"{match.group}: cold starts")
        rows = cold_start(match) + calls(match, callers=(16,))
        return rows + context_bytes(other, env, "context, 1 000 agents")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute: one agent, coarser")
    parser.add_argument("--json", action="store_true", help="rows as JSON instead of a table")
    parser.add_argument("--self-check", action="store_true", help="the floor against itself")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory(prefix="a2a-mcp-bench-") as folder:
        home = Path(folder)
        env = environment(home)
        rows = streaming_agent(home, env, plan, itself=options.self_check)
        if not (options.quick or options.self_check):
            rows += plain_agent(home, env, plan) + much_remembered(home, env, plan)
    print(json.dumps(as_json(rows), indent=1) if options.json else as_table(rows))
    sys.exit(any(row.passed is False for row in rows))


if __name__ == "__main__":
    main()
