"""Read what a server answered: bounded bytes, JSON where it is JSON, and three kinds of results.

It must never read more bytes than the caller allows, and never decompress.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import httpx

from a2a_mcp.a2a.errors import AgentUnreachable, Delivery, InvalidAgentResponse
from a2a_mcp.a2a.http.failures import translated
from a2a_mcp.a2a.http.origins import plain
from a2a_mcp.a2a.http.sse import ServerSentEvent
from a2a_mcp.a2a.model import JSON

PROXY_AUTHENTICATION_REQUIRED: Final = 407
JSON_DECODER: Final = json.JSONDecoder(parse_constant=str)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole response; `body` is its JSON where it could be read as JSON, else its text.

    `raw` are its bytes, where it came over HTTP.
    """

    status: int
    headers: httpx.Headers
    body: JSON
    is_json: bool
    raw: bytes = b""


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


async def read_response(response: httpx.Response, limit: int) -> HttpResponse:
    """Return the whole response; raises as `read_bytes` does."""
    raw = await read_bytes(response, limit)
    body, is_json = parse_json(raw)
    return HttpResponse(response.status_code, response.headers, body, is_json, raw)


async def read_bytes(response: httpx.Response, limit: int) -> bytes:
    """Return the whole body of at most `limit` bytes.

    Raises AgentUnreachable and InvalidAgentResponse.
    """
    url = str(response.url)
    pieces: list[bytes] = []
    received = 0
    with translated(url):
        async for piece in response.aiter_raw():
            received += len(piece)
            if received > limit:
                raise InvalidAgentResponse(
                    f"the answer is larger than {limit} bytes", url=plain(url)
                )
            pieces.append(piece)
    return b"".join(pieces)


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
