"""Which of an agent's credentials a call needs.

A card lists alternatives; each names the schemes that must be met together. The configuration has
some credentials, and the first alternative that they meet in full is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from a2a_mcp.a2a.auth.oauth.settings import AnyCredential, OAuth
from a2a_mcp.a2a.auth.static import ApiKey, Aws, Basic, Bearer, Headers, Mtls
from a2a_mcp.a2a.card_model import AgentCard, SecurityScheme

ANY: Final[tuple[type, ...]] = (Bearer, Basic, ApiKey, Headers, OAuth, Aws)
TOKENS: Final[tuple[type, ...]] = (OAuth, Bearer, Headers)
FITTING: Final[Mapping[str, tuple[type, ...]]] = {
    "apiKey": (ApiKey, Headers, Aws),  # API Gateway declares its signatures so
    "http basic": (Basic, Headers),
    "http bearer": TOKENS,
    "oauth2": TOKENS,
    "openIdConnect": TOKENS,
    "mutualTLS": (Mtls,),
}
"""The credentials that meet each kind of scheme; a kind that is not known is met by any."""

Need: TypeAlias = tuple[str, SecurityScheme, tuple[str, ...]]
"""A scheme that must be met: its name, what the card says of it, the scopes."""


@dataclass(frozen=True, slots=True)
class Use:
    """A credential that goes out, for which scheme of the card, with which scopes."""

    credential: AnyCredential
    name: str = ""
    scheme: SecurityScheme | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What goes out; `missing` are the schemes that each alternative lacks, where none is met."""

    uses: tuple[Use, ...]
    missing: tuple[tuple[SecurityScheme, ...], ...] = ()


def choose(card: AgentCard, configured: Sequence[AnyCredential]) -> Choice:
    """Return what of the configured credentials goes out to the agent with this card.

    All do where the card asks for nothing, or also takes calls without any.
    """
    missing = []
    for alternative in filter(None, card.security):
        needs = [_need(card, name, scopes) for name, scopes in alternative.items()]
        uses = list(_uses(needs, configured))
        if None not in uses:
            return Choice(tuple(filter(None, uses)))
        missing.append(tuple(need[1] for need, use in zip(needs, uses, strict=True) if not use))
    every = tuple(_as_declared(card, each) for each in configured)
    return Choice(every, () if {} in card.security else tuple(missing))


def kind_of(scheme: SecurityScheme) -> str:
    """Return the kind of a scheme, with the word of HTTP where it has one."""
    return f"http {scheme.scheme or 'bearer'}" if scheme.kind == "http" else scheme.kind


def _need(card: AgentCard, name: str, scopes: tuple[str, ...]) -> Need:
    return name, card.security_schemes.get(name, SecurityScheme(kind="unknown")), scopes


def _uses(needs: Iterable[Need], configured: Sequence[AnyCredential]) -> Iterator[Use | None]:
    """Yield what meets each need, None for one that is not met; an API key meets only one."""
    left = list(configured)
    for name, scheme, scopes in needs:
        credential = _fitting(name, scheme, left)
        if isinstance(credential, ApiKey):
            left.remove(credential)
        yield Use(credential, name, scheme, scopes) if credential else None


def _fitting(
    name: str, scheme: SecurityScheme, configured: Iterable[AnyCredential]
) -> AnyCredential | None:
    """Return the credential for a scheme; best one that names it, worst one that names another."""
    found = [each for each in configured if _fits(each, name, scheme)]
    return min(found, key=lambda each: _distance(each, scheme), default=None)


def _fits(credential: AnyCredential, name: str, scheme: SecurityScheme) -> bool:
    if credential.scheme is not None:
        return credential.scheme == name
    return isinstance(credential, FITTING.get(kind_of(scheme), ANY))


def _distance(credential: AnyCredential, scheme: SecurityScheme) -> int:
    if credential.scheme is not None:
        return 0
    own = credential.name if isinstance(credential, ApiKey) else None
    return 1 if own is None or own == scheme.name else 2


def _as_declared(card: AgentCard, credential: AnyCredential) -> Use:
    """Return a credential that no alternative asks for, with the first scheme that it fits."""
    schemes = card.security_schemes.items()
    fitting = (Use(credential, *each) for each in schemes if _fits(credential, *each))
    return next(fitting, Use(credential))
