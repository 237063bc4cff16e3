"""Bridge processes on one database, each with a host."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import postgres

from e2e.bridges import Home, Served, Table
from e2e.hosts import Host, http_host

KEY: Final = "a key that is as long as it must be, 32 bytes"


@dataclass(frozen=True)
class Replica:
    """A bridge process with a state folder of its own, and a host that is connected to it."""

    served: Served
    host: Host

    @property
    def process(self) -> Any:
        return self.served.process


class HasUrl(Protocol):
    """An agent at an address."""

    @property
    def url(self) -> str: ...


class Cluster:
    """Bridges on one database; each `replica` starts one more."""

    def __init__(self, folder: Path, agent: HasUrl) -> None:
        self.database = postgres.Away(folder)
        self._folder = folder
        self._agent = agent
        self._stack = AsyncExitStack()

    async def replica(
        self, name: str, *, heartbeat: float = 0.5, store: Table | None = None, **server: Any
    ) -> Replica:
        home = Home(self._folder / name)
        home.folder.mkdir()
        home.configure(
            {"good": self._agent.url},
            state_key=KEY,
            store={
                "url": self.database.url,
                "pool": 2,
                "heartbeat_seconds": heartbeat,
                **(store or {}),
            },
            **server,
        )
        served = await self._stack.enter_async_context(home.serving())
        host = await self._stack.enter_async_context(http_host(served.url, "auto"))
        return Replica(served, host)

    async def __aenter__(self) -> Cluster:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()
