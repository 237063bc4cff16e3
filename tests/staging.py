"""A bridge set up for a test: real configuration, task map and follower over any agents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from canaries import note_table
from mcp import Client

from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.list_tasks import TaskLister
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.config.agent_tables import AgentTables
from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import AgentConfig, ServerConfig
from a2a_mcp.presentation.content import joined_text
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.store.result_folder import ResultFolder
from a2a_mcp.store.results import ResultStore
from a2a_mcp.store.sqlite.store import SqliteTaskStore
from a2a_mcp.tracking.polling import Polling
from a2a_mcp.tracking.tail import UpdateMemory
from a2a_mcp.tracking.tracker import TaskTracker

ME = "local"
PATIENCE = 60.0
FIRST_POLL = 0.05
POLLING = Polling(first_delay=FIRST_POLL)


def agents(**urls: str | dict[str, Any]) -> AgentTables:
    """Configure agents by URL, or by the keys of their table."""
    tables = {name: {"url": it} if isinstance(it, str) else it for name, it in urls.items()}
    configured = AgentTables()
    for name, table in tables.items():
        note_table(table)
        configured.add(name, AgentConfig(name=name, **table))
    return configured


def configured(server: dict[str, Any] | None = None, **urls: str | dict[str, Any]) -> Config:
    """Make a configuration."""
    return Config(agents=agents(**urls), server=ServerConfig(**(server or {})))


@dataclass
class Stage:
    """A bridge and what it is made of."""

    bridge: Bridge
    registry: Registry
    tasks: SqliteTaskStore
    lister: TaskLister
    memory: UpdateMemory
    tracker: TaskTracker

    async def send(self, text: str = "hello", *, owner: str = ME, **fields: Any) -> TaskView:
        """Send, waiting at most twenty seconds unless told."""
        return await self.bridge.send(owner, SendRequest(text, **{"wait_seconds": 20.0, **fields}))

    async def follow(
        self, *, text: str = "", owner: str = ME, max_updates: int = 20, **fields: Any
    ) -> TaskView:
        """Subscribe, waiting at most twenty seconds unless told."""
        outgoing = SendRequest(text, **{"wait_seconds": 20.0, **fields})
        return await self.bridge.subscribe(owner, outgoing, max_updates)


@asynccontextmanager
async def staged(
    config: Config,
    folder: Path,
    *,
    registry: Registry | None = None,
    polling: Polling = POLLING,
    **following: Any,
) -> AsyncIterator[Stage]:
    """Open a bridge as the server's lifespan does; the whole test is bounded.

    `following` are further options of the follower.
    """
    registry, tasks = registry or Registry(config), SqliteTaskStore(folder)
    server = config.server
    seconds = server.keep_days * 86_400
    place = ResultFolder(
        folder,
        keep_seconds=seconds,
        keep_bytes=server.keep_bytes,
        count_results=count_results,
        mask=config.secrets.mask,
    )
    kept = ResultStore(place, keep_seconds=seconds, pause_seconds=0)
    try:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                memory = UpdateMemory(server.updates_bytes, joined_text)
                follower = TaskTracker(
                    group,
                    tasks,
                    watchers=(kept.note,),
                    polling=polling,
                    watch_seconds=0.1,
                    memory=memory,
                    **following,
                )
                group.start_soon(follower.watch)
                group.start_soon(kept.run)
                group.start_soon(registry.tidy)
                bridge = Bridge(registry, tasks, follower, kept)
                yield Stage(
                    bridge,
                    registry,
                    tasks,
                    TaskLister(registry, tasks, bridge.reader),
                    memory,
                    follower,
                )
                group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await kept.flush()
            await tasks.close()
            await registry.aclose()


@asynccontextmanager
async def hosted(config: Config, folder: Path, **options: Any) -> AsyncIterator[Client]:
    """Open a real MCP client on the server, in process; the whole test is bounded."""
    with anyio.fail_after(PATIENCE):
        async with Client(create_server(config, folder), **options) as client:
            yield client


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
    """Wait for what no event announces, looking twenty times a second."""
    with anyio.fail_after(seconds):
        while not await condition():  # noqa: ASYNC110 - the map announces nothing
            await anyio.sleep(0.05)
