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
from large import fill_tasks, settle_tasks, write_config
from large_answers import large_answers
from many import chatty, polled
from measures import Limits, Match, Plan, cold_start, http, stdio_latency
from servers import bridge, echo_agent, environment, floor, large_bridge
from table import Row, as_json, as_table
from token_checks import token_checks
from wire import ERAS

QUICK: Final = Plan(starts=5, blocks=30, bursts=4)
FULL: Final = Plan(starts=11, blocks=80, bursts=15)
CALLERS: Final = (1, 16, 64, 256)
SOME_CALLERS: Final = (1, 64)

AT_ONCE: Final = Limits(
    hello=0.35,
    start=1.03,
    call=0.90,
    throughput={1: 1.00, 16: 1.35, 64: 1.45, 256: 1.45},
    idle=1.05,
    loaded=1.10,
)
STREAMING: Final = replace(AT_ONCE, call=None)
STREAMING_BESIDE_UNARY: Final = Limits(call=0.95)
MORE_AGENTS: Final = Limits(hello=1.08, start=1.08, call=1.05)
VERY_MANY_AGENTS: Final = Limits(call=1.05)  # reading so large a file takes its time
MUCH_REMEMBERED: Final = Limits(call=1.05)


def note(words: str) -> None:
    """Tell a waiting person what is being measured."""
    print(words, file=sys.stderr, flush=True)


def stdio_calls(match: Match) -> list[Row]:
    """Measure calls over stdio, in both eras."""
    rows: list[Row] = []
    for era in ERAS:
        note(f"{match.group}: stdio calls, {era}")
        rows += stdio_latency(match, era)
    return rows


def http_calls(match: Match, callers: Sequence[int]) -> list[Row]:
    """Measure calls over HTTP, by that many callers at once."""
    note(f"{match.group}: HTTP load")
    return http(match, callers)


def plain_agent(home: Path, env: Mapping[str, str], plan: Plan, *, quick: bool) -> list[Row]:
    """Compare the bridge with the floor; the agent answers a send with one JSON body."""
    with echo_agent(env, streaming=False) as url:
        base, other = floor(url, streaming=False), bridge(url, home / "plain")
        match = Match("agent answers at once", base, other, env, plan, AT_ONCE)
        note("cold starts")
        rows = cold_start(replace(match, group="start")) + stdio_calls(match)
        rows += http_calls(match, SOME_CALLERS if quick else CALLERS)
        return rows + context_bytes(other, env, "context")


def streaming_agent(home: Path, env: Mapping[str, str], plan: Plan, *, quick: bool) -> list[Row]:
    """Compare the bridge, whose agent streams, with floors that read one body, and a stream."""
    with echo_agent(env, streaming=True) as url, echo_agent(env, streaming=False) as plain:
        other = bridge(url, home / "streaming")
        unary, same = floor(plain, streaming=False), floor(url, streaming=True)
        name = "agent streams"
        rows = stdio_calls(
            Match(f"{name}, floor's does not", unary, other, env, plan, STREAMING_BESIDE_UNARY)
        )
        if quick:
            return rows
        match = Match(name, same, other, env, plan, STREAMING)
        return rows + stdio_calls(match) + http_calls(match, CALLERS)


def more_agents(
    home: Path, env: Mapping[str, str], plan: Plan, agents: int, limits: Limits
) -> list[Row]:
    """Compare the bridge that has many agents with the one that has one."""
    with echo_agent(env, streaming=False) as url:
        config = home / f"{agents}.toml"
        write_config(config, url, agents)
        base, other = bridge(url, home / "one"), large_bridge(config, home / "many")
        match = Match(f"{agents} agents, beside one", base, other, env, plan, limits)
        note(f"{match.group}: cold starts")
        return cold_start(match) + stdio_calls(match) + context_bytes(other, env, match.group)


def much_remembered(home: Path, env: Mapping[str, str], plan: Plan, tasks: int) -> list[Row]:
    """Compare the bridge that has a full map with the one whose map is empty."""
    note(f"filling the task map with {tasks} rows")
    with echo_agent(env, streaming=True) as url:
        fill_tasks(home / "full", tasks, agents=1_000)
        base, other = bridge(url, home / "empty"), bridge(url, home / "full")
        name = f"{tasks} rows in the map, beside none"
        fresh = Match(f"{name}, while they are indexed", base, other, env, plan, MUCH_REMEMBERED)
        rows = stdio_calls(fresh)
        settle_tasks(home / "full")
        return rows + stdio_calls(replace(fresh, group=name))


def floor_itself(env: Mapping[str, str], plan: Plan) -> list[Row]:
    """Compare the floor with itself: what is noise here."""
    with echo_agent(env, streaming=False) as url:
        base = floor(url, streaming=False)
        match = Match("floor, beside itself", base, base, env, plan, Limits())
        return cold_start(match) + stdio_calls(match) + http_calls(match, CALLERS)


def everything(home: Path, env: Mapping[str, str], plan: Plan, *, quick: bool) -> list[Row]:
    """Measure all of it, or what matters most."""
    rows = plain_agent(home, env, plan, quick=quick)
    rows += streaming_agent(home, env, plan, quick=quick)
    note("checks of tokens")
    rows += token_checks()
    if quick:
        return rows
    rows += more_agents(home, env, plan, 1_000, MORE_AGENTS)
    rows += more_agents(home, env, plan, 10_000, VERY_MANY_AGENTS)
    rows += much_remembered(home, env, plan, 1_000_000)
    note("600 tasks that speak four times a second")
    rows += chatty(env, tasks=600, seconds=30)
    note("500 tasks at one agent, over 64 connections")
    rows += polled(env, tasks=500, connections=64)
    note("large answers")
    return rows + large_answers(env)


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
        if options.self_check:
            rows = floor_itself(env, plan)
        else:
            rows = everything(home, env, plan, quick=options.quick)
    print(json.dumps(as_json(rows), indent=1) if options.json else as_table(rows))
    sys.exit(any(row.passed is False for row in rows))


if __name__ == "__main__":
    main()
