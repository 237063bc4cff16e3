"""The configured agents by name, and the connection to each.

It reads nothing from the network and imports no HTTP library until an agent is first called. The
configuration may change while it runs; unchanged agents keep their connections.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from a2a_mcp.agents.connections import Connections
from a2a_mcp.agents.name_errors import name_one_of, none_configured, only_looks, unknown_agent
from a2a_mcp.agents.subject import SubjectOf, nobody
from a2a_mcp.config.load import Config
from a2a_mcp.config.reload import Reloader
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.errors import AgentDisabled, AmbiguousAgent, UnknownAgent
from a2a_mcp.store.base import LOCAL_OWNER

if TYPE_CHECKING:
    from a2a_mcp.agents.catalogues import Catalogues
    from a2a_mcp.agents.connection import Connection
    from a2a_mcp.agents.registered import RegisteredAgents
    from a2a_mcp.store.base import InterfaceOverrides, TaskRecord
    from a2a_mcp.store.card_pins import PinPlace
    from a2a_mcp.store.logins import Logins


class Registry:
    """The agents of the configuration; `reloader` returns a new one when the file has changed.

    `overrides` stores corrections of agents' cards over restarts, `logins` what persons who sign in
    get; None: nobody can sign in. `may_sign_in` returns whether an owner may, `subject` the token
    that an owner shows in the call that is under way. `registered` are agents that callers have
    added; each is there for its owner alone, and `caller` returns who is asking. `may_use` and
    `may_change` return what the caller may do with an agent. Pins of cards are kept in `pins`.
    """

    def __init__(
        self,
        config: Config,
        reloader: Reloader | None = None,
        *,
        overrides: InterfaceOverrides | None = None,
        logins: Logins | None = None,
        may_sign_in: Callable[[str], bool] = lambda _: True,
        subject: SubjectOf = nobody,
        registered: RegisteredAgents | None = None,
        caller: Callable[[], str] = lambda: "",
        may_use: Callable[[str], bool] = lambda _: True,
        may_change: Callable[[str], bool] = lambda _: True,
        pins: PinPlace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.on_change: Callable[[], None] = lambda: None
        """Called when the configuration or the card of an agent has changed."""
        self._logins = logins
        self._may_sign_in = may_sign_in
        self._subject = subject
        self.registered = registered
        self._configured = config
        self._catalogues: Catalogues | None = None
        self._caller = caller
        self._may_use = may_use
        self.may_change = may_change
        self._reloader = reloader
        self._overrides = overrides
        self._pins = pins
        self._clock = clock
        self._connections = Connections(self.connect)
        self._by_key = _by_key(config)
        self._tls = cache(_default_tls)

    @property
    def problem(self) -> str | None:
        """Why a changed configuration file is not in use, if it is not."""
        return self._reloader.problem if self._reloader else None

    async def aclose(self) -> None:
        """Close every agent's connections."""
        await self._connections.aclose()

    async def tidy(self) -> None:
        """Close connections to agents whose configuration has changed, until cancelled."""
        await self._connections.tidy()

    def refresh(self) -> None:
        """Use a changed configuration, agents that callers have added included.

        Files are checked once a second at most.
        """
        now = self._clock()
        fresh = self._reloader.reload_if_changed(now) if self._reloader else None
        grown = self.registered is not None and self.registered.changed(now)
        if fresh is None and not grown:
            return
        self._configured = fresh or self._configured
        self._use(self._joined())

    async def discover(self) -> None:
        """Use agents of other processes and of catalogues; one that cannot be read is a fault."""
        if self.registered:
            await self.registered.look()
        self.refresh()
        if not self._configured.catalogs:
            return
        if self._catalogues is None:
            from a2a_mcp.agents.catalogues import Catalogues  # imports httpx

            self._catalogues = Catalogues(
                self._tls, lambda table: self.connect(table, LOCAL_OWNER).credentials, self._clock
            )
        if await self._catalogues.refresh(self._configured.catalogs):
            self._use(self._joined())

    def _joined(self) -> Config:
        """Return the configuration with what callers have added and catalogues list."""
        joined = self._configured
        for source in (self._catalogues, self.registered):
            joined = source.joined(joined) if source else joined
        return joined

    def _use(self, fresh: Config) -> None:
        """Use a configuration from now on; connections to agents that have changed are given up."""
        self._connections.give_up_changed(fresh.agents)
        self.config = fresh
        self._by_key = _by_key(fresh)
        self.on_change()

    def names(self) -> list[str]:
        """Return the names of the agents that the caller can call, in the configuration's order."""
        return list(filter(self.shows, self.config.agents.enabled()))

    def all_names(self) -> list[str]:
        """Return the names of the caller's agents, and after them of those that have a fault."""
        return list(filter(self.shows, [*self.config.agents, *self.config.faults]))

    def is_taken(self, name: str) -> bool:
        """Return whether an agent, of any owner, or a catalogue has this name in any case."""
        key = name.casefold()
        return key in self._by_key or key in map(str.casefold, self._configured.catalogs)

    def shows(self, name: str, to: str | None = None) -> bool:
        """Return whether there is an agent for the caller; to others it looks unknown.

        `to` is the owner where work goes on without a caller.
        """
        owner = self.registered.owner_of(name) if self.registered else None
        return owner in (None, to or self._caller()) and self._may_use(name)

    def check_change(self, name: str) -> None:
        """Check that the caller may change something at an agent; raises UnknownAgent, NotAllowed.

        A caller that has lost an agent still reads its own tasks there, and sends nothing more.
        """
        if not self.shows(name):
            raise self._unknown(name)
        if not self.may_change(name):
            raise only_looks(name)

    @property
    def default_agent(self) -> str | None:
        """The configured default, if there is one for the caller."""
        name = self.config.default_agent
        return name if name and self.shows(name) else None

    def resolve(self, name: str | None, owner: str | None = None) -> str:
        """Return the configured form of `name`; None stands for the default or the only agent.

        `owner` is needed where work goes on without a caller.

        Raises UnknownAgent, AgentDisabled, AmbiguousAgent.
        """
        self.refresh()
        if name is None:
            return self._default()
        names = [name]
        if self.registered:
            names.append(self.registered.name_for(owner or self._caller(), name))
        found = (self._by_key.get(each.casefold()) for each in names)
        known = next((each for each in found if each and self.shows(each, owner)), None)
        if known is None:
            raise self._unknown(name)
        return self._usable(known)

    def _usable(self, known: str) -> str:
        """Return a name if its agent can be called; raises AgentDisabled."""
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

    def connection(self, name: str, owner: str) -> Connection:
        """Return the connection of an owner to a configured agent, made on first use."""
        known = self._connections.known(name, owner)
        if known is not None:
            return known
        name = self._configured_name(name)
        return self._connections.of(self.config.agents[name], owner)

    def connection_of(self, record: TaskRecord) -> Connection:
        """Return the connection of a task's owner to its agent."""
        return self.connection(record.agent, record.owner)

    def connect(self, agent: AgentConfig, owner: str) -> Connection:
        """Return a new connection of an owner to an agent, the caller's to close.

        What all owners share never has the login of one of them.
        """
        from a2a_mcp.agents.connection import Connection  # imports httpx

        whose = owner if agent.is_personal else LOCAL_OWNER
        made = Connection(
            agent,
            tls=self._tls,
            overrides=self._overrides,
            secrets=self.config.secrets,
            logins=self._logins if self._may_sign_in(whose) else None,
            owner=whose,
            subject=self._subject,
            pins=self._pins,
            clock=self._clock,
        )
        made.cards.announce = lambda: self.on_change()
        return made

    def keep(self, connection: Connection) -> None:
        """Use a connection of the caller from now on for its agent, which has none yet."""
        self._connections.keep(connection, self._caller())

    def _configured_name(self, name: str) -> str:
        """Return the name of a task's agent for any caller; raises UnknownAgent where it is gone.

        What goes on in the background has no caller, and a task's row names its owner.
        """
        self.refresh()
        known = self._by_key.get(name.casefold())
        if known is None:
            raise self._unknown(name)
        return self._usable(known)

    def known(self, name: str) -> Connection | None:
        """Return the caller's connection to an agent if there is one, without making it."""
        return self._connections.known(name, self._caller())

    def all_known(self, name: str) -> list[Connection]:
        """Return all owners' connections to an agent, without making one."""
        return self._connections.all_of(name)

    def agent(self, name: str) -> AgentConfig:
        """Return the configuration of an agent."""
        return self.config.agents[name]

    def _default(self) -> str:
        if self.default_agent:
            return self.resolve(self.default_agent)
        names = self.names()
        if len(names) == 1:
            return names[0]
        if not self.all_names():
            raise none_configured()
        if not names:
            raise AmbiguousAgent(
                f"No agent is usable: {self._faults()}.",
                "Ask the user to correct the configuration.",
            )
        raise name_one_of(names)

    def _faults(self) -> str:
        told = filter(self.shows, self.config.faults)
        return "; ".join(f"{name}: {self.config.faults[name]}" for name in list(told)[:3])

    def _unknown(self, name: str) -> UnknownAgent:
        keys = {key: known for key, known in self._by_key.items() if self.shows(known)}
        return unknown_agent(name, keys, self.names())


def _by_key(config: Config) -> dict[str, str]:
    return {name.casefold(): name for name in [*config.faults, *config.agents]}


def _default_tls() -> ssl.SSLContext:
    """Return TLS settings with the default trust store; making them takes 20 ms."""
    from a2a_mcp.a2a.http.tls import default_context  # httpx only now

    return default_context()
