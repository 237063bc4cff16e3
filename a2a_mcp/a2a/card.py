"""Find an agent's card: where it may be, within one deadline, and whether it is still fresh.

The well-known URL of the current specification comes first, then those of older versions and of
servers that differ. The first JSON object that is a card ends the search, and a 401 or 403 ends it
too, since it is a real answer. Redirects are followed within the origin only. What the card says is
read elsewhere (see `interfaces`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import anyio

from a2a_mcp.a2a.answers import retry_after
from a2a_mcp.a2a.auth.renewal import renewed_for
from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.a2a.decoding.card import decode_card, is_card
from a2a_mcp.a2a.decoding.errors import AUTHENTICATION_STATUSES, decode_error
from a2a_mcp.a2a.decoding.json_values import object_of, repeats_a_member
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentUnreachable,
    AuthenticationRequired,
    Delivery,
    InvalidAgentResponse,
)
from a2a_mcp.a2a.http.card_addresses import is_downgrade, upgraded
from a2a_mcp.a2a.http.causes import https_instead, perhaps_https
from a2a_mcp.a2a.http.failures import BROKEN
from a2a_mcp.a2a.http.origins import origin_of, parse, plain
from a2a_mcp.a2a.http.redirects import REDIRECTS
from a2a_mcp.a2a.http.responses import HttpResponse
from a2a_mcp.a2a.http.transport import Transport
from a2a_mcp.a2a.model import JSON

# Some servers choose the card's shape by this header (a2a-js); all others ignore it.
CARD_HEADERS: Final = {"A2A-Version": "1.0"}
WELL_KNOWN: Final = ("/.well-known/agent-card.json", "/.well-known/agent.json")
OTHER_PATHS: Final = ("/v1/card", "/agent.json")
# A gateway answers so in the place of an agent that does not run, or has too much to do.
UNAVAILABLE: Final = frozenset({429, 502, 503, 504})
MAX_REDIRECTS: Final = 3
FRESH_SECONDS: Final = 300.0
MAX_FRESH_SECONDS: Final = 86_400.0
LONGEST_TOLD_WAIT: Final = 7 * 86_400.0
MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundCard:
    """A card, where it was found, and until when (monotonic seconds) it need not be asked again.

    `document` is the card as it came; `repeats` says that a member stands in it twice. `signature`
    is what is known of its signature, `doubt` why that is not enough; None where all is well.
    `held` is what a newer card would change, which is not used.
    """

    card: AgentCard
    url: str
    etag: str | None
    fresh_until: float
    document: Mapping[str, JSON] = field(default_factory=dict)
    repeats: bool = False
    signature: str | None = None
    doubt: str | None = None
    held: tuple[str, ...] = ()


def card_urls(url: str) -> list[str]:
    """Return the URLs at which the card of `url` may be, best first."""
    parts = urlsplit(url)
    if parts.path.endswith((".json", "/card")):
        return [url]
    below = [_with_path(url, parts.path.rstrip("/") + path) for path in WELL_KNOWN]
    others = [_with_path(url, parts.path.rstrip("/") + path) for path in OTHER_PATHS]
    has_path = bool(parts.path.strip("/"))
    origin = [_with_path(url, path) for path in WELL_KNOWN] if has_path else []
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
    urls = card_urls(url)
    if known and known.url in urls:
        urls = [known.url, *(other for other in urls if other != known.url)]
    seen: list[str] = []
    unavailable: AgentUnreachable | None = None
    for card_url in urls:
        answer = await _ask(transport, card_url, attachment, known)
        if answer.status == 304 and known:
            return replace(known, fresh_until=clock() + freshness(answer))
        if answer.status in AUTHENTICATION_STATUSES:
            raise _refused(answer, card_url)
        if answer.status < 400 and is_card(answer.body):
            return _found(answer, card_url, clock)
        unavailable = unavailable or _unavailable(answer, card_url)
        seen.append(f"{plain(card_url)} ({_what(answer)})")
    raise unavailable or InvalidAgentResponse("no agent card at " + ", ".join(seen), url=plain(url))


async def _ask(
    transport: Transport, url: str, attachment: Attachment, known: FoundCard | None
) -> HttpResponse:
    headers = dict(CARD_HEADERS)
    if known and known.etag and known.url == url:
        headers["If-None-Match"] = known.etag
    for _ in range(MAX_REDIRECTS + 1):
        answer = await _fetch(transport, url, headers, attachment)
        target = answer.headers.get("location") if answer.status in REDIRECTS else None
        if target is None:
            return answer
        url = _redirected(url, target)
    raise InvalidAgentResponse("the agent card redirects too often", url=plain(url))


async def _fetch(
    transport: Transport, url: str, headers: Mapping[str, str], attachment: Attachment
) -> HttpResponse:
    """Return the answer at a URL; an http URL that leads to a port of https is said to."""
    limit = transport.limits.card_bytes
    try:
        request = HttpRequest("GET", url)
        answer = await transport.fetch(request, headers, attachment, body_bytes=limit)
        if renewed := await renewed_for(answer, attachment):
            answer = await transport.fetch(request, headers, renewed, body_bytes=limit)
    except AgentUnreachable as error:
        hint = perhaps_https(url) if error.message == BROKEN else ""
        if not hint:
            raise
        broke = f"{error.message}; {hint}"
        raise AgentUnreachable(broke, delivery=error.delivery, url=error.url) from error
    if told := https_instead(url, answer.status, answer.body):
        raise AgentUnreachable(told, delivery=Delivery.NEVER, url=plain(url))
    return answer


def _redirected(url: str, target: str) -> str:
    moved, home = str(parse(target, base=parse(url))), origin_of(url)
    if is_downgrade(origin_of(moved), home):  # the server does not know that a proxy ends its TLS
        return upgraded(moved, home)
    if origin_of(moved) != home:
        raise InvalidAgentResponse(
            f"the agent card redirects to another origin, {origin_of(moved)}; "
            "if that is the agent's, set it as url of this agent",
            url=plain(url),
        )
    return moved


def _refused(answer: HttpResponse, url: str) -> A2AError:
    error = decode_error(answer.body, status=answer.status, url=plain(url))
    if isinstance(error, AuthenticationRequired):
        error.challenge = answer.headers.get("www-authenticate")
    return error


def _unavailable(answer: HttpResponse, url: str) -> AgentUnreachable | None:
    """Return the error for an answer that says that the agent does not work now; else None."""
    said = answer.headers.get("retry-after")
    if answer.status < 400 or (answer.status not in UNAVAILABLE and not said):
        return None
    told = f"its server is there but answers HTTP {answer.status}: the agent is unavailable now"
    wait = retry_after(said)
    if wait is not None and wait <= LONGEST_TOLD_WAIT:
        told += f", and asks to try again in {wait:.0f} s"
    return AgentUnreachable(told, delivery=Delivery.NEVER, url=plain(url))


def _found(answer: HttpResponse, url: str, clock: Callable[[], float]) -> FoundCard:
    found = read_card(object_of(answer.body), answer.raw, url)
    return replace(found, etag=_tag(answer), fresh_until=clock() + freshness(answer))


def read_card(document: dict[str, JSON], raw: bytes, url: str) -> FoundCard:
    """Return the card that an answer of the bytes `raw` holds, as one that stays fresh."""
    return FoundCard(
        card=decode_card(document),
        url=url,
        etag=None,
        fresh_until=float("inf"),
        document=document,
        repeats="signatures" in document and repeats_a_member(raw),
    )


def _tag(answer: HttpResponse) -> str | None:
    """Return the ETag, if it can be sent back: a header from outside may hold any byte."""
    tag = answer.headers.get("etag", "")
    return tag if tag.isascii() else None


def freshness(answer: HttpResponse) -> float:
    """Return the seconds for which what was answered need not be fetched again."""
    said = MAX_AGE.search(answer.headers.get("cache-control", ""))
    return min(float(said[1]), MAX_FRESH_SECONDS) if said else FRESH_SECONDS


def _what(answer: HttpResponse) -> str:
    if answer.status >= 400:
        return f"HTTP {answer.status}"
    kind = answer.headers.get("content-type", "no content type").partition(";")[0]
    return f"{kind}, no card"


def inline_card(value: JSON, source: str) -> FoundCard:
    """Return a card of the configuration; it is always fresh. Raises InvalidAgentResponse."""
    if not is_card(value):
        raise InvalidAgentResponse(f"{source} is not an agent card: name and url are needed")
    return FoundCard(decode_card(value), source, None, float("inf"), value)
