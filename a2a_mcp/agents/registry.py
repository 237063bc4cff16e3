"""The configured agents by name, and the connection to each.

It reads nothing from the network and imports no HTTP library until an agent is first called. The
configuration may change while it runs; unchanged agents keep their connections.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.config.load import Config
from a2a_mcp.config.reload import Reloader
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.errors import AgentDisabled, AmbiguousAgent, UnknownAgent

if TYPE_CHECKING:
    from a2a_mcp.agents.connection import Connection
    from a2a_mcp.store.base import InterfaceOverrides

SHOWN_NAMES: Final = 10
NONE_CONFIGURED: Final = (
    "No A2A agent is configured.",
    "Ask the user to give this server an agent: a URL as argument, A2A_AGENTS=name=url in its "
    "environment, or a table [agents.NAME] with url in agents.toml.",
)


class Registry:
    """The agents of the configuration; `reloader` returns a new one when the file has changed.

    `overrides` stores corrections of agents' cards over restarts.
    """

    def __init__(
        self,
        config: Config,
        reloader: Reloader | None = None,
        *,
        overrides: InterfaceOverrides | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self._reloader = reloader
        self._overrides = overrides
        self._clock = clock
        self._connections: dict[str, Connection] = {}
        self._retired: list[Connection] = []
        self._retiring = anyio.Event()
        self._by_key = _by_key(config)
        self._tls = cache(_default_tls)

    @property
    def problem(self) -> str | None:
        """Why a changed configuration file is not in use, if it is not."""
        return self._reloader.problem if self._reloader else None

    async def aclose(self) -> None:
        """Close every agent's connections."""
        for connection in [*self._connections.values(), *self._retired]:
            await connection.aclose()

    async def tidy(self) -> None:
        """Close connections to agents whose configuration has changed, until cancelled."""
        while True:
            await self._retiring.wait()
            self._retiring = anyio.Event()
            while self._retired:
                await self._retired[0].retire()
                del self._retired[0]

    def refresh(self) -> None:
        """Use a changed configuration file; it is checked once a second at most."""
        fresh = self._reloader.reload_if_changed(self._clock()) if self._reloader else None
        if fresh is None:
            return
        for name, connection in list(self._connections.items()):
            if fresh.agents.get(name) != connection.config:
                self._retired.append(self._connections.pop(name))
                self._retiring.set()
        self.config = fresh
        self._by_key = _by_key(fresh)

    def names(self) -> list[str]:
        """Return the names of the agents that can be called, in the configuration's order."""
        return self.config.agents.enabled()

    def resolve(self, name: str | None) -> str:
        """Return the configured form of `name`; None stands for the default or the only agent.

        Raises UnknownAgent, AgentDisabled, AmbiguousAgent.
        """
        self.refresh()
        if name is None:
            return self._default()
        known = self._by_key.get(name.casefold())
        if known is None:
            raise self._unknown(name)
        if known in self.config.faults:
            raise AgentDisabled(
                f"The agent {known!r} is not usable: {self.config.faults[known].rstrip('.?')}.",
                "Ask the user to correct its configuration, or use another agent.",
                agent=known,
            )
        if not self.config.agents[known].enabled:
            raise AgentDisabled(
                f"The agent {known!r} is switched off in the configuration.",
                "Use another agent, or ask the user to enable it.",
                agent=known,
            )
        return known

    def connection(self, name: str) -> Connection:
        """Return the connection of a configured agent, made on first use."""
        connection = self._connections.get(name)
        if connection is None:
            name = self.resolve(name)  # raises when a task's agent is no longer configured
            from a2a_mcp.agents.connection import Connection  # imports httpx

            connection = Connection(
                self.config.agents[name],
                tls=self._tls,
                overrides=self._overrides,
                secrets=self.config.secrets,
                clock=self._clock,
            )
            self._connections[name] = connection
        return connection

    def known(self, name: str) -> Connection | None:
        """Return the connection of an agent if there is one, without making it."""
        return self._connections.get(name)

    def agent(self, name: str) -> AgentConfig:
        """Return the configuration of an agent."""
        return self.config.agents[name]

    def _default(self) -> str:
        if self.config.default_agent:
            return self.resolve(self.config.default_agent)
        names = self.names()
        if len(names) == 1:
            return names[0]
        if not names and not self.config.faults:
            raise UnknownAgent(*NONE_CONFIGURED)
        if not names:
            raise AmbiguousAgent(
                f"No agent is usable: {_faults(self.config)}.",
                "Ask the user to correct the configuration.",
            )
        raise AmbiguousAgent(
            "Name the agent: there is more than one.",
            f"Call again with agent= one of: {_some(names)}.",
        )

    def _unknown(self, name: str) -> UnknownAgent:
        names = self.names()
        if not names and not self.config.faults:
            return UnknownAgent(*NONE_CONFIGURED)
        close = get_close_matches(name.casefold(), list(self._by_key), n=1, cutoff=0.6)
        meant = f" Did you mean {self._by_key[close[0]]!r}?" if close else ""
        message = f"There is no agent named {name[:80]!r}.{meant}"
        if not names:
            return UnknownAgent(message, "No agent is usable; agent_info says why.")
        nearest = get_close_matches(name, names, n=SHOWN_NAMES, cutoff=0.0)
        return UnknownAgent(
            message, f"Agents: {_some(nearest, of=len(names))}. agent_info lists them all."
        )


def _by_key(config: Config) -> dict[str, str]:
    return {name.casefold(): name for name in [*config.faults, *config.agents]}


def _faults(config: Config) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in list(config.faults.items())[:3])


def _some(names: list[str], of: int | None = None) -> str:
    total = of if of is not None else len(names)
    shown = ", ".join(names[:SHOWN_NAMES])
    return shown if total <= SHOWN_NAMES else f"{shown} and {total - SHOWN_NAMES} more"


def _default_tls() -> ssl.SSLContext:
    """Return TLS settings with the default trust store; making them takes 20 ms."""
    from a2a_mcp.a2a.http.tls import default_context  # httpx only now

    return default_context()
