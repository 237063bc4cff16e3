"""The agents of catalogues: lists of agents at a URL, fetched when needed and kept while fresh.

An agent of a catalogue is used with the settings and the credentials of the catalogue's table. A
catalogue never adds an origin: an agent elsewhere is used only if the table allows its origin.
While a catalogue cannot be read, its agents of before are used.
"""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Final
from uuid import uuid4

import anyio

from a2a_mcp.a2a.auth.renewal import renewed_for
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.card import freshness
from a2a_mcp.a2a.decoding.catalogue import (
    MOST_AGENTS,
    ListedAgent,
    catalogue_urls,
    decode_catalogue,
    is_searched,
)
from a2a_mcp.a2a.errors import A2AError, InvalidAgentResponse, UrlRefused
from a2a_mcp.a2a.grpc.addresses import http_form
from a2a_mcp.a2a.http.origins import origin_of, plain
from a2a_mcp.a2a.http.responses import HttpResponse
from a2a_mcp.a2a.http.transport import Transport
from a2a_mcp.agents.credentials import Credentials
from a2a_mcp.agents.own_certificate import OwnCertificate
from a2a_mcp.agents.transports import Transports
from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.values import agent_url
from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

MOST_BYTES: Final = 4 * 1024 * 1024
LONGEST_SECONDS: Final = 5.0
"""How long all calls wait for a catalogue, also those of other agents."""

AGAIN_SECONDS: Final = 60.0
"""How long after a failure a catalogue is not asked again."""

NOT_FOUND: Final = 404
DESCRIPTION_BYTES: Final = 300
ELSEWHERE: Final = (
    "its address is at {origin}, which the catalogue may not add; "
    "if it is right, list it in allowed_origins of {catalogue}"
)


@dataclass(frozen=True, slots=True)
class _Read:
    """What is known of one catalogue; `problem` says why it could not be read last."""

    table: AgentConfig
    fresh_until: float
    agents: tuple[ListedAgent, ...] = ()
    problem: str | None = None


class Catalogues:
    """The catalogues of the configuration.

    `tls` returns the TLS settings that all agents share; `credentials` those of a table; `clock`
    returns monotonic seconds.
    """

    def __init__(
        self,
        tls: Callable[[], ssl.SSLContext],
        credentials: Callable[[AgentConfig], Credentials],
        clock: Callable[[], float],
    ) -> None:
        self._tls = tls
        self._credentials = credentials
        self._clock = clock
        self._known: dict[str, _Read] = {}
        self._reading = anyio.Lock()

    async def refresh(self, tables: Mapping[str, AgentConfig]) -> bool:
        """Read the catalogues that are not fresh, all at once; return whether one was read."""
        async with self._reading:
            self._known = {name: it for name, it in self._known.items() if name in tables}
            stale = [table for table in tables.values() if not self._is_fresh(table)]
            async with anyio.create_task_group() as group:
                for table in stale:
                    group.start_soon(self._read, table)
            return bool(stale)

    def _is_fresh(self, table: AgentConfig) -> bool:
        known = self._known.get(table.name)
        return known is not None and known.table == table and self._clock() < known.fresh_until

    async def _read(self, table: AgentConfig) -> None:
        try:
            with anyio.fail_after(LONGEST_SECONDS):
                agents, seconds = await self._fetch(table)
        except (A2AError, CredentialUnavailable) as error:
            self._known[table.name] = self._failed(table, error.message)
        except TimeoutError:
            reason = f"no answer within {LONGEST_SECONDS:g} s"
            self._known[table.name] = self._failed(table, reason)
        else:
            self._known[table.name] = _Read(table, self._clock() + seconds, agents)

    def _failed(self, table: AgentConfig, reason: str) -> _Read:
        known = self._known.get(table.name)
        agents = known.agents if known and known.table == table else ()
        return _Read(table, self._clock() + AGAIN_SECONDS, agents, reason)

    async def _fetch(self, table: AgentConfig) -> tuple[tuple[ListedAgent, ...], float]:
        """Return the agents of a catalogue, and for how many seconds they are fresh."""
        url = table.catalog or ""
        table = table.model_copy(update={"url": url, "catalog": None})  # reached as an agent is
        transports = Transports(table, lambda: url, self._tls, OwnCertificate(table).get)
        try:
            for address in catalogue_urls(url):
                answer = await self._answer(table, transports.http(), _request(address))
                if answer.status != NOT_FOUND:
                    return _agents(answer, address), freshness(answer)
        finally:
            await transports.aclose()
        raise InvalidAgentResponse(f"there is no catalogue at {plain(url)}", url=plain(url))

    async def _answer(
        self, table: AgentConfig, transport: Transport, request: HttpRequest
    ) -> HttpResponse:
        """Return the answer to a request with the table's credentials, renewed once after a 401."""
        attachment = await self._credentials(table).attach(None, str(uuid4()))
        seconds = table.limits.card_seconds
        ask = partial(transport.fetch, request, {}, seconds=seconds, body_bytes=MOST_BYTES)
        answer = await ask(attachment)
        renewed = await renewed_for(answer, attachment)
        return await ask(renewed) if renewed else answer

    def joined(self, config: Config) -> Config:
        """Return the configuration with the agents of its catalogues after its own."""
        found: dict[str, AgentConfig] = {}
        faults: dict[str, str] = {}
        for name in config.catalogs:
            if name in self._known:
                _add(self._known[name], found, faults)
        agents = config.agents.joined(found.values())
        return replace(config, agents=agents, faults={**config.faults, **faults})


