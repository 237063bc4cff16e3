"""What an agent says of itself: its card as A2A 1.0 has it, whatever version it was written in.

Pure values. Every word in them is the agent's, so none is trusted.
"""

from __future__ import annotations

from typing import TypeAlias

from pydantic import Field

from a2a_mcp.a2a.model import Value

Security: TypeAlias = tuple[dict[str, tuple[str, ...]], ...]
"""Alternatives; each names the schemes that are needed together, with their scopes."""


class AgentInterface(Value):
    """Where and how an agent is called, as its card says it."""

    url: str
    protocol_binding: str
    protocol_version: str
    tenant: str | None = None


class AgentSkill(Value):
    """One thing an agent says it can do."""

    id: str
    name: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    input_modes: tuple[str, ...] = ()
    output_modes: tuple[str, ...] = ()
    security: Security = ()


class AgentExtension(Value):
    """An extension of the protocol that an agent announces."""

    uri: str
    description: str | None = None
    required: bool = False


class AgentCapabilities(Value):
    """What the agent offers besides plain sends; None means that the card does not say."""

    streaming: bool | None = None
    push_notifications: bool | None = None
    extended_agent_card: bool | None = None
    extensions: tuple[AgentExtension, ...] = ()


class OAuthFlow(Value):
    """One way to get a token by OAuth; `kind` is its grant, such as client_credentials."""

    kind: str
    token_url: str | None = None
    authorization_url: str | None = None
    device_url: str | None = None


class SecurityScheme(Value):
    """One way to authenticate.

    `kind` is apiKey, http, oauth2, openIdConnect, mutualTLS or the agent's own word. `metadata_url`
    is where an authorization server describes itself.
    """

    kind: str
    location: str | None = None
    name: str | None = None
    scheme: str | None = None
    flows: tuple[OAuthFlow, ...] = ()
    metadata_url: str | None = None


class AgentCard(Value):
    """What an agent says of itself.

    `problems` are the card's faults for its author; `hints` tell versions that no member names.
    """

    name: str
    description: str | None = None
    version: str | None = None
    provider: str | None = None
    documentation_url: str | None = None
    interfaces: tuple[AgentInterface, ...] = ()
    capabilities: AgentCapabilities = AgentCapabilities()
    skills: tuple[AgentSkill, ...] = ()
    default_input_modes: tuple[str, ...] = ()
    default_output_modes: tuple[str, ...] = ()
    security_schemes: dict[str, SecurityScheme] = Field(default_factory=dict)
    security: Security = ()
    problems: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
