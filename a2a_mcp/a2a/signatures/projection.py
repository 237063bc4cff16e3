"""The members of a card that its signature covers, and what is left out of them before signing.

The table holds the card of A2A 1.0. A member that it does not name is covered by no signature in a
form of 1.0, so it is dropped: a stranger may have added it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from a2a_mcp.a2a.model import JSON


class Member(NamedTuple):
    """A member's type, and when it stays although it is empty.

    `type` names a message of the table, or is empty; `many` is `[` for lists, `{` for maps.
    """

    type: str = ""
    many: str = ""
    required: bool = False
    optional: bool = False


def _member(text: str) -> Member:
    """Read `[AgentSkill!`: a list of AgentSkill, required; `?` is optional, with presence."""
    bare = text.rstrip("!?")
    many = bare[:1] if bare[:1] in ("[", "{") else ""
    return Member(bare.removeprefix(many), many, text.endswith("!"), text.endswith("?"))


def _message(**members: str) -> Mapping[str, Member]:
    return {name: _member(text) for name, text in members.items()}


_FLOW: Final = {"tokenUrl": "!", "refreshUrl": "", "scopes": "{!"}
_OLD_FLOW: Final = {"refreshUrl": "", "scopes": "{"}

CARD: Final = "AgentCard"
MESSAGES: Final[Mapping[str, Mapping[str, Member]]] = {
    CARD: _message(
        name="!",
        description="!",
        supportedInterfaces="[AgentInterface!",
        provider="AgentProvider",
        version="!",
        documentationUrl="?",
        capabilities="AgentCapabilities!",
        securitySchemes="{SecurityScheme",
        securityRequirements="[SecurityRequirement",
        defaultInputModes="[!",
        defaultOutputModes="[!",
        skills="[AgentSkill!",
        iconUrl="?",
    ),
    "AgentInterface": _message(url="!", protocolBinding="!", tenant="", protocolVersion="!"),
    "AgentProvider": _message(url="!", organization="!"),
    "AgentCapabilities": _message(
        streaming="?",
        pushNotifications="?",
        extensions="[AgentExtension",
        extendedAgentCard="?",
    ),
    "AgentExtension": _message(uri="", description="", required="", params="?"),
    "AgentSkill": _message(
        id="!",
        name="!",
        description="!",
        tags="[!",
        examples="[",
        inputModes="[",
        outputModes="[",
        securityRequirements="[SecurityRequirement",
    ),
    "SecurityRequirement": _message(schemes="{StringList"),
    "StringList": _message(list="["),
    "SecurityScheme": _message(
        apiKeySecurityScheme="ApiKey",
        httpAuthSecurityScheme="HttpAuth",
        oauth2SecurityScheme="OAuth2",
        openIdConnectSecurityScheme="OpenIdConnect",
        mtlsSecurityScheme="MutualTls",
    ),
    "ApiKey": _message(description="", location="!", name="!"),
    "HttpAuth": _message(description="", scheme="!", bearerFormat=""),
    "OAuth2": _message(description="", flows="Flows!", oauth2MetadataUrl=""),
    "OpenIdConnect": _message(description="", openIdConnectUrl="!"),
    "MutualTls": _message(description=""),
    "Flows": _message(
        authorizationCode="AuthorizationCode",
        clientCredentials="ClientCredentials",
        implicit="Implicit",
        password="Password",  # noqa: S106 (the name of a flow)
        deviceCode="DeviceCode",
    ),
    "AuthorizationCode": _message(authorizationUrl="!", **_FLOW, pkceRequired=""),
    "ClientCredentials": _message(**_FLOW),
    "Implicit": _message(authorizationUrl="", **_OLD_FLOW),
    "Password": _message(tokenUrl="", **_OLD_FLOW),
    "DeviceCode": _message(deviceAuthorizationUrl="!", **_FLOW),
}


def covered(card: Mapping[str, JSON], *, keep_required: bool) -> dict[str, JSON]:
    """Return the members that the table names; empty ones only where they say something."""
    return _projected(card, MESSAGES[CARD], keep_required)


def _projected(
    value: Mapping[str, JSON], members: Mapping[str, Member], keep_required: bool
) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for name, member in members.items():
        item = value.get(name)
        if item is None:
            continue
        item = _inner(item, member, keep_required)
        stays = member.optional or (member.required and keep_required)
        if stays or not _is_empty(item, member):
            found[name] = item
    return found


def _inner(item: JSON, member: Member, keep_required: bool) -> JSON:
    members = MESSAGES.get(member.type)
    if members is None:
        return item

    def each(value: JSON) -> JSON:
        return _projected(value, members, keep_required) if isinstance(value, dict) else value

    if member.many == "[" and isinstance(item, list):
        return [each(value) for value in item]
    if member.many == "{" and isinstance(item, dict):
        return {key: each(value) for key, value in item.items()}
    return each(item)


def _is_empty(item: JSON, member: Member) -> bool:
    return item == "" or item is False or (bool(member.many) and not item)


def without_empty(value: JSON) -> JSON:
    """Return the value without null, "", [] and {} at any depth; None where nothing is left."""
    if isinstance(value, dict):
        members = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in members.items() if item is not None} or None
    if isinstance(value, list):
        return [item for item in map(without_empty, value) if item is not None] or None
    return None if value == "" else value
