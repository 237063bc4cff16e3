"""Agent cards of every version, read into the 1.0 model.

Pure. Everything but a name may be missing. What a strict reader would have refused becomes a line
in `problems`, so that the agent's author can mend the card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from a2a_mcp.a2a.card_model import (
    AgentCapabilities,
    AgentCard,
    AgentExtension,
    AgentInterface,
    AgentSkill,
    OAuthFlow,
    Security,
    SecurityScheme,
)
from a2a_mcp.a2a.decoding.json_values import (
    first,
    object_of,
    objects,
    snake_case,
    text_of,
    texts,
)
from a2a_mcp.a2a.model import JSON

CARD_MARKS: Final = ("url", "supportedInterfaces", "skills", "capabilities")
# Members whose spelling in snake_case is a fault of the card that strict clients refuse.
SPELLED: Final = (
    "supportedInterfaces",
    "protocolVersion",
    "preferredTransport",
    "additionalInterfaces",
    "defaultInputModes",
    "defaultOutputModes",
    "securitySchemes",
    "securityRequirements",
)
WRAPPED_SCHEMES: Final = {
    "apiKeySecurityScheme": "apiKey",
    "httpAuthSecurityScheme": "http",
    "oauth2SecurityScheme": "oauth2",
    "openIdConnectSecurityScheme": "openIdConnect",
    "mtlsSecurityScheme": "mutualTLS",
}
# Members by which a version is recognised that the card does not name.
HINT_0_1: Final = "authentication"
HINT_PYTHON_A2A: Final = "google_a2a_compatible"


def is_card(value: JSON) -> bool:
    """Return whether a JSON value is a card: an object with a name and one of a card's members."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("name"), str)
        and first(value, *CARD_MARKS) is not None
    )


def decode_card(value: Mapping[str, JSON]) -> AgentCard:
    """Return the card in the 1.0 model; `value` has passed `is_card`."""
    provider = object_of(value.get("provider"))
    interfaces = _interfaces(value)
    return AgentCard(
        name=str(value["name"]),
        description=text_of(value.get("description")),
        version=text_of(value.get("version")),
        provider=text_of(first(provider, "organization", "name")),
        documentation_url=text_of(first(value, "documentationUrl")),
        interfaces=interfaces,
        capabilities=_capabilities(value),
        skills=tuple(_skill(item) for item in objects(value.get("skills"))),
        default_input_modes=texts(first(value, "defaultInputModes")),
        default_output_modes=texts(first(value, "defaultOutputModes")),
        security_schemes=_schemes(value),
        security=_security(value),
        problems=tuple(_problems(value, interfaces)),
        hints=tuple(_hints(value)),
    )


def _interfaces(value: Mapping[str, JSON]) -> tuple[AgentInterface, ...]:
    """Return a card's interfaces in its order; `supportedInterfaces` wins over the old fields."""
    listed = objects(first(value, "supportedInterfaces"))
    found = [_interface_1_0(item) for item in listed] if listed else _interfaces_0_3(value)
    return tuple(dict.fromkeys(item for item in found if item))


def _interface_1_0(item: Mapping[str, JSON]) -> AgentInterface | None:
    url = text_of(item.get("url"))
    if not url:
        return None
    return AgentInterface(
        url=url,
        protocol_binding=text_of(first(item, "protocolBinding", "transport")) or "JSONRPC",
        protocol_version=text_of(first(item, "protocolVersion")) or "1.0",
        tenant=text_of(item.get("tenant")),
    )


def _interfaces_0_3(value: Mapping[str, JSON]) -> list[AgentInterface | None]:
    version = text_of(first(value, "protocolVersion")) or ""
    preferred = text_of(first(value, "preferredTransport")) or "JSONRPC"
    pairs = [(text_of(value.get("url")), preferred)]
    pairs += [
        (text_of(item.get("url")), text_of(item.get("transport")) or "JSONRPC")
        for item in objects(first(value, "additionalInterfaces"))
    ]
    return [
        AgentInterface(url=url, protocol_binding=binding, protocol_version=version)
        for url, binding in pairs
        if url
    ]


