"""One configured agent at run time: its card, its interfaces, its client, and how it fares.

Everything is made on first use: a card is fetched when it is needed, kept while it is fresh, and
used stale, with a note, while the agent is down. Credentials go to the configured origin and to
those the configuration adds, nowhere else. This module and what it imports from `a2a` bring in
httpx, so it is imported only when an agent is first called.
"""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import anyio

from a2a_mcp.a2a.auth.static import Attachment, Headers, attach
from a2a_mcp.a2a.card import FoundCard, find_card, inline_card
from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AuthenticationRequired,
    Delivery,
    ExtensionRequired,
    InvalidAgentResponse,
)
from a2a_mcp.a2a.http.download import download
from a2a_mcp.a2a.http.transport import Received, Transport
from a2a_mcp.a2a.versions.table import (
    Choice,
    Interface,
    alternatives,
    choose,
    corrected,
    from_text,
    preferred,
    to_text,
)
from a2a_mcp.agents.http import open_foreign_transport, open_transport
from a2a_mcp.agents.origins import allowed, base, pins, place, trusts
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.secrets import CredentialUnavailable
from a2a_mcp.store.base import InterfaceOverrides

_T = TypeVar("_T")

log = logging.getLogger(__name__)

STALE_SECONDS = 30.0


@dataclass(slots=True)
class Health:
    """What the last calls showed; times are unix seconds, the others are for people.

    `detour` says which interface is used in the place of the first.
    """

    last_success: float | None = None
    last_error: str | None = None
    note: str | None = None
    detour: str | None = None


