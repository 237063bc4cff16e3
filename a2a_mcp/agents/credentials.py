"""What the configuration adds to each request to one agent: its credential and its fixed headers.

The caller sends the result to the agent's allowed origins only. Nothing is logged here.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.static import Attachment, ConversationId, Headers, Secret, attach
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.agents.http import open_server_transport
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.errors import CredentialUnavailable

if TYPE_CHECKING:
    from a2a_mcp.agents.tokens import AgentTokens
    from a2a_mcp.store.logins import Logins

LOCAL_OWNER: Final = "local"
"""The owner of a login that the person of this machine has made."""


class Credentials:
    """The credentials of one agent.

    `tls` returns the TLS settings that all agents share. Tokens that are got are added to
    `secrets`; `logins` keeps those of the person who signs in.
    """

    def __init__(
        self,
        config: AgentConfig,
        tls: Callable[[], ssl.SSLContext],
        secrets: SecretRegister,
        logins: Logins | None = None,
    ) -> None:
        self._config = config
        self._tls = tls
        self._secrets = secrets
        self._logins = logins

    @cached_property
    def tokens(self) -> AgentTokens | None:
        """What gets the agent's tokens; None where it has none of OAuth."""
        settings = self._config.auth
        if not isinstance(settings, OAuth):
            return None
        from a2a_mcp.agents.login import AgentLogin  # most agents have no OAuth
        from a2a_mcp.agents.tokens import AgentTokens

        return AgentTokens(
            self._config,
            settings,
            open_server=lambda url: open_server_transport(
                self._config, settings.ca_file, url, self._tls
            ),
            login=AgentLogin(self._logins, LOCAL_OWNER, self._config.name, settings.client_id),
            secrets=self._secrets,
        )

    async def attach(self, found: FoundCard | None, conversation: str) -> Attachment:
        """Return the headers and parameters for a request; `found` None: for that of the card.

        `conversation` is the value of headers that follow the conversation. A credential replaces
        a fixed header of the same name. Raises CredentialUnavailable, and A2AError where a token
        server does not answer.
        """
        try:
            credential = await self._credential(found)
            fixed = await attach(Headers(_secrets(self._config)))
        except CredentialUnavailable as error:
            raise type(error)(error.message, error.next_step, agent=self._config.name) from error
        following = _conversation_headers(self._config, conversation)
        headers = {**fixed.headers, **following}
        return _beneath(headers, credential)

    async def _credential(self, found: FoundCard | None) -> Attachment:
        auth, tokens = self._config.auth, self.tokens
        if isinstance(auth, OAuth) and tokens:
            # Most cards are public, and how tokens are got may stand in the card.
            token = await tokens.get(found) if found else tokens.at_hand()
            return _bearer(tokens, found, token)
        assert not isinstance(auth, OAuth)  # noqa: S101 - it has tokens
        return await attach(auth, found.card if found else None)


def _bearer(tokens: AgentTokens, found: FoundCard | None, token: str | None) -> Attachment:
    """Return the attachment with a token, which is replaced once by another after a 401."""

    async def renew() -> Attachment | None:
        other = await tokens.get(found, token)
        return None if other == token else _bearer(tokens, found, other)

    return Attachment({"Authorization": f"Bearer {token}"} if token else {}, renew=renew)


def _beneath(headers: dict[str, str], credential: Attachment) -> Attachment:
    """Return a credential with the other headers, which stay when it is renewed."""
    renew = credential.renew

    async def renew_all() -> Attachment | None:
        renewed = await renew() if renew else None
        return renewed and _beneath(headers, renewed)

    merged = {**headers, **credential.headers}
    return replace(credential, headers=merged, renew=renew_all if renew else None)


def _secrets(config: AgentConfig) -> dict[str, Secret]:
    headers = config.headers.items()
    return {name: value for name, value in headers if not isinstance(value, ConversationId)}


def _conversation_headers(config: AgentConfig, conversation: str) -> dict[str, str]:
    headers = config.headers.items()
    return {name: conversation for name, value in headers if isinstance(value, ConversationId)}
