"""One configured agent at run time: the parts that a call to it needs, made on first use.

It holds no task. Credentials go to the configured origin and to those the configuration adds,
nowhere else. This module brings in the HTTP library, so it is imported when an agent is first
called.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    Delivery,
    ExtensionRequired,
    InvalidAgentResponse,
)
from a2a_mcp.a2a.http.download import download
from a2a_mcp.a2a.http.responses import DownloadedFile
from a2a_mcp.a2a.interface_text import conversation_in, from_text, tenant_in, unchosen_text
from a2a_mcp.a2a.interfaces import Choice, Interface, alternatives
from a2a_mcp.agents.card_cache import CardCache
from a2a_mcp.agents.credentials import Credentials
from a2a_mcp.agents.extended_cards import ExtendedCards
from a2a_mcp.agents.health import Health
from a2a_mcp.agents.http import open_foreign_transport
from a2a_mcp.agents.interfaces import InterfaceChoice
from a2a_mcp.agents.origins import agent_url, allowed_origins, base_url, is_allowed
from a2a_mcp.agents.subject import SubjectOf, nobody
from a2a_mcp.agents.transports import Transports
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.store.base import LOCAL_OWNER, InterfaceOverrides
from a2a_mcp.store.card_pins import PinPlace
from a2a_mcp.store.logins import Logins

_T = TypeVar("_T")


class Connection:
    """One agent while the bridge runs: its card, interfaces, clients and health.

    `clock` returns monotonic seconds; `tls` returns the TLS settings that all agents share;
    `overrides` is where corrections of a card are stored. Tokens that it gets are added to
    `secrets`; those of `owner`, who signs in, are kept in `logins`, pins of cards in `pins`.
    `subject` returns the token that an owner shows in a call.
    """

    def __init__(
        self,
        config: AgentConfig,
        *,
        tls: Callable[[], ssl.SSLContext],
        overrides: InterfaceOverrides | None = None,
        secrets: SecretRegister | None = None,
        logins: Logins | None = None,
        owner: str = LOCAL_OWNER,
        subject: SubjectOf = nobody,
        pins: PinPlace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.health = Health()
        self.names_contexts = False
        """True when the agent has refused a context id that the bridge made."""
        self._own_calls = str(uuid4())  # headers that follow a conversation, in calls outside one
        self._tls = tls
        self.credentials = Credentials(config, tls, secrets, logins, owner, subject)
        self._transports = Transports(
            config, lambda: agent_url(config, self.found), tls, self.credentials.certificate.get
        )
        self._clients: dict[Interface, A2AClient] = {}
        self._interfaces = InterfaceChoice(config, self.health, overrides)
        self.cards = CardCache(
            config,
            self.health,
            attach=lambda: self._attach(None),  # the card is not there yet, or may be outdated
            transports=self._transports,
            on_change=self._interfaces.forget,
            pins=pins,
            clock=clock,
        )
        self.extended = ExtendedCards(
            lambda: self.found if config.has_credentials and not config.pin else None,
            self._attach_with_card,
            self._fetch_extended,
            clock,
        )

    async def aclose(self) -> None:
        """Close the agent's connections."""
        await self._transports.aclose()

    async def retire(self) -> None:
        """Close the connections once running calls have ended; the configuration has changed."""
        await self._transports.retire()

    @property
    def found(self) -> FoundCard | None:
        """The card that was found last."""
        return self.cards.known

    @property
    def chosen(self) -> Choice | None:
        """The interfaces that were chosen last."""
        return self._interfaces.current

    @property
    def ready(self) -> bool:
        """Return whether the interfaces are known and need not be looked up again."""
        return self.chosen is not None and self.cards.is_fresh

    async def card(self, *, refresh: bool = False) -> FoundCard:
        """Return the agent's card, fetched when it is not fresh or `refresh` is set.

        Raises A2AError when it cannot be fetched and none was known before.
        """
        return await self.cards.get(refresh=refresh)

    async def _fetch_extended(self) -> FoundCard:
        """Return the extended card, checked as every card is; raises A2AError."""
        limits = self.config.limits
        seconds, most = limits.card_seconds, limits.card_bytes
        _, found = await self.read(None, lambda client: client.extended_card(seconds, most))
        return await self.cards.checked(found)

    async def choice(self, *, refresh: bool = False) -> Choice:
        """Return the interfaces that may be used, best first; raises A2AError when none may."""
        return await self._interfaces.of(await self.card(refresh=refresh))

    async def prepare(self) -> None:
        """Look up the interfaces and the credentials; raises A2AError, CredentialUnavailable.

        A card that needs no fetching needs no credentials either: they are checked all the same.
        """
        await self.choice()
        await self._attach_with_card()

    async def learn(self, interface: Interface) -> None:
        """Use an interface, other than the first, over which the agent took a message."""
        await self._interfaces.learn(interface)

    @property
    def unmet(self) -> str | None:
        """A clause that names the extensions the card requires and the configuration lacks."""
        announced = self.found.card.capabilities.extensions if self.found else ()
        required = [item.uri for item in announced if item.required]
        missing = [uri for uri in required if uri not in self.config.extensions]
        if not missing:
            return None
        return f"its card requires extensions that are not configured: {', '.join(missing)}"

    @property
    def refusal(self) -> str | None:
        """Return why an agent whose card is known cannot be called; None where it can be."""
        if self.found is None:
            return None
        return self._interfaces.refusal(self.found) or self.unmet

    @property
    def moves(self) -> list[str]:
        """Return notes on the addresses that redirected calls, for the card's author."""
        return self._transports.moves

    def refuse_unmet(self) -> None:
        """Raise ExtensionRequired when the card requires extensions that are not configured."""
        unmet = self.unmet
        if unmet:
            raise ExtensionRequired(unmet, delivery=Delivery.NEVER)

    def new_context(self) -> str | None:
        """Return a new context id, by which a task can be found if its answer is lost.

        None where the agent makes context ids itself, or has refused one of ours.
        """
        choice = self.chosen
        if choice is None or self.names_contexts or not choice.interfaces[0].takes_contexts:
            return None
        return str(uuid4())

    async def client(self, interface_key: str | None = None) -> A2AClient:
        """Return a client of a task's interface, else of the best one; raises A2AError."""
        interface = await self._known(interface_key)
        if interface is None:
            interface = self._in_conversation((await self.choice()).interfaces[0], interface_key)
        return self.client_of(interface)

    async def clients(
        self, interface_key: str | None = None, *, refresh: bool = False
    ) -> list[A2AClient]:
        """Return clients of a task's interface or of the card's interfaces, best first.

        Clients of other protocol versions follow, in case the card is wrong or the agent was
        replaced, but not where the configuration pins the version. Raises A2AError.
        """
        known = None if refresh else await self._known(interface_key)
        interfaces = [known] if known else await self._chosen(interface_key, refresh=refresh)
        if self.config.version is None:
            interfaces += [other for listed in interfaces for other in alternatives(listed)]
        return [self.client_of(interface) for interface in dict.fromkeys(interfaces)]

    async def _known(self, interface_key: str | None) -> Interface | None:
        """Return the interface of a task, if it is known and may still be called."""
        interface = from_text(interface_key) if interface_key else None
        if interface and is_allowed(self.config, await self.card(), interface):
            return interface
        return None

    async def _chosen(self, interface_key: str | None, *, refresh: bool) -> list[Interface]:
        choice = await self.choice(refresh=refresh)
        return [self._in_conversation(listed, interface_key) for listed in choice.interfaces]

    def _in_conversation(self, interface: Interface, interface_key: str | None) -> Interface:
        conversation, tenant = conversation_in(interface_key), tenant_in(interface_key)
        if not (conversation or tenant):
            return interface
        return replace(interface, conversation=conversation, tenant=tenant or interface.tenant)

    def client_of(self, interface: Interface) -> A2AClient:
        """Return the client of one interface; it is kept, unless it is for one conversation."""
        client = self._clients.get(interface)
        if client is None:
            client = A2AClient(
                self._transports.of(interface),
                interface,
                lambda: self._attach(self.found, interface.conversation),
                self.config.extensions,
            )
            if interface.conversation is None:
                self._clients[interface] = client
        return client

    def new_conversation(self, tenant: str | None = None) -> str | None:
        """Return the text by which a task's record names a new conversation, and its tenant.

        None where no header follows the conversation, and the tenant is the usual one.
        """
        follows = self.config.follows_conversations
        return unchosen_text(str(uuid4()) if follows else None, tenant)

    async def read(
        self, interface_key: str | None, work: Callable[[A2AClient], Awaitable[_T]]
    ) -> tuple[A2AClient, _T]:
        """Do a read over a task's interface, else over the first that accepts it.

        Returns the client that did it, and the result. Raises A2AError.
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

    async def download(self, url: str) -> DownloadedFile:
        """Download a file that the agent's answer links to; raises A2AError.

        Another origin than the agent's is called over a new pool, without credentials.
        """
        found, own = await self.card(), self._transports.http()
        return await download(
            url,
            base=base_url(self.config, found),
            allowed=allowed_origins(self.config, found),
            own=own,
            attachment=await self._attach_with_card(),
            foreign=lambda: open_foreign_transport(own.limits, self._tls()),
        )

    def succeeded(self) -> None:
        """Record that the agent answered."""
        self.health.succeeded()

    def failed(self, error: A2AError | CredentialUnavailable) -> None:
        """Record that a call failed."""
        self.health.failed(error)

    async def _attach_with_card(self) -> Attachment:
        return await self._attach(self.found)

    async def _attach(self, found: FoundCard | None, conversation: str | None = None) -> Attachment:
        """Return the agent's credentials and headers; a failure is recorded as the agent's."""
        try:
            return await self.credentials.attach(found, conversation or self._own_calls)
        except CredentialUnavailable as error:
            self.health.failed(error)
            raise
