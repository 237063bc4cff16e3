"""Two processes that serve one port: either alone answers every host, in both eras."""

import signal
from collections.abc import Awaitable, Callable
from uuid import uuid4

import anyio
import httpx
import pytest
from anyio import run_process
from real_agents import Agent, Agents

from e2e.bridges import END_SECONDS, Home, Served, free_port, ran, until
from e2e.hosts import ERAS, Host, http_host

pytestmark = pytest.mark.anyio


@pytest.fixture
def agent(running_agent: Agents) -> Agent:
    return running_agent("1.3-jsonrpc")


def configured(home: Home, agent: Agent) -> Home:
    return home.configure({"good": agent.url}, sessions="none", keep_days=1)


async def workers_of(served: Served) -> set[int]:
    """Return the processes that serve, as the system lists them."""
    done = await run_process(["pgrep", "-P", str(served.process.pid)], check=False)
    return {int(word) for word in done.stdout.split()}


def two(served: Served, *, without: int = 0) -> Callable[[], Awaitable[set[int]]]:
    async def look() -> set[int]:
        found = await workers_of(served)
        return found if len(found) == 2 and without not in found else set()

    return look


async def signal_to(process: int, name: str) -> None:
    await run_process(["kill", f"-{name}", str(process)])


async def tells(served: Served, mode: str, known: list[str]) -> None:
    """A host of an era begins a task, and reads it and those that other hosts began."""
    async with http_host(served.url, mode) as host:
        done = await host.send("task hello")
        known.append(done["task_id"])
        for task_id in known:
            assert (await host.call("get_task", task_id=task_id))["state"] == "completed"


async def test_either_of_two_workers_answers_any_host(home: Home, agent: Agent) -> None:
    known: list[str] = []
    async with configured(home, agent).serving("--workers", "2") as served:
        for frozen in await until(two(served)):
            await signal_to(frozen, "STOP")
            for mode in ERAS:
                await tells(served, mode, known)
            await signal_to(frozen, "CONT")
    assert len(known) == 4


async def test_a_worker_that_is_killed_is_replaced_while_the_other_serves(
    home: Home, agent: Agent
) -> None:
    async with configured(home, agent).serving("--workers", "2") as served:
        killed, *_ = await until(two(served))
        await signal_to(killed, "KILL")
        await until(two(served, without=killed))
        for mode in ERAS:
            await tells(served, mode, [])
    assert f"worker {killed} has ended (-9)" in home.stderr.read_text()


async def test_a_process_that_is_no_worker_may_end_as_in_a_container(home: Home) -> None:
    home.configure({}, sessions="none")
    port = free_port()
    serve = home.command("--http", "--port", str(port), "--workers", "2")
    with home.stderr.open("ab") as stderr:
        begun = await anyio.open_process(
            ["sh", "-c", 'true & exec "$@"', "sh", *serve], stderr=stderr, env=home.environment()
        )
    async with begun as process, httpx.AsyncClient() as client:
        served = Served(f"http://127.0.0.1:{port}", process)
        await until(lambda: served.accepts(client))
        killed, *_ = await until(two(served))
        await signal_to(killed, "KILL")
        await until(two(served, without=killed))
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_sigterm_ends_both_workers_and_no_answer_is_lost(home: Home, agent: Agent) -> None:
    configured(home, agent)
    async with home.serving("--workers", "2") as served:
        await until(two(served))
        async with http_host(served.url, "auto") as one, http_host(served.url, "auto") as other:
            async with anyio.create_task_group() as group:
                words = f"slow 600.{uuid4().int}"
                for host in (one, other):
                    group.start_soon(waits, host, words)
                await until(lambda: both_began(agent, words))
                served.process.send_signal(signal.SIGTERM)
            with anyio.fail_after(END_SECONDS):
                assert await served.process.wait() == 0
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{served.origin}/healthz")


async def waits(host: Host, words: str) -> None:
    answer = await host.send(words)
    assert answer["state"] in ("working", "submitted")


async def both_began(agent: Agent, words: str) -> bool:
    return [entry["text"] for entry in agent.log()].count(words) == 2


def test_sticky_sessions_with_workers_are_refused_in_words(home: Home) -> None:
    home.configure({})
    done = ran(
        home.command("--http", "--port", str(free_port()), "--workers", "2"),
        env=home.environment(),
    )
    assert done.returncode == 2
    assert 'server.sessions: must be "none" with workers' in done.stderr
