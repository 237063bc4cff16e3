"""What the configuration adds to each request to one agent: its credential and its fixed headers.

The caller sends the result to the agent's allowed origins only. Nothing is kept or logged here.
"""

from __future__ import annotations

from a2a_mcp.a2a.auth.static import Attachment, Headers, attach
from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.errors import CredentialUnavailable


async def attach_credentials(config: AgentConfig, card: AgentCard | None) -> Attachment:
    """Return the headers and parameters for a request; `card` says where an API key goes.

    A credential replaces a fixed header of the same name. Raises CredentialUnavailable.
    """
    try:
        credential = await attach(config.auth, card)
        fixed = await attach(Headers(config.headers))
    except CredentialUnavailable as error:
        raise CredentialUnavailable(error.message, error.next_step, agent=config.name) from error
    return Attachment({**fixed.headers, **credential.headers}, credential.params)