def _request(url: str) -> HttpRequest:
    if is_searched(url):
        return HttpRequest("POST", url, {"limit": MOST_AGENTS})
    return HttpRequest("GET", url)


def _agents(answer: HttpResponse, url: str) -> tuple[ListedAgent, ...]:
    if answer.status >= 300:
        raise InvalidAgentResponse(f"HTTP {answer.status} at {plain(url)}", url=plain(url))
    agents = decode_catalogue(answer.body, url)
    if agents is None:
        raise InvalidAgentResponse(f"no list of agents at {plain(url)}", url=plain(url))
    return _told_apart(agents)


def _told_apart(agents: Iterable[ListedAgent]) -> tuple[ListedAgent, ...]:
    """Return agents whose names differ: those of one name end in a mark of their address."""
    known = {agent.url: agent for agent in agents}.values()
    count = Counter(agent.name.casefold() for agent in known)
    return tuple(
        replace(agent, name=f"{agent.name[:57]}-{_mark(agent.url)}")
        if count[agent.name.casefold()] > 1
        else agent
        for agent in known
    )


def _mark(url: str) -> str:
    return sha256(url.encode("utf-8", "replace")).hexdigest()[:6]


def _add(read: _Read, found: dict[str, AgentConfig], faults: dict[str, str]) -> None:
    """Add what a catalogue lists: agents, and why others cannot be used."""
    if read.problem and not read.agents:
        faults[read.table.name] = f"its catalogue cannot be read: {scrub(read.problem)}"
    for listed in read.agents:
        name = f"{read.table.name}/{listed.name}"
        try:
            found[name] = _configured(read.table, name, listed)
        except (UrlRefused, ValueError) as error:
            faults[name] = error.message if isinstance(error, UrlRefused) else str(error)


def _configured(table: AgentConfig, name: str, listed: ListedAgent) -> AgentConfig:
    """Return a listed agent with the settings of its catalogue; raises UrlRefused, ValueError."""
    agent_url(listed.url)
    origin = origin_of(listed.url)
    allowed = [table.catalog or "", *table.allowed_origins]
    if origin not in {origin_of(http_form(url)) for url in allowed}:
        raise UrlRefused(ELSEWHERE.format(origin=origin, catalogue=table.name), url=str(origin))
    said = shorten(scrub(" ".join((listed.description or "").split())), DESCRIPTION_BYTES)
    facts = {
        "name": name,
        "url": listed.url,
        "description": said or table.description,
        "catalog": None,
    }
    return table.model_copy(update=facts)
