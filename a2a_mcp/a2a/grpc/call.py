"""One call of a method: the message and the metadata that are sent, and how its answers are read.

Nothing is sent here. A message is read into JSON, and an error into the answer that HTTP+JSON would
have given, so that the client above is the same for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.errors import AgentUnreachable, Delivery, InvalidAgentResponse, InvalidRequest
from a2a_mcp.a2a.grpc.library import grpc
from a2a_mcp.a2a.grpc.metadata import Metadata, metadata
from a2a_mcp.a2a.grpc.pool import Method, Pool
from a2a_mcp.a2a.grpc.statuses import answer_body, http_status
from a2a_mcp.a2a.http.responses import HttpResponse, without_headers
from a2a_mcp.a2a.model import JSON

DETAILS: Final = "grpc-status-details-bin"
BROKEN: Final = "the connection broke before the answer was complete"
LOST: Final = {
    "CANCELLED": BROKEN,
    "DEADLINE_EXCEEDED": "the agent's server gave up before its agent answered",
    "UNAVAILABLE": BROKEN,
}
# The library's own words for a message above a limit, of this side and of the server, and for one
# that is compressed.
ANSWER_TOO_LARGE: Final = ("CLIENT: Received message larger", "Decompressed message larger")
MESSAGE_TOO_LARGE: Final = "SERVER: Received message larger"
COMPRESSED: Final = "Compression algorithm not supported"
LONGEST_REASON: Final = 300
LARGEST_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class Call:
    """A call that can be made as it is; `url` is the server's."""

    path: str
    message: bytes
    metadata: Metadata
    url: str
    _method: Method
    _pool: Pool

    def read(self, data: bytes, limit: int) -> JSON:
        """Return an answer of at most `limit` bytes; raises InvalidAgentResponse."""
        if len(data) > limit:
            raise self._too_large(limit)
        try:
            return json_format.MessageToDict(self._method.given.FromString(data))
        except (DecodeError, json_format.Error, ValueError) as error:
            told = "the answer is no A2A message of this version"
            raise InvalidAgentResponse(told, url=self.url) from error

    def refused(self, error: grpc.aio.AioRpcError, limit: int) -> HttpResponse:
        """Return the answer that an error means; raises A2AError where no agent gave it."""
        name, text = error.code().name, error.details() or ""
        if name == "RESOURCE_EXHAUSTED":
            self._raise_for_size(text, limit)
        if name == "INTERNAL" and text.startswith(COMPRESSED):
            told = "the answer is compressed although that was not accepted"
            raise InvalidAgentResponse(told, url=self.url)
        details = self._pool.details(_status_of(error))
        if name in LOST and not details:
            raise AgentUnreachable(LOST[name], url=self.url)
        return without_headers(http_status(name), answer_body(name, text, details))

    def _raise_for_size(self, text: str, limit: int) -> None:
        if any(words in text for words in ANSWER_TOO_LARGE):
            raise self._too_large(limit)
        if text.startswith(MESSAGE_TOO_LARGE):
            told = "the message is larger than the agent's server takes"
            raise InvalidRequest(told, delivery=Delivery.NEVER, url=self.url)

    def _too_large(self, limit: int) -> InvalidAgentResponse:
        return InvalidAgentResponse(f"the answer is larger than {limit} bytes", url=self.url)


def prepared(
    path: str,
    params: JSON,
    headers: Mapping[str, str],
    attachment: Attachment,
    *,
    pool: Pool,
    url: str,
) -> Call:
    """Return the call of the method at `path`; raises A2AError for what gRPC cannot carry."""
    method = pool.methods[path]
    try:
        _check_numbers(params)
        message = json_format.ParseDict(params, method.asked()).SerializeToString()
    except (json_format.Error, ValueError, RecursionError) as error:
        told = f"gRPC cannot carry this request: {error}"[:LONGEST_REASON]
        raise InvalidRequest(told, delivery=Delivery.NEVER, url=url) from None
    return Call(path, message, metadata(headers, attachment, url), url, method, pool)


def _check_numbers(value: JSON) -> None:
    """Raise ValueError for a whole number that would lose digits: protobuf has none in data."""
    match value:
        case dict():
            _check_numbers(list(value.values()))
        case list():
            for item in value:
                _check_numbers(item)
        case int() if abs(value) > LARGEST_EXACT:
            raise ValueError("a number beyond 2^53 would lose digits; give it as text")


def _status_of(error: grpc.aio.AioRpcError) -> bytes:
    """Return the google.rpc.Status that comes with an error, empty where there is none."""
    pairs = error.trailing_metadata() or ()
    return next((bytes(value) for key, value in pairs if key == DETAILS), b"")
