"""What to write of an agent into `agents.toml`, as its card suggests it. Pure.

A card is the agent's own word, so whatever widens trust is only proposed: its description, and
other addresses than the one that the person gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from a2a_mcp.a2a.card_model import AgentCard, SecurityScheme
from a2a_mcp.config.builder import slug
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

DESCRIPTION_BYTES: Final = 200
NAME_LENGTH: Final = 40
HTTP_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The address at which a card wants calls, where it is not the one that was given.

    `key` is what the configuration needs for it: `endpoint` or `allowed_origins`.
    """

    address: str
    key: str

    @property
    def value(self) -> str | list[str]:
        """What stands behind the key."""
        return self.address if self.key == "endpoint" else [self.address]


def name_of(card: AgentCard | None, url: str) -> str:
    """Return a short name for the agent."""
    words = re.sub(r"[^a-z0-9]+", "-", card.name.lower()).strip("-") if card else ""
    return words[:NAME_LENGTH].strip("-") or slug(url)


def description_of(card: AgentCard) -> str:
    """Return the agent's words of what it does, on one line."""
    return shorten(scrub(" ".join((card.description or "").split())), DESCRIPTION_BYTES)


def elsewhere(card: AgentCard, url: str) -> Elsewhere | None:
    """Return where the card's first interface is, if that is not the origin of `url`.

    A card that names its own machine (localhost, 0.0.0.0) was written for another place: calls then
    go to the origin that was given, with the card's path.
    """
    if not card.interfaces or any(_origin(it.url) == _origin(url) for it in card.interfaces):
        return None
    first = card.interfaces[0].url
    if "://" not in first:
        return None
    if _is_own_machine(urlsplit(first).hostname or ""):
        parts = urlsplit(url)
        return Elsewhere(
            urlunsplit((parts.scheme, parts.netloc, urlsplit(first).path, "", "")), "endpoint"
        )
    return Elsewhere(_origin(first), "allowed_origins")


def _is_own_machine(host: str) -> bool:
    with suppress(ValueError):
        address = ip_address(host)
        return address.is_loopback or address.is_unspecified
    return host == "localhost"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    default = HTTP_PORTS.get(parts.scheme) == parts.port
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port is None or default else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


def auth_of(card: AgentCard, name: str) -> list[dict[str, Any]]:
    """Return the tables `auth` for what the card asks for; none where it asks for nothing known.

    They are those of the first alternative that they meet in full, else what there is of the first.
    Each secret stands in a variable, whose name is made of the agent's.
    """
    if any(not together for together in card.security):
        return []
    alternatives = [_tables(card, together, name) for together in card.security]
    known = [[table for table in tables if table] for tables in alternatives]
    whole = (tables for tables, found in zip(known, alternatives, strict=True) if all(found))
    return next(whole, next(filter(None, known), []))


def _tables(card: AgentCard, together: Iterable[str], name: str) -> list[dict[str, Any] | None]:
    """Return a table for each scheme; one that is not the first of its type names its scheme."""
    made: list[dict[str, Any] | None] = []
    for scheme in together:
        known = card.security_schemes.get(scheme)
        table = _table(known, name) if known else None
        if table and any(other and other["type"] == table["type"] for other in made):
            table = _table(known, f"{name}_{scheme}") if known else None
            table = table and {**table, "scheme": scheme}
        made.append(table)
    return made


def _table(scheme: SecurityScheme, name: str) -> dict[str, Any] | None:
    match scheme.kind, (scheme.scheme or "").lower():
        case "http", "basic":
            return {
                "type": "basic",
                "username": {"env": variable(name, "USER")},
                "password": {"env": variable(name, "PASSWORD")},
            }
        case "http", _:
            return bearer(name)
        case "apiKey", _:
            return {"type": "api_key", "key": {"env": variable(name, "KEY")}}
        case (("oauth2" | "openIdConnect"), _):
            return {"type": "oauth", "client_id": "a2a-mcp"}
        case _:
            return None


def bearer(name: str) -> dict[str, Any]:
    """Return the table `auth` of a bearer token in a variable."""
    return {"type": "bearer", "token": {"env": variable(name, "TOKEN")}}


def variable(name: str, what: str) -> str:
    """Return the name of the variable that holds an agent's secret."""
    words = re.sub(r"[^A-Z0-9]+", "_", name.upper())
    return f"AGENT_{words}_{what}" if words[:1].isdigit() else f"{words}_{what}"


def variables(tables: Iterable[dict[str, Any]]) -> list[str]:
    """Return the variables that tables `auth` read."""
    values = (value for table in tables for value in table.values())
    return [value["env"] for value in values if isinstance(value, dict)]
