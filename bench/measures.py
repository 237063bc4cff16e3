"""The measurements: two servers, the base and the other, round about, each giving rows.

Every round takes both, one right after the other, and the next round takes them in the other
order. Whatever a server needs once (byte code, a card, a TLS context) is paid for before counting,
except where that is the measure.
"""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Final, TypeVar

from http_load import Callers
from servers import Contestant, cpu_seconds, cpu_seconds_ever, free_port, listening, resident_mib
from stdio_client import StdioHost, spawned
from table import Row, compared
from wire import ERAS, LEGACY, MODERN

WARM_UP: Final = 30
"""Calls before the first that counts."""

BLOCK: Final = 8
"""Calls over stdio in one turn."""

BURST: Final = 40
"""Calls over HTTP in one turn, all callers together; at least two for each caller."""

T = TypeVar("T")
Measured = Mapping[str, float]
Paired = Mapping[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Plan:
    """How often each server is started, makes a block of stdio calls, answers an HTTP burst.

    Blocks and bursts are short and many: on a shared machine the speed changes by a quarter from
    one tenth of a second to the next, and short turns let both servers meet the same weather.
    """

    starts: int
    blocks: int
    bursts: int


@dataclass(frozen=True)
class Limits:
    """What the other may cost beside the base, as ratios, in wall time and in processor time.

    `hello` is for the time to the tools, `start` to the first answer, `throughput` the least calls
    a second by the number of callers, `idle` and `loaded` for memory. None: only informs.
    """

    hello: float | None = None
    start: float | None = None
    call: float | None = None
    throughput: Mapping[int, float] = field(default_factory=dict)
    idle: float | None = None
    loaded: float | None = None


@dataclass(frozen=True)
class Match:
    """Two servers to compare, the environment they run in, how much, and the limits."""

    group: str
    base: Contestant
    other: Contestant
    env: Mapping[str, str]
    plan: Plan
    limits: Limits


@dataclass(frozen=True)
class Served:
    """A server that listens."""

    pid: int
    port: int


def in_turns(count: int, base: T, other: T, measure: Callable[[T], Measured]) -> Paired:
    """Measure both, `count` times, in changing order; return the pairs of each measured name."""
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(count):
        if number % 2:
            second, first = measure(other), measure(base)
        else:
            first, second = measure(base), measure(other)
        for name, value in first.items():
            pairs[name].append((value, second[name]))
    return pairs


def started(contestant: Contestant, env: Mapping[str, str]) -> Measured:
    """Start a server over stdio, list its tools, call it once; return milliseconds and MiB."""
    with spawned(contestant.stdio(), LEGACY, env) as host:
        host.hello()
        hello = host.seconds_up()
        host.ask("tools/list", {})
        tools, tools_cpu = host.seconds_up(), cpu_seconds_ever(host.pid)
        host.call()
        answer, answer_cpu = host.seconds_up(), cpu_seconds_ever(host.pid)
        idle = resident_mib(host.pid)
    return {
        "hello": hello * 1e3,
        "tools": tools * 1e3,
        "tools cpu": tools_cpu * 1e3,
        "answer": answer * 1e3,
        "answer cpu": answer_cpu * 1e3,
        "idle": idle,
    }


def cold_start(match: Match) -> list[Row]:
    """Measure starts over stdio; one start of each goes first, to compile its modules."""
    for contestant in (match.base, match.other):
        started(contestant, match.env)
    hello, start, group = match.limits.hello, match.limits.start, match.group
    pairs = in_turns(
        match.plan.starts, match.base, match.other, lambda one: started(one, match.env)
    )
    answer = "cold start to the first answer"
    return [
        compared(group, "cold start to initialize", "ms", pairs["hello"], at_most=hello),
        compared(group, "cold start to tools/list", "ms", pairs["tools"], at_most=hello),
        compared(group, "cold start to tools/list, CPU", "ms", pairs["tools cpu"]),
        compared(group, answer, "ms", pairs["answer"], at_most=start),
        compared(group, f"{answer}, CPU", "ms", pairs["answer cpu"], at_most=start),
        compared(group, "stdio memory", "MiB", pairs["idle"], at_most=match.limits.idle),
    ]


def stdio_latency(match: Match, era: str) -> list[Row]:
    """Measure one call at a time over stdio in one era."""
    with (
        spawned(match.base.stdio(), era, match.env) as base,
        spawned(match.other.stdio(), era, match.env) as other,
    ):
        for host in (base, other):
            host.hello()
            block(host, WARM_UP)
        pairs = in_turns(match.plan.blocks, base, other, lambda host: block(host, BLOCK))
    limit, name = match.limits.call, f"stdio call, {era}"
    return [
        compared(match.group, f"{name}", "us", pairs["median"], at_most=limit),
        compared(match.group, f"{name}, slowest of {BLOCK}", "us", pairs["slowest"]),
        compared(match.group, f"{name}, server CPU", "us", pairs["cpu"], at_most=limit),
    ]


def block(host: StdioHost, calls: int) -> Measured:
    """Make some calls; return the median, the slowest, and the CPU for one, in microseconds."""
    cpu = cpu_seconds(host.pid)
    micros = [host.call() * 1e6 for _ in range(calls)]
    return {
        "median": statistics.median(micros),
        "slowest": max(micros),
        "cpu": (cpu_seconds(host.pid) - cpu) * 1e6 / calls,
    }


@contextmanager
def both_served(match: Match) -> Iterator[tuple[Served, Served]]:
    """Serve both over HTTP."""
    with ExitStack() as stack:
        served = []
        for contestant in (match.base, match.other):
            port = free_port()
            pid = stack.enter_context(listening(contestant.http(port), port, match.env))
            served.append(Served(pid, port))
        yield served[0], served[1]


def memory(match: Match, when: str, base: Served, other: Served, limit: float | None) -> Row:
    """Compare the resident memory of both now."""
    now = [(resident_mib(base.pid), resident_mib(other.pid))]
    return compared(match.group, f"HTTP memory, {when}", "MiB", now, at_most=limit)


@contextmanager
def calling(
    runner: asyncio.Runner, era: str, served: Served, count: int
) -> Iterator[Callable[[int], Measured]]:
    """Open callers of a server; return a function that lets each make some calls."""
    callers = Callers(era, served.pid, served.port, count)

    def burst(calls_each: int) -> Measured:
        seen = runner.run(callers.burst(calls_each))
        calls = len(seen.latencies)
        return {
            "rate": calls / seen.elapsed,
            "p95": statistics.quantiles(seen.latencies, n=20)[-1] * 1e3,
            "cpu": seen.server_cpu / calls * 1e6,
            "busy": seen.server_cpu / seen.elapsed * 100,
        }

    runner.run(callers.open())
    yield burst
    runner.run(callers.close())


def throughput(match: Match, era: str, callers: int, base: Served, other: Served) -> Paired:
    """Measure both servers under one load; the first burst of each does not count."""
    calls = max(2, BURST // callers)
    with (
        asyncio.Runner() as runner,
        calling(runner, era, base, callers) as base_burst,
        calling(runner, era, other, callers) as other_burst,
    ):
        base_burst(calls)
        other_burst(calls)
        turns = max(3, match.plan.bursts * BURST // (calls * callers))
        return in_turns(turns, base_burst, other_burst, lambda burst: burst(calls))


def throughput_rows(match: Match, era: str, callers: int, pairs: Paired) -> list[Row]:
    """Return the rows of one load."""
    least, group = match.limits.throughput.get(callers), match.group
    name = f"HTTP, {era}, {callers} callers"
    return [
        compared(group, name, "calls/s", pairs["rate"], at_least=least),
        compared(group, f"{name}, p95", "ms", pairs["p95"]),
        compared(group, f"{name}, server CPU", "us", pairs["cpu"]),
        compared(group, f"{name}, server busy", "% of a core", pairs["busy"]),
    ]


def http(match: Match, callers: Sequence[int]) -> list[Row]:
    """Measure throughput and memory over HTTP."""
    with both_served(match) as (base, other):
        rows = [memory(match, "listening", base, other, match.limits.idle)]
        for served in (base, other):
            with asyncio.Runner() as runner, calling(runner, MODERN, served, 1) as burst:
                burst(2)
        rows.append(memory(match, "first calls made", base, other, match.limits.idle))
        for era, count in product(ERAS, callers):
            pairs = throughput(match, era, count, base, other)
            rows += throughput_rows(match, era, count, pairs)
        rows.append(memory(match, "after the load", base, other, match.limits.loaded))
    return rows
