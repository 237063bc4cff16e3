"""Read a list of agents, of any writer: the name and the address of each. Pure.

Known are AI Catalog (`entries`), LiteLLM (`/v1/agents`), LangGraph (`/assistants/search`), Google's
Agent Registry and A2A registries that list cards or links to cards. What is no agent, or has no
address, is passed over. Whether an address may be called is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from a2a_mcp.a2a.decoding.json_values import first, text_of
from a2a_mcp.a2a.model import JSON

Row: TypeAlias = Mapping[str, JSON]

LISTS: Final = ("entries", "agents", "assistants", "cards", "items")
WELL_KNOWN: Final = ("/.well-known/ai-catalog.json", "/.well-known/agent-catalog.json")
CARD_PATH: Final = "/.well-known/agent-card.json"
SEARCHED: Final = "/assistants/search"
LITELLM: Final = "/v1/agents"
A2A_TYPE: Final = "application/a2a-agent-card+json"
MOST_AGENTS: Final = 500
LONGEST_NAME: Final = 64
UNUSABLE: Final = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class ListedAgent:
    """An agent of a catalogue; `name` has letters, digits and `_ . -` only."""

    name: str
    url: str
    description: str | None = None


def catalogue_urls(url: str) -> list[str]:
    """Return where a catalogue may be: an origin alone has it at a well-known path."""
    parts = urlsplit(url)
    if parts.path.strip("/") or parts.query:
        return [url]
    return [urlunsplit(parts._replace(path=path)) for path in WELL_KNOWN]


def is_searched(url: str) -> bool:
    """Return whether a catalogue is asked for by POST: LangGraph lists its assistants so."""
    return urlsplit(url).path.endswith(SEARCHED)


def decode_catalogue(value: JSON, url: str) -> list[ListedAgent] | None:
    """Return the agents of a list that was found at `url`; None for what is no such list."""
    rows = _rows(value)
    if rows is None:
        return None
    found = (_agent(row, url) for row in rows if isinstance(row, dict))
    return list(islice((agent for agent in found if agent), MOST_AGENTS))


def _rows(value: JSON) -> list[JSON] | None:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    return next((rows for name in LISTS if isinstance(rows := value.get(name), list)), None)


def _agent(row: Row, url: str) -> ListedAgent | None:
    read = next(reader for is_its, reader in FORMS if is_its(row))
    found = read(row, url)
    name, address = found or (None, None)
    plain = UNUSABLE.sub("-", name or "").strip("-.")[:LONGEST_NAME].rstrip("-.")
    if not plain or not address:
        return None
    return ListedAgent(plain, _absolute(address, url), text_of(row.get("description")))


def _absolute(address: str, url: str) -> str:
    try:
        return urljoin(url, address)
    except ValueError:  # the caller refuses it with its reason
        return address


# --- the forms, each with what it is known by ---

Found: TypeAlias = tuple[str | None, str | None] | None


def _of_ai_catalog(row: Row, _: str) -> Found:
    if first(row, "type", "mediaType") != A2A_TYPE:
        return None
    last = re.split(r"[:/]", text_of(row.get("identifier")) or "")[-1]
    return last or _name(row), text_of(row.get("url")) or _card_url(row.get("data"))


def _of_litellm(row: Row, url: str) -> Found:
    """Return the agent at the gateway: the address in its card is the one behind the gateway."""
    agent_id = text_of(row.get("agent_id")) or ""
    base = _above(url, LITELLM)
    return text_of(row.get("agent_name")) or agent_id, f"{base}/a2a/{quote(agent_id, safe='')}"


def _of_langgraph(row: Row, url: str) -> Found:
    assistant = text_of(row.get("assistant_id")) or ""
    address = f"{_above(url, SEARCHED)}{CARD_PATH}?assistant_id={quote(assistant, safe='')}"
    return _name(row) or text_of(row.get("graph_id")) or assistant, address


def _of_agent_registry(row: Row, _: str) -> Found:
    card = row.get("card")
    content = card.get("content") if isinstance(card, dict) else None
    return _name(row), _card_url(content) or next(_interface_urls(row.get("protocols")), None)


def _of_card_list(row: Row, _: str) -> Found:
    card = first(row, "card", "agentCard")
    address = text_of(first(row, "wellKnownURI", "agentCardUrl", "cardUrl")) or _card_url(row)
    name = _name(row) or (_name(card) if isinstance(card, dict) else None)
    return name, address or _card_url(card)


FORMS: Final[tuple[tuple[Callable[[Row], bool], Callable[[Row, str], Found]], ...]] = (
    (lambda row: "identifier" in row and ("type" in row or "mediaType" in row), _of_ai_catalog),
    (lambda row: "agent_id" in row and "agent_card_params" in row, _of_litellm),
    (lambda row: "assistant_id" in row, _of_langgraph),
    (lambda row: isinstance(row.get("protocols"), list), _of_agent_registry),
    (lambda _: True, _of_card_list),
)


def _name(row: Row) -> str | None:
    return text_of(first(row, "displayName", "name"))


def _above(url: str, path: str) -> str:
    """Return a URL up to a path at its end, without a slash there."""
    parts = urlsplit(url)
    return urlunsplit(
        (parts.scheme, parts.netloc, parts.path.removesuffix(path).rstrip("/"), "", "")
    )


def _card_url(card: JSON) -> str | None:
    """Return where the agent of a card is: its URL, or that of its first interface."""
    if not isinstance(card, dict):
        return None
    listed = [{"interfaces": first(card, "supportedInterfaces")}]
    return text_of(card.get("url")) or next(_interface_urls(listed), None)


def _interface_urls(protocols: JSON | list[Row]) -> Iterator[str]:
    for protocol in protocols if isinstance(protocols, list) else ():
        interfaces = protocol.get("interfaces") if isinstance(protocol, dict) else None
        for interface in interfaces if isinstance(interfaces, list) else ():
            if isinstance(interface, dict) and (url := text_of(interface.get("url"))):
                yield url
