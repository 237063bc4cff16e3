"""Read what a server answered: bounded bytes, JSON where it is JSON, and three kinds of results.

It must never read more bytes than the caller allows, and never decompress.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import anyio.to_thread
import httpx

from a2a_mcp.a2a.errors import AgentUnreachable, Delivery, InvalidAgentResponse
from a2a_mcp.a2a.http.failures import translated
from a2a_mcp.a2a.http.large_json import LARGE, LargeJson
from a2a_mcp.a2a.http.memory import keep_large_apart
from a2a_mcp.a2a.http.origins import plain
from a2a_mcp.a2a.http.sse import ServerSentEvent
from a2a_mcp.a2a.model import JSON

PROXY_AUTHENTICATION_REQUIRED: Final = 407
JSON_DECODER: Final = json.JSONDecoder(parse_constant=str)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole response; `body` is its JSON where it could be read as JSON, else its text.

    `raw` are its bytes, where it came over HTTP and is not large; `size` is how many came.
    """

    status: int
    headers: httpx.Headers
    body: JSON
    is_json: bool
    raw: bytes = b""
    size: int = 0

    @property
    def is_large(self) -> bool:
        """Return whether reading it takes so long that it is done in a thread."""
        return self.size > LARGE


@dataclass(frozen=True, slots=True)
class EventStream:
    """A response that comes in events, those of one read together.

    Leave the context it came from to close it.
    """

    events: AsyncIterator[list[ServerSentEvent]]


@dataclass(frozen=True, slots=True)
class DownloadedFile:
    """A file as it came; `media_type` is what its server declares."""

    status: int
    media_type: str
    data: bytes


def without_headers(status: int, body: JSON) -> HttpResponse:
    """Return the response that stands for an answer which did not come over HTTP."""
    return HttpResponse(status, httpx.Headers(), body, is_json=True)


def header(response: httpx.Response, name: bytes) -> str:
    """Return a header by its lower-case name; httpx's own look-up would decode all of them."""
    for key, value in response.headers.raw:
        if key.lower() == name:
            return value.decode("latin-1")
    return ""


def media_type(content_type: str) -> str:
    """Return a media type in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def refuse_coding(response: httpx.Response) -> None:
    """Raise InvalidAgentResponse for a compressed body: its true size is unknown."""
    coding = header(response, b"content-encoding").strip().lower() or "identity"
    if coding != "identity":
        raise InvalidAgentResponse(
            f"the answer is compressed ({coding}) although that was not accepted",
            url=plain(str(response.url)),
        )


def refuse_proxy_answer(response: httpx.Response) -> None:
    """Raise AgentUnreachable for an answer of a proxy that wants to know who calls."""
    if response.status_code == PROXY_AUTHENTICATION_REQUIRED:
        told = (
            "the proxy wants a user name and password: they belong into the agent's proxy setting"
        )
        raise AgentUnreachable(told, delivery=Delivery.NEVER, url=plain(str(response.url)))


async def read_response(
    response: httpx.Response, limit: int, *, keeps_bytes: bool = False
) -> HttpResponse:
    """Return the whole response; raises as `read_bytes` does.

    What is large is read in a thread, and its bytes are let go, unless it `keeps_bytes`.
    """
    if keeps_bytes:
        return _whole(response, await read_bytes(response, limit))
    pieces: list[bytes] = []
    size = 0
    large: LargeJson | None = None
    async for piece in _bounded(response, limit):
        size += len(piece)
        pieces.append(piece)
        if size > LARGE:
            if large is None:
                large = await anyio.to_thread.run_sync(_large_json)
            large.feed_all(_taken(pieces))
    if large:
        body, is_json = await anyio.to_thread.run_sync(large.end)
        return HttpResponse(response.status_code, response.headers, body, is_json, size=size)
    return _whole(response, b"".join(pieces))


def _whole(response: httpx.Response, raw: bytes) -> HttpResponse:
    body, is_json = parse_json(raw)
    return HttpResponse(response.status_code, response.headers, body, is_json, raw, len(raw))


def _large_json() -> LargeJson:
    keep_large_apart()
    return LargeJson(parse_json)


def _taken(pieces: list[bytes]) -> list[bytes]:
    """Return the pieces, of which the list is empty then."""
    taken = pieces.copy()
    pieces.clear()
    return taken


async def read_bytes(response: httpx.Response, limit: int) -> bytes:
    """Return the whole body of at most `limit` bytes.

    Raises AgentUnreachable and InvalidAgentResponse.
    """
    body = BytesIO()
    async for piece in _bounded(response, limit):
        body.write(piece)
    return body.getvalue()


async def _bounded(response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    """Yield the pieces of a body; raises where there are more than `limit` bytes."""
    url = str(response.url)
    received = 0
    with translated(url):
        async for piece in response.aiter_raw():
            received += len(piece)
            if received > limit:
                raise InvalidAgentResponse(
                    f"the answer is larger than {limit} bytes", url=plain(url)
                )
            yield piece


def parse_json(data: bytes) -> tuple[JSON, bool]:
    """Return the JSON of some bytes and True, or their text and False where it is not JSON.

    Bytes that are not Unicode become replacement characters: one must not cost the whole answer.
    """
    if not data.strip():
        return None, True
    return parse_text(data.decode(json.detect_encoding(data), "replace"))


def parse_text(text: str) -> tuple[JSON, bool]:
    """Return the JSON of a text and True, or the text and False. NaN and Infinity become words."""
    try:
        return JSON_DECODER.decode(text), True
    except (ValueError, RecursionError):
        return text, False
