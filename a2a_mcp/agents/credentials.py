"""What the configuration adds to each request to one agent: its credentials and its fixed headers.

The caller sends the result to the agent's allowed origins only. Nothing is logged here.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from a2a_mcp.a2a.auth.choice import Choice, Use, choose
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.static import (
    Attachment,
    Aws,
    ConversationId,
    Headers,
    Mtls,
    Secret,
    attach,
    joined,
)
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.agents import credential_faults as faults
from a2a_mcp.agents.http import open_server_transport
from a2a_mcp.agents.own_certificate import OwnCertificate
from a2a_mcp.agents.subject import SubjectOf, nobody
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.store.base import LOCAL_OWNER

if TYPE_CHECKING:
    from a2a_mcp.agents.aws_signatures import AwsSignatures
    from a2a_mcp.agents.exchanged_tokens import ExchangedTokens
    from a2a_mcp.agents.tokens import AgentTokens
    from a2a_mcp.store.logins import Logins


class Credentials:
    """The credentials of one agent.

    `tls` returns the TLS settings that all agents share. Tokens that are got are added to
    `secrets`; `logins` keeps those that `owner` has got by a sign-in. `subject` returns what an
    owner shows in a call.
    """

    def __init__(
        self,
        config: AgentConfig,
        tls: Callable[[], ssl.SSLContext],
        secrets: SecretRegister | None,
        logins: Logins | None = None,
        owner: str = LOCAL_OWNER,
        subject: SubjectOf = nobody,
    ) -> None:
        self._config = config
        self._tls = tls
        self._secrets = secrets or SecretRegister()
        self._logins = logins
        self._owner = owner
        self._subject = subject
        self._signing: AwsSignatures | None = None
        self._chosen: tuple[AgentCard, Choice] | None = None
        self.certificate = OwnCertificate(config)

    @cached_property
    def tokens(self) -> AgentTokens | None:
        """What gets the agent's tokens; None where it has none of OAuth, or callers' own."""
        settings = self._config.oauth
        return self._asker(settings) if settings and not settings.exchange else None

    @cached_property
    def _exchanged(self) -> ExchangedTokens | None:
        settings = self._config.oauth
        if settings is None or settings.exchange is None:
            return None
        from a2a_mcp.agents.exchanged_tokens import ExchangedTokens

        shown = partial(self._subject, self._owner)
        return ExchangedTokens(self._asker(settings), settings.exchange, shown)

    def _asker(self, settings: OAuth) -> AgentTokens:
        from a2a_mcp.agents.login import AgentLogin  # most agents have no OAuth
        from a2a_mcp.agents.tokens import AgentTokens

        return AgentTokens(
            self._config,
            settings,
            open_server=lambda url: open_server_transport(self._config, settings, url, self._tls),
            login=AgentLogin(self._logins, self._owner, self._config.name, settings.client_id),
            secrets=self._secrets,
        )

    async def attach(self, found: FoundCard | None, conversation: str) -> Attachment:
        """Return the headers and parameters for a request; `found` None: for that of the card.

        `conversation` is the value of headers that follow the conversation. A credential replaces
        a fixed header of the same name. Raises CredentialUnavailable, and A2AError where a token
        server does not answer.
        """
        self.certificate.get()
        try:
            sent = [await self._attachment(use, found) for use in self._uses(found)]
            if self._config.headers:
                fixed = await attach(Headers(_secrets(self._config)))
                following = Attachment(_conversation_headers(self._config, conversation))
                sent = [fixed, following, *sent]
        except CredentialUnavailable as error:
            raise type(error)(error.message, error.next_step, agent=self._config.name) from error
        return joined(sent)

    def _uses(self, found: FoundCard | None) -> tuple[Use, ...]:
        """Return what goes out; raises CredentialUnavailable where that is not what is asked for.

        Fixed headers may hold what the card asks for, and an empty list of credentials says that
        the card asks for more than the agent needs.
        """
        if found is None:
            return tuple(map(Use, self._config.auth or ()))
        choice = self._choice(found.card)
        if choice.missing and self._config.auth != () and not self._config.has_secret_headers:
            raise faults.not_configured(choice.missing)
        return choice.uses

    def _choice(self, card: AgentCard) -> Choice:
        """Return what goes out to an agent with this card; it is the same for many calls."""
        if self._chosen is None or self._chosen[0] is not card:
            self._chosen = card, choose(card, self._config.auth or ())
        return self._chosen[1]

    async def _attachment(self, use: Use, found: FoundCard | None) -> Attachment:
        match use.credential:
            case OAuth():
                return await self._token(found)
            case Aws():
                return await self._signatures(use.credential).attachment()
            case Mtls():  # shown when the connection is made
                return Attachment()
            case credential:
                return await attach(credential, use.scheme)

    def _signatures(self, settings: Aws) -> AwsSignatures:
        from a2a_mcp.agents.aws_signatures import AwsSignatures  # few agents are in AWS

        self._signing = self._signing or AwsSignatures(settings, self._secrets)
        return self._signing

    async def _token(self, found: FoundCard | None) -> Attachment:
        tokens = self.tokens or self._exchanged
        assert tokens  # noqa: S101 - there is OAuth
        # Most cards are public, and how tokens are got may stand in the card.
        token = await tokens.get(found) if found else tokens.at_hand()
        return _bearer(tokens, found, token)


def _bearer(
    tokens: AgentTokens | ExchangedTokens, found: FoundCard | None, token: str | None
) -> Attachment:
    """Return the attachment with a token, which is replaced once by another after a 401."""

    async def renew() -> Attachment | None:
        other = await tokens.get(found, token)
        return None if other == token else _bearer(tokens, found, other)

    return Attachment({"Authorization": f"Bearer {token}"} if token else {}, renew=renew)


def _secrets(config: AgentConfig) -> dict[str, Secret]:
    headers = config.headers.items()
    return {name: value for name, value in headers if not isinstance(value, ConversationId)}


def _conversation_headers(config: AgentConfig, conversation: str) -> dict[str, str]:
    headers = config.headers.items()
    return {name: conversation for name, value in headers if isinstance(value, ConversationId)}
