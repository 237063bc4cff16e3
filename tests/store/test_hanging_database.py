"""A database whose processes are stopped: it neither answers nor refuses."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import anyio
import postgres
import pytest
from mcp import Client
from pydantic import SecretStr
from scripted import SEND, done, result, scripted
from staging import configured, until

from a2a_mcp.config.store import StoreTable
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.store.base import TaskStore

CONNECTIONS = 2
"""Of the pool that `postgres.opened` gives."""

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="PostgreSQL has no wheel there"),
]


async def test_work_is_given_up_after_a_while_and_done_again_when_the_database_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2a_mcp.store.postgres import database as module
    from a2a_mcp.store.postgres.store import PostgresTaskStore

    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)
    async with postgres.opened(tmp_path) as database:
        tasks = PostgresTaskStore(database)
        kept = await tasks.begin(owner="me", agent="it", message_id="m1")
        with postgres.frozen(), anyio.fail_after(20):
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                await tasks.find("me", kept.pending_id)
            with pytest.raises(StoreUnavailable):
                await tasks.begin(owner="me", agent="it", message_id="m2")
        await until(lambda: found(tasks, kept.pending_id))
        assert tasks.problem is None


async def test_who_finds_all_connections_in_use_waits_for_one_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2a_mcp.store.postgres import database as module

    async with postgres.opened(tmp_path) as database, anyio.create_task_group() as group:
        held, given, go_on = [], anyio.Event(), anyio.Event()

        async def hold(connection: object) -> None:
            held.append(connection)
            if len(held) == CONNECTIONS:
                given.set()
            await go_on.wait()

        async def answer(_: object) -> str:
            return "done"

        for _ in range(CONNECTIONS):
            group.start_soon(database.run, hold)
        await given.wait()
        with monkeypatch.context() as short:
            short.setattr(module, "ANSWER_SECONDS", 0.2)
            with pytest.raises(StoreUnavailable):
                await database.run(answer)
        go_on.set()
        for _ in range(CONNECTIONS + 1):
            assert await database.run(answer) == "done"


async def test_who_wants_a_lock_is_told_and_gets_it_when_the_database_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2a_mcp.store.postgres import locks as module

    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)
    locks = module.Locks(postgres.database(tmp_path))
    async with locks.held("another", 20):
        with postgres.frozen(), pytest.raises(StoreUnavailable):
            async with locks.held("one", 20):
                pass
    async with locks.held("another", 20), locks.held("one", 20):
        pass


async def test_a_bridge_ends_in_order_while_its_database_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2a_mcp.store.postgres import database as module

    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)
    store = StoreTable(url=SecretStr(postgres.database(tmp_path)))
    server = {"store": store, "state_key": SecretStr("32 bytes or more, as it must be.")}
    async with scripted() as agent:
        agent.on(SEND, result({"task": done("an answer")}))
        with anyio.fail_after(20), ExitStack() as stack:
            async with Client(create_server(configured(it=agent.url, server=server), None)) as host:
                sent = await host.call_tool("send_task", {"message": "hello"})
                assert not sent.is_error, sent
                stack.enter_context(postgres.frozen())


async def found(tasks: TaskStore, task_id: str) -> bool:
    try:
        return bool(await tasks.find("me", task_id))
    except StoreUnavailable:
        return False
