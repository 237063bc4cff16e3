"""What is said of an agent's credentials: which kind is configured, which its card asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from a2a_mcp.a2a.auth.oauth.settings import AnyCredential, OAuth
from a2a_mcp.a2a.auth.static import ApiKey, Aws, Basic, Bearer, Headers, Mtls
from a2a_mcp.a2a.card_model import AgentCard, Security
from a2a_mcp.config.schema import AgentConfig

KINDS: Final = {
    Bearer: "bearer token",
    Basic: "basic",
    ApiKey: "API key",
    Headers: "headers",
    OAuth: "OAuth",
    Mtls: "client certificate",
    Aws: "signatures for AWS",
}
MOST_SKILLS: Final = 5


def describe_credentials(
    config: AgentConfig, card: AgentCard | None, say: Callable[[str], str]
) -> str:
    """Return what is configured and what the card asks for, never a value."""
    kinds = [_kind(each) for each in config.auth or ()]
    configured = f"{' and '.join(kinds)}: configured" if kinds else "none set"
    if card is None:
        return configured
    facts = [
        configured,
        _wanted("the card asks for", card, card.security, say),
        *_of_skills(card, say),
    ]
    return "; ".join(facts)


def _kind(credential: AnyCredential) -> str:
    if isinstance(credential, OAuth) and credential.exchange:
        return "exchange of the caller's own token"
    return KINDS[type(credential)]


def _of_skills(card: AgentCard, say: Callable[[str], str]) -> list[str]:
    """Return what skills ask for by themselves, where that is not what the whole card asks for."""
    own = [it for it in card.skills if it.security and it.security != card.security]
    told = [
        _wanted(f"the skill {say(skill.name)} asks for", card, skill.security, say)
        for skill in own[:MOST_SKILLS]
    ]
    return [*told, f"… {len(own)} such skills in all"] if len(own) > MOST_SKILLS else told


def _wanted(
    subject: str, card: AgentCard, alternatives: Security, say: Callable[[str], str]
) -> str:
    if not alternatives:
        return f"{subject} none"
    wanted = " or ".join(_scheme_names(card, names) for names in alternatives)
    return f"{subject} {say(wanted)}"


def _scheme_names(card: AgentCard, names: Iterable[str]) -> str:
    """Return the schemes that one way to authenticate needs together."""
    return " and ".join(_scheme_name(card, name) for name in names) or "none"


def _scheme_name(card: AgentCard, name: str) -> str:
    scheme = card.security_schemes.get(name)
    if scheme is None:
        return name
    if scheme.kind == "apiKey":
        return "an API key"
    if scheme.kind == "http":
        return f"HTTP {scheme.scheme or 'authentication'}"
    return scheme.kind
