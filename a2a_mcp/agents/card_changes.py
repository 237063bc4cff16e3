"""What a card changes that a pin holds back: origin, interfaces, authentication, skills. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from a2a_mcp.a2a.card_model import AgentCard, AgentInterface, AgentSkill
from a2a_mcp.a2a.errors import UrlRefused
from a2a_mcp.a2a.http.origins import origin_of

MOST_NAMES: Final = 5


def changes(before: AgentCard, now: AgentCard) -> list[str]:
    """Return one clause for each kind of change; none where the cards mean the same."""
    looks: list[Callable[[AgentCard, AgentCard], str | None]] = [
        _origins,
        _interfaces,
        _authentication,
        _skills,
    ]
    return [told for look in looks if (told := look(before, now))]


def _origins(before: AgentCard, now: AgentCard) -> str | None:
    return _said("origin", _hosts(before.interfaces), _hosts(now.interfaces))


def _hosts(interfaces: Iterable[AgentInterface]) -> list[str]:
    found = []
    for interface in interfaces:
        with suppress(UrlRefused):  # relative, or none at all: the interface itself tells it
            found.append(str(origin_of(interface.url)))
    return found


def _interfaces(before: AgentCard, now: AgentCard) -> str | None:
    told = _said("interfaces", map(_interface, before.interfaces), map(_interface, now.interfaces))
    if told or before.interfaces == now.interfaces:
        return told
    return "interfaces: another order"


def _interface(item: AgentInterface) -> str:
    tenant = f", tenant {item.tenant}" if item.tenant else ""
    return f"{item.url} ({item.protocol_binding} {item.protocol_version}{tenant})"


def _authentication(before: AgentCard, now: AgentCard) -> str | None:
    if _asked(before) == _asked(now):
        return None
    schemes = _said("authentication", before.security_schemes, now.security_schemes)
    return schemes or "authentication: the same schemes, asked for otherwise"


def _asked(card: AgentCard) -> object:
    return card.security_schemes, card.security


def _skills(before: AgentCard, now: AgentCard) -> str | None:
    was, are = _by_id(before.skills), _by_id(now.skills)
    other = [skill.name for key, skill in are.items() if key in was and was[key] != skill]
    told = _said("skills", _names(was, are), _names(are, was), other)
    return told or (None if before.skills == now.skills else "skills: another order")


def _by_id(skills: Iterable[AgentSkill]) -> dict[str, AgentSkill]:
    return {skill.id: skill for skill in skills}


def _names(skills: dict[str, AgentSkill], others: dict[str, AgentSkill]) -> list[str]:
    """Return the names of the skills that the other card does not have."""
    return [skill.name for key, skill in skills.items() if key not in others]


def _said(
    kind: str, before: Iterable[str], now: Iterable[str], other: Iterable[str] = ()
) -> str | None:
    was, are = dict.fromkeys(before), dict.fromkeys(now)
    parts = {
        "new": [name for name in are if name not in was],
        "gone": [name for name in was if name not in are],
        "in other words": list(other),
    }
    told = [f"{word} {_some(names)}" for word, names in parts.items() if names]
    return f"{kind}: {', '.join(told)}" if told else None


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} … {len(names)} in all" if len(names) > MOST_NAMES else shown
