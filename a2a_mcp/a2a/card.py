"""Finds an agent's card: where it may be, within one deadline, and whether it is still fresh.

Places are those of a2a-wire 3.1, in order; the first JSON object that is a card ends the search,
and a 401 or 403 ends it too, since it is a real answer. Redirects are followed within the origin
only. It decides nothing about the card's content (see `interfaces`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import anyio

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.decoding.card import decode_card, is_card
from a2a_mcp.a2a.decoding.errors import AUTHENTICATION_STATUSES, decode_error
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentUnreachable,
    AuthenticationRequired,
    InvalidAgentResponse,
)
from a2a_mcp.a2a.http.origins import origin_of, parse, plain
from a2a_mcp.a2a.http.responses import HttpResponse
from a2a_mcp.a2a.http.transport import Transport
from a2a_mcp.a2a.model import JSON, AgentCard

# Some servers choose the card's shape by this header (a2a-js); all others ignore it.
CARD_HEADERS: Final = {"A2A-Version": "1.0"}
WELL_KNOWN: Final = ("/.well-known/agent-card.json", "/.well-known/agent.json")
OTHER_PLACES: Final = ("/v1/card", "/agent.json")
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS: Final = 3
FRESH_SECONDS: Final = 300.0
MAX_FRESH_SECONDS: Final = 86_400.0
MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundCard:
    """A card, where it was found, and until when (monotonic seconds) it need not be asked again."""

    card: AgentCard
    url: str
    etag: str | None
    fresh_until: float


def places(url: str) -> list[str]:
    """List the URLs at which the card of `url` may be, best first."""
    parts = urlsplit(url)
    if parts.path.endswith((".json", "/card")):
        return [url]
    below = [_with_path(url, parts.path.rstrip("/") + place) for place in WELL_KNOWN]
    others = [_with_path(url, parts.path.rstrip("/") + place) for place in OTHER_PLACES]
    has_path = bool(parts.path.strip("/"))
    origin = [_with_path(url, place) for place in WELL_KNOWN] if has_path else []
    return below + origin + others


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=path, fragment=""))


async def find_card(
    transport: Transport,
    url: str,
    attachment: Attachment,
    *,
    known: FoundCard | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> FoundCard:
    """Fetch the card of the agent at `url`; a `known` one is revalidated by its ETag first.

    Raises AuthenticationRequired, AgentUnreachable, or InvalidAgentResponse naming all URLs tried.
    """
    seconds = transport.limits.card_seconds
    try:
        with anyio.fail_after(seconds):
            return await _search(transport, url, attachment, known, clock)
    except TimeoutError:
        raise AgentUnreachable(f"no agent card within {seconds:g} s", url=plain(url)) from None


async def _search(
    transport: Transport,
    url: str,
    attachment: Attachment,
    known: FoundCard | None,
    clock: Callable[[], float],
) -> FoundCard:
    tried = places(url)
    if known and known.url in tried:
        tried = [known.url, *(place for place in tried if place != known.url)]
    seen: list[str] = []
    for place in tried:
        answer = await _ask(transport, place, attachment, known)
        if answer.status == 304 and known:
            return replace(known, fresh_until=clock() + _freshness(answer))
        if answer.status in AUTHENTICATION_STATUSES:
            raise _refused(answer, place)
        if answer.status < 400 and is_card(answer.body):
            return _found(answer, place, clock)
        seen.append(f"{plain(place)} ({_what(answer)})")
    raise InvalidAgentResponse("no agent card at " + ", ".join(seen), url=plain(url))


async def _ask(
    transport: Transport, place: str, attachment: Attachment, known: FoundCard | None
) -> HttpResponse:
    headers = dict(CARD_HEADERS)
    if known and known.etag and known.url == place:
        headers["If-None-Match"] = known.etag
    for _ in range(MAX_REDIRECTS + 1):
        outgoing = HttpRequest("GET", place)
        answer = await transport.fetch(
            outgoing, headers, attachment, body_bytes=transport.limits.card_bytes
        )
        target = answer.headers.get("location") if answer.status in REDIRECTS else None
        if target is None:
            return answer
        place = _redirected(place, target)
    raise InvalidAgentResponse("the agent card redirects too often", url=plain(place))


def _redirected(place: str, target: str) -> str:
    moved = str(parse(target, base=parse(place)))
    if origin_of(moved) != origin_of(place):
        raise InvalidAgentResponse(
            f"the agent card redirects to another origin, {origin_of(moved)}", url=plain(place)
        )
    return moved


def _refused(answer: HttpResponse, place: str) -> A2AError:
    error = decode_error(answer.body, status=answer.status, url=plain(place))
    if isinstance(error, AuthenticationRequired):
        error.challenge = answer.headers.get("www-authenticate")
    return error


def _found(answer: HttpResponse, place: str, clock: Callable[[], float]) -> FoundCard:
    return FoundCard(
        card=decode_card(answer.body),
        url=place,
        etag=_tag(answer),
        fresh_until=clock() + _freshness(answer),
    )


def _tag(answer: HttpResponse) -> str | None:
    """Give the ETag, if it can be sent back: a header from outside may hold any byte."""
    tag = answer.headers.get("etag", "")
    return tag if tag.isascii() else None


def _freshness(answer: HttpResponse) -> float:
    """Seconds for which a card need not be asked for again."""
    said = MAX_AGE.search(answer.headers.get("cache-control", ""))
    return min(float(said[1]), MAX_FRESH_SECONDS) if said else FRESH_SECONDS


def _what(answer: HttpResponse) -> str:
    if answer.status >= 400:
        return f"HTTP {answer.status}"
    kind = answer.headers.get("content-type", "no content type").partition(";")[0]
    return f"{kind}, no card"


def inline_card(value: JSON, source: str) -> FoundCard:
    """Take a card from the configuration; it never ages. Raises InvalidAgentResponse."""
    if not is_card(value):
        raise InvalidAgentResponse(f"{source} is not an agent card: name and url are needed")
    return FoundCard(decode_card(value), source, None, float("inf"))
