"""What a call over HTTP costs with PostgreSQL beside SQLite, in turns.

    uv run python bench/shared_store.py

A full table there: `bench/many_rows.py`.
The database is that of the tests, with its default settings, on this machine.
"""

import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from http_load import Burst, Callers
from servers import ROOT, Contestant, echo_agent, environment, free_port, listening
from wire import MODERN

sys.path.insert(0, str(ROOT / "tests"))

import postgres

ROUNDS: Final = 7
CALLS: Final = {1: 60, 16: 15}
"""Calls that each caller makes in a round, by the number of callers."""

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


def main() -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as root, bridges(Path(root)) as running:
        print_calls(asyncio.run(measured(running)))


if __name__ == "__main__":
    main()
