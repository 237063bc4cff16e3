"""Two bridges on one database through PgBouncer, which gives each transaction another connection.

    scripts/pooler 100      # tasks

It prints figures, and ends with 1 if a task is lost or was sent twice, or if a call at one bridge
does not see at once that a task has ended at the other. PgBouncer must be installed.
"""

from __future__ import annotations

import argparse
import os
import pwd
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import anyio
import postgres
import psycopg
from e2e.bridges import Home, free_port, until
from e2e.hosts import Host, http_host
from real_agents import Agent, start_agent

KEY: Final = "a key that is as long as it must be, 32 bytes"
AT_ONCE: Final = 8
SLOW: Final = "slow 3"
SETTINGS: Final = """
[databases]
pooled = host={host} dbname=pooled user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 100
"""


@contextmanager
def pooler(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the URL of a database through a pooler, and its own."""
    with psycopg.connect(postgres.server(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE pooled")
    host = parse_qs(urlsplit(postgres.server()).query)["host"][0]
    direct = postgres.server().replace("/postgres?", "/pooled?")
    port, settings = free_port(), folder / "pgbouncer.ini"
    settings.write_text(SETTINGS.format(host=host, port=port), "utf-8")
    folder.chmod(0o755)
    whose = pwd.getpwuid(Path(host).stat().st_uid).pw_name
    user = ["-u", whose] if os.getuid() == 0 else []
    with (folder / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen(["pgbouncer", *user, settings], stderr=log)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/pooled", direct
    finally:
        process.terminate()
        process.wait()


async def run(tasks: int, folder: Path) -> list[str]:
    """Let tasks run through both bridges; return what was broken, and print figures."""
    with pooler(folder) as (url, direct), start_agent("1.3-jsonrpc") as agent:
        async with AsyncExitStack() as stack:
            hosts = []
            for name in ("one", "two"):
                home = Home(folder / name)
                home.folder.mkdir()
                store = {"url": url, "direct_url": direct, "heartbeat_seconds": 1, "audit_days": 1}
                limits = {"calls_a_minute": 100_000, "running_tasks": 10_000}
                home.configure({"good": agent.url}, state_key=KEY, store=store, limits=limits)
                served = await stack.enter_async_context(home.serving())
                hosts.append(await stack.enter_async_context(http_host(served.url, "auto")))
            return [*await sent_once(tasks, hosts, agent, direct), *await heard(hosts)]


async def sent_once(tasks: int, hosts: list[Host], agent: Agent, direct: str) -> list[str]:
    """Send through both bridges at once; return what was lost or sent twice."""
    places, start = anyio.Semaphore(AT_ONCE), time.monotonic()

    async def send(number: int) -> None:
        async with places:
            answer = await hosts[number % 2].send(f"task {number}")
            assert answer["state"] == "completed", answer.text
            read = await hosts[(number + 1) % 2].call("get_task", task_id=answer["task_id"])
            assert f"task: {number}" in read.text, read.text

    async with anyio.create_task_group() as group:
        for number in range(tasks):
            group.start_soon(send, number)
    print(f"{tasks} tasks, each sent at one bridge and read at the other: ", end="")
    print(f"{time.monotonic() - start:.1f} s")
    sent = Counter(entry["text"] for entry in agent.log())
    twice = [f"{words} was sent {times} times" for words, times in sent.items() if times != 1]
    await until(lambda: audited(direct, tasks))
    return twice if len(sent) == tasks else [*twice, f"{len(sent)} of {tasks} were sent"]


async def audited(direct: str, tasks: int) -> bool:
    """Return whether the audit has a line of each call."""
    async with await psycopg.AsyncConnection.connect(direct) as connection:
        found = await connection.execute("SELECT count(*) FROM audit")
        return await found.fetchall() == [(2 * tasks,)]


async def heard(hosts: list[Host]) -> list[str]:
    """Let one bridge wait for a task that the other one follows; return what came too late."""
    one, two = hosts
    begun = await one.send(SLOW, wait_seconds=0)
    ended: dict[str, float] = {}

    async def wait(name: str, host: Host) -> None:
        await host.call("subscribe", task_id=begun["task_id"])
        ended[name] = time.monotonic()

    async with anyio.create_task_group() as group:
        group.start_soon(wait, "one", one)
        group.start_soon(wait, "two", two)
    late = ended["two"] - ended["one"]
    print(f"the other bridge saw the end {late:.2f} s later")
    return [f"the end was seen {late:.1f} s later"] if late > 1 else []


def main() -> int:
    """Run as told on the command line, and print what was broken."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", type=int, nargs="?", default=100)
    with tempfile.TemporaryDirectory() as folder:
        findings = anyio.run(run, parser.parse_args().tasks, Path(folder))
    print("\n".join([*findings, f"{len(findings)} finding(s)"]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
