"""The client as which a person signs in: the configured one, or one that registers itself.

It registers where the configuration says so, and once: all owners and processes of a state folder
use the same client.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.auth.oauth.metadata import Endpoints
from a2a_mcp.a2a.auth.oauth.registration import (
    read_client_id,
    registered_address,
    registration,
)
from a2a_mcp.a2a.http.origins import origin_of
from a2a_mcp.agents import credential_faults as faults
from a2a_mcp.agents.tokens import AgentTokens

HERE: Final = "http://127.0.0.1/callback"


async def client_of(tokens: AgentTokens, endpoints: Endpoints, redirect_uri: str = HERE) -> str:
    """Return the id of the client; raises CredentialUnavailable and A2AError."""
    settings = tokens.settings
    if not settings.registers:
        return settings.client_id
    if endpoints.registration is None:
        raise faults.no_registration(str(origin_of(endpoints.token)))
    address = registered_address(redirect_uri, fixed_port=bool(settings.redirect_port))

    async def register() -> str:
        async with tokens.server(endpoints) as server:
            return read_client_id(await server.register(registration(endpoints, address)))

    return await tokens.login.client(endpoints.token, address, register)
