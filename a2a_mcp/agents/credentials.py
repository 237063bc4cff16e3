"""What the configuration adds to each request to one agent: its credential and its fixed headers.

The caller sends the result to the agent's allowed origins only. Nothing is kept or logged here.
"""

from __future__ import annotations

from a2a_mcp.a2a.auth.static import Attachment, ConversationId, Headers, Secret, attach
from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.errors import CredentialUnavailable


async def attach_credentials(
    config: AgentConfig, card: AgentCard | None, conversation: str
) -> Attachment:
    """Return the headers and parameters for a request; `card` says where an API key goes.

    `conversation` is the value of headers that follow the conversation. A credential replaces a
    fixed header of the same name. Raises CredentialUnavailable.
    """
    try:
        credential = await attach(config.auth, card)
        fixed = await attach(Headers(_secrets(config)))
    except CredentialUnavailable as error:
        raise CredentialUnavailable(error.message, error.next_step, agent=config.name) from error
    following = _conversation_headers(config, conversation)
    return Attachment({**fixed.headers, **following, **credential.headers}, credential.params)


def _secrets(config: AgentConfig) -> dict[str, Secret]:
    headers = config.headers.items()
    return {name: value for name, value in headers if not isinstance(value, ConversationId)}


def _conversation_headers(config: AgentConfig, conversation: str) -> dict[str, str]:
    headers = config.headers.items()
    return {name: conversation for name, value in headers if isinstance(value, ConversationId)}
