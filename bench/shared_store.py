"""What a call over HTTP costs with PostgreSQL beside SQLite, in turns; and a million rows there.

    uv run python bench/shared_store.py           # calls, then a million rows
    uv run python bench/shared_store.py 50000     # so many rows

The database is that of the tests, with its default settings, on this machine.
"""

import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from http_load import Burst, Callers
from servers import ROOT, Contestant, echo_agent, environment, free_port, listening
from wire import MODERN

sys.path.insert(0, str(ROOT / "tests"))

import postgres
import psycopg

from a2a_mcp.store.postgres.database import Database
from a2a_mcp.store.postgres.store import PostgresTaskStore

ROUNDS: Final = 7
CALLS: Final = {1: 60, 16: 15}
"""Calls that each caller makes in a round, by the number of callers."""

ROWS: Final = 1_000_000
OWNERS: Final = 500
READS: Final = 400
_FILL: Final = (
    "INSERT INTO tasks (owner, agent, message_id, task_id, context_id, state, created, updated) "
    "SELECT 'o' || n % %(owners)s, 'a' || n % 7, 'm' || n, 't' || n, 'c' || n / 3, "
    "CASE WHEN n % 1000 = 0 THEN 'working' ELSE 'completed' END, at, at "
    "FROM (SELECT n, extract(epoch FROM now()) - n AS at FROM generate_series(1, %(rows)s) AS n) i"
)

Found = dict[tuple[str, int], list[Burst]]


def bridge(folder: Path, agent: str, database: str | None) -> Contestant:
    """Return a bridge with a folder of its own, and a database if there is one."""
    folder.mkdir()
    store = f"store = {{ url = {json.dumps(database)} }}\n" if database else ""
    key = "state_key = 'a key that is as long as it must be, 32 bytes'\n"
    config = folder / "agents.toml"
    config.touch(0o600)
    config.write_text(f'[server]\n{key}{store}[agents.echo]\nurl = "{agent}"\n')
    options = ("--config", str(config), "--state-dir", str(folder))
    return Contestant(folder.name, ("-m", "a2a_mcp", *options))


@contextlib.contextmanager
def bridges(folder: Path) -> Iterator[dict[str, tuple[int, int]]]:
    """Run both; return the process id and the port of each, by name."""
    env = environment(folder)
    with contextlib.ExitStack() as stack:
        agent = stack.enter_context(echo_agent(env, streaming=True))
        running = {}
        for name, database in (("sqlite", None), ("postgres", postgres.database(folder))):
            port = free_port()
            command = bridge(folder / name, agent, database).http(port)
            running[name] = stack.enter_context(listening(command, port, env)), port
        yield running


async def measured(running: dict[str, tuple[int, int]]) -> Found:
    """Return the bursts by the name of the bridge and the number of callers."""
    found: Found = {}
    for number in range(ROUNDS + 1):
        for count, calls in CALLS.items():
            for name, (pid, port) in running.items():
                callers = Callers(MODERN, pid, port, count)
                await callers.open()
                seen = await callers.burst(calls)
                await callers.close()
                if number:  # the first round is a rehearsal
                    found.setdefault((name, count), []).append(seen)
    return found


def print_calls(found: Found) -> None:
    """Print a line for each bridge and number of callers."""
    for (name, count), bursts in found.items():
        number = count * CALLS[count]
        each = statistics.median(time for burst in bursts for time in burst.latencies)
        rate = statistics.median(number / burst.elapsed for burst in bursts)
        cpu = statistics.median(burst.server_cpu / number for burst in bursts)
        print(
            f"{name:9} {count:2} callers: {each * 1e3:6.2f} ms a call, {rate:4.0f} calls/s, "
            f"{cpu * 1e3:.2f} ms of CPU"
        )
    ratios = zip(found["postgres", 16], found["sqlite", 16], strict=True)
    ratio = statistics.median(other.elapsed / one.elapsed for one, other in ratios)
    print(f"postgres with 16 callers: {ratio:.2f} x the calls/s of sqlite")


@contextlib.asynccontextmanager
async def filled(folder: Path, rows: int) -> AsyncIterator[PostgresTaskStore]:
    """Open a store with so many rows."""
    url = postgres.database(folder / "rows")
    database = Database(url, most=2)
    store = PostgresTaskStore(database)
    await store.claimed("the first call makes the tables")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(_FILL.replace("n % ", "n %% "), {"owners": OWNERS, "rows": rows})
        await connection.execute("ANALYZE tasks")
    yield store
    await store.close()


async def read(rows: int, folder: Path) -> None:
    """Print how long lists and look-ups take in a full table."""
    async with filled(folder, rows) as store:
        step = max(1, rows // READS)
        reads: dict[str, Callable[[int], Awaitable[object]]] = {
            "list": lambda n: store.list(f"o{n % OWNERS}"),
            "list of an agent": lambda n: store.list(f"o{n % OWNERS}", agent=f"a{n % 7}"),
            "list unfinished": lambda n: store.list(f"o{n % OWNERS}", unfinished=True),
            "find": lambda n: store.find(f"o{n % OWNERS}", f"t{n}"),
            "find by message": lambda n: store.find(f"o{n % OWNERS}", f"pending-m{n}"),
            "find a conversation": lambda n: store.find_context(f"o{n % OWNERS}", f"c{n // 3}"),
        }
        for name, one in reads.items():
            seconds = [await _timed(one, n) for n in range(1, rows, step)]
            print(f"{rows} rows, {name}: {_quantiles(seconds)}")


async def _timed(one: Callable[[int], Awaitable[object]], number: int) -> float:
    began = time.perf_counter()
    await one(number)
    return time.perf_counter() - began


def _quantiles(seconds: list[float]) -> str:
    median, late = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    return f"median {median * 1e3:.2f} ms, p95 {late * 1e3:.2f} ms"


def main() -> None:
    """Measure, and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as root:
        with bridges(Path(root)) as running:
            print_calls(asyncio.run(measured(running)))
        asyncio.run(read(rows, Path(root)))


if __name__ == "__main__":
    main()