def _capabilities(value: Mapping[str, JSON]) -> AgentCapabilities:
    said = object_of(value.get("capabilities"))
    extended = first(said, "extendedAgentCard")
    if extended is None:
        extended = first(value, "supportsAuthenticatedExtendedCard")
    # A2A 1.0: an absent capability means no. Older cards leave it out, and the agents stream.
    absent = False if first(value, "supportedInterfaces") else None
    return AgentCapabilities(
        streaming=_flag(said.get("streaming"), absent),
        push_notifications=_flag(first(said, "pushNotifications"), absent),
        extended_agent_card=_flag(extended, absent),
        extensions=tuple(
            AgentExtension(
                uri=str(item["uri"]),
                description=text_of(item.get("description")),
                required=item.get("required") is True,
            )
            for item in objects(said.get("extensions"))
            if text_of(item.get("uri"))
        ),
    )


def _flag(value: JSON, absent: bool | None) -> bool | None:
    return value if isinstance(value, bool) else absent


def _skill(item: Mapping[str, JSON]) -> AgentSkill:
    name = text_of(first(item, "name", "id")) or "unnamed"
    return AgentSkill(
        id=text_of(item.get("id")) or name,
        name=name,
        description=text_of(item.get("description")),
        tags=texts(item.get("tags")),
        examples=texts(item.get("examples")),
        input_modes=texts(first(item, "inputModes")),
        output_modes=texts(first(item, "outputModes")),
        security=_security(item),
    )


def _schemes(value: Mapping[str, JSON]) -> dict[str, SecurityScheme]:
    schemes = {
        name: _scheme(object_of(item))
        for name, item in object_of(first(value, "securitySchemes")).items()
    }
    for word in texts(object_of(value.get("authentication")).get("schemes")):  # 0.1
        schemes.setdefault(word, SecurityScheme(kind="http", scheme=word.lower()))
    return schemes


def _scheme(item: Mapping[str, JSON]) -> SecurityScheme:
    """Return a scheme; some cards hold both shapes at once, so the wrapper is looked for first."""
    wrapper = next((key for key in WRAPPED_SCHEMES if isinstance(first(item, key), dict)), None)
    body = object_of(first(item, wrapper)) if wrapper else item
    kind = WRAPPED_SCHEMES[wrapper] if wrapper else text_of(item.get("type")) or "unknown"
    return SecurityScheme(
        kind=kind,
        location=text_of(first(body, "location", "in")),
        name=text_of(body.get("name")),
        scheme=(text_of(body.get("scheme")) or "").lower() or None,
        flows=tuple(_flow(k, object_of(v)) for k, v in object_of(body.get("flows")).items()),
        metadata_url=text_of(first(body, "openIdConnectUrl", "oauth2MetadataUrl")),
    )


def _flow(kind: str, flow: Mapping[str, JSON]) -> OAuthFlow:
    return OAuthFlow(
        kind=snake_case(kind),
        token_url=text_of(first(flow, "tokenUrl")),
        authorization_url=text_of(first(flow, "authorizationUrl")),
        device_url=text_of(first(flow, "deviceAuthorizationUrl")),
    )


def _security(value: Mapping[str, JSON]) -> Security:
    required = objects(first(value, "securityRequirements"))
    if required:
        return tuple(
            {
                name: texts(object_of(scopes).get("list"))
                for name, scopes in object_of(item.get("schemes")).items()
            }
            for item in required
        )
    return tuple(
        {name: texts(scopes) for name, scopes in item.items()}
        for item in objects(value.get("security"))
    )


def _problems(value: Mapping[str, JSON], interfaces: tuple[AgentInterface, ...]) -> list[str]:
    problems = []
    if not interfaces:
        problems.append("supportedInterfaces: missing, so there is no URL to call")
    elif not first(value, "supportedInterfaces") and not first(value, "protocolVersion"):
        problems.append("protocolVersion: missing; taken for 0.3")
    problems += [
        f"{name}: missing"
        for name in ("description", "version", "skills", "capabilities")
        if not value.get(name) and value.get(name) != {} and value.get(name) != []
    ]
    problems += [
        f"{snake_case(name)}: A2A spells it {name}"
        for name in SPELLED
        if value.get(name) is None and value.get(snake_case(name)) is not None
    ]
    return problems


def _hints(value: Mapping[str, JSON]) -> list[str]:
    hints = []
    if value.get(HINT_0_1) and not first(value, "protocolVersion"):
        hints.append(HINT_0_1)
    if object_of(value.get("capabilities")).get(HINT_PYTHON_A2A):
        hints.append(HINT_PYTHON_A2A)
    return hints