class Connection:
    """Everything that is known of one agent while the bridge runs.

    `clock` gives monotonic seconds; `tls` the shared TLS settings, made on first use.
    """

    def __init__(
        self,
        config: AgentConfig,
        *,
        tls: Callable[[], ssl.SSLContext],
        lessons: InterfaceOverrides | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.health = Health()
        self.found: FoundCard | None = None
        self._choice: Choice | None = None
        self._tls = tls
        self._lessons = lessons
        self._clock = clock
        self._transport: Transport | None = None
        self._clients: dict[Interface, A2AClient] = {}
        self._fetching = anyio.Lock()
        self._attempts = 0
        self._failure: A2AError | None = None
        self.names_contexts = False
        """Whether the agent has refused a conversation that we had named."""

    async def aclose(self) -> None:
        """Close the agent's connections."""
        if self._transport:
            await self._transport.aclose()

    async def retire(self) -> None:
        """Let go of an agent that is configured otherwise now; what is under way goes on."""
        if self._transport:
            await self._transport.retire()

    async def card(self, *, refresh: bool = False) -> FoundCard:
        """Give the agent's card, fetched again when it is no longer fresh or `refresh` asks for it.

        Raises A2AError when there is none and none was known before.
        """
        found = self.found
        if found and not refresh and self._clock() < found.fresh_until:
            return found
        attempt = self._attempts
        async with self._fetching:
            if self._attempts != attempt and self._failure:
                raise self._failure  # who waited for a failed attempt need not make another
            if self.found is found or refresh:  # nobody else has just fetched it
                await self._attempt()
        if self.found is None:
            raise InvalidAgentResponse("the agent has no card")
        return self.found

    async def choice(self, *, refresh: bool = False) -> Choice:
        """Give the interfaces that may be used, best first; raises A2AError when there are none."""
        found = await self.card(refresh=refresh)
        if self._choice is None:
            chosen = choose(
                found.card,
                base=base(self.config, found),
                allowed=allowed(self.config, found),
                pins=pins(self.config),
            )
            self._choice = corrected(chosen, await self._lessons_kept())
            self.health.detour = None
            self._tell(self._choice)
        return self._choice

    async def prepare(self) -> None:
        """Find out how the agent is called, and with what; raises A2AError, CredentialUnavailable.

        A card that needs no fetching needs no credentials either: they are asked for all the same.
        """
        await self.choice()
        await self._attach()

    def _tell(self, choice: Choice) -> None:
        """Say in the log what is used, and for the card's author what was not as the card says."""
        log.info("agent %s: uses %s", self.config.name, choice.interfaces[0])
        for note in dict.fromkeys(item.note for item in choice.interfaces if item.note):
            log.warning("agent %s: %s", self.config.name, note)

    async def learn(self, interface: Interface) -> None:
        """Note over what an agent takes messages that was not the first choice.

        Where it speaks otherwise than its card says, that is kept over restarts; where the first
        interface was out of reach, only until the card is another.
        """
        if self._choice is None:
            return
        first = self._choice.interfaces[0]
        self._choice = corrected(self._choice, [interface])
        if self._choice.interfaces[0] != interface:
            self._choice = preferred(self._choice, interface)
            self.health.detour = f"{first} took no message; {interface} did and is used"
            log.warning("agent %s: %s", self.config.name, self.health.detour)
            return
        log.warning("agent %s: %s", self.config.name, self._choice.interfaces[0].note)
        if self._lessons:
            await self._lessons.learn(self.config.name, interface.url, to_text(interface))

    async def _lessons_kept(self) -> list[Interface]:
        if self._lessons is None or self.config.version:
            return []
        texts = await self._lessons.learned(self.config.name)
        return [interface for text in texts if (interface := from_text(text))]

    @property
    def ready(self) -> bool:
        """Whether the interfaces are known and need not be looked up again."""
        found = self.found
        return self._choice is not None and bool(found and self._clock() < found.fresh_until)

    def refuse_unmet(self) -> None:
        """Raise ExtensionRequired where the card requires extensions that nobody has set up."""
        unmet = self.unmet
        if unmet:
            raise ExtensionRequired(unmet, delivery=Delivery.NEVER)

    @property
    def unmet(self) -> str | None:
        """Say which extensions the card requires and the configuration does not name."""
        announced = self.found.card.capabilities.extensions if self.found else ()
        required = [item.uri for item in announced if item.required]
        missing = [uri for uri in required if uri not in self.config.extensions]
        if not missing:
            return None
        return f"its card requires extensions that are not configured: {', '.join(missing)}"

    def new_context(self) -> str | None:
        """Name a new conversation, so that a task of it can be found if its answer is lost.

        None where the agent names conversations itself, or has refused a name of ours.
        """
        choice = self._choice
        if choice is None or self.names_contexts or not choice.interfaces[0].takes_contexts:
            return None
        return str(uuid4())

    @property
    def chosen(self) -> Choice | None:
        """The interfaces that were chosen last."""
        return self._choice

    async def client(self, interface_key: str | None = None) -> A2AClient:
        """Give a client of the best interface, or of the one that a task was made with."""
        interface = from_text(interface_key) if interface_key else None
        if interface is None or not trusts(self.config, await self.card(), interface):
            interface = (await self.choice()).interfaces[0]
        return self.client_of(interface)

    async def clients(
        self, interface_key: str | None = None, *, refresh: bool = False
    ) -> list[A2AClient]:
        """Give the clients for a task's interface or the card's, best first.

        After them come those of other versions, for an agent whose card lies or that was replaced;
        never where the configuration pins the version.
        """
        if interface_key and not refresh:
            interfaces = [(await self.client(interface_key)).interface]
        else:
            interfaces = list((await self.choice(refresh=refresh)).interfaces)
        if self.config.version is None:
            interfaces += [other for said in interfaces for other in alternatives(said)]
        return [self.client_of(interface) for interface in dict.fromkeys(interfaces)]

    async def read(
        self, interface_key: str | None, work: Callable[[A2AClient], Awaitable[_T]]
    ) -> tuple[A2AClient, _T]:
        """Do a read over the interface that a task was made with, else over one that takes it.

        Gives the client that did it; raises A2AError.
        """
        refusal: AgentError | None = None
        for client in await self.clients(interface_key):
            try:
                return client, await work(client)
            except AgentError as error:
                if not error.tries_next:
                    raise
                refusal = refusal or error
        raise refusal or InvalidAgentResponse("the agent has no interface")

    async def download(self, url: str) -> Received:
        """Read a file that the agent's answer links to, under the rules of `download`."""
        found, own = await self.card(), self._open()
        return await download(
            url,
            base=base(self.config, found),
            allowed=allowed(self.config, found),
            own=own,
            attachment=await self._attach(),
            foreign=lambda: open_foreign_transport(own.limits, self._tls()),
        )

    def client_of(self, interface: Interface) -> A2AClient:
        """Give the client of one interface."""
        client = self._clients.get(interface)
        if client is None:
            client = A2AClient(self._open(), interface, self._attach, self.config.extensions)
            self._clients[interface] = client
        return client

    def succeeded(self) -> None:
        """Note that the agent answered."""
        self.health.last_success = time.time()
        self.health.last_error = None

    def failed(self, error: A2AError | CredentialUnavailable) -> None:
        """Note that a call failed."""
        self.health.last_error = error.message

    async def _attempt(self) -> None:
        self._attempts += 1
        self._failure = None
        try:
            await self._fetch()
        except A2AError as error:
            self._failure = error
            raise

    async def _fetch(self) -> None:
        """Fetch the card, or keep the known one for a while where that fails."""
        try:
            found = await self._find()
        except A2AError as error:
            error.delivery = Delivery.NEVER  # a card was asked for, no message has left
            self.failed(error)
            if self.found is None or isinstance(error, AuthenticationRequired):
                raise
            self.health.note = f"using the card of before: {error.message}"
            self.found = _until(self.found, self._clock() + STALE_SECONDS)
            return
        if self.found is None or found.card != self.found.card:
            self._choice = None
        self.found = found
        self.health.note = None

    async def _find(self) -> FoundCard:
        given = self.config.card
        if given is None:
            attachment = await self._attach(with_card=False)
            where = place(self.config, self.found)
            return await find_card(
                self._open(), where, attachment, known=self.found, clock=self._clock
            )
        if isinstance(given, dict):
            return inline_card(given, f"the card of {self.config.name}")
        try:
            text = await anyio.Path(given).read_text("utf-8")
            return inline_card(json.loads(text), str(given))
        except (OSError, ValueError) as error:
            raise InvalidAgentResponse(f"{given}: {error}") from error

    async def _attach(self, *, with_card: bool = True) -> Attachment:
        """Give the credentials and headers of this agent; only its own origins are ever called."""
        card = self.found.card if self.found and with_card else None
        try:
            shown = await attach(self.config.auth, card)
            if not self.config.headers:
                return shown
            fixed = await attach(Headers(self.config.headers))
        except CredentialUnavailable as error:
            self.failed(error)
            error.agent = self.config.name
            raise
        return Attachment({**fixed.headers, **shown.headers}, shown.params)

    def _open(self) -> Transport:
        if self._transport is None:
            where = place(self.config, self.found)
            self._transport = open_transport(self.config, where, self._tls)
        return self._transport


def _until(found: FoundCard, fresh_until: float) -> FoundCard:
    return FoundCard(found.card, found.url, found.etag, fresh_until)
