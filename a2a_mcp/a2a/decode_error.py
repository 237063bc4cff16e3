"""Every shape of an error body in the wild, turned into one error (a2a-wire 12.2).

Pure. The body is read before the HTTP status, because agents send errors at 200 and A2A errors at
404. The text is the agent's and therefore untrusted; it is bounded here and scrubbed where it is
shown.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.decode import first, object_of, objects, text_of
from a2a_mcp.a2a.errors import (
    BY_CODE,
    CODE_BY_REASON,
    AgentError,
    AuthenticationRequired,
    Delivery,
    VersionNotSupported,
)
from a2a_mcp.a2a.types import JSON

MESSAGE_LIMIT: Final = 1000
AUTHENTICATION_STATUSES: Final = frozenset({401, 403})
# A refusal with one of these never reached the agent's own code (a2a-wire 14.4).
NEVER_DELIVERED_CODES: Final = frozenset({-32601, -32009})
NEVER_DELIVERED_STATUSES: Final = frozenset({404, 405, 415, 501})
# a2a-sdk 1.3's compatibility layer, given 0.3 methods with the 1.0 header: the whole sentence,
# since an agent's exception text stands in the same place.
VERSION_SENTENCE: Final = ("A2A version '", "' is not supported by this handler")


def decode_error(
    body: JSON, *, status: int | None, url: str | None, retry_after: float | None = None
) -> AgentError:
    """Make the error that an error answer means; `status` is None for an error inside a stream."""
    code, message, data = _read(body)
    kind = BY_CODE.get(code, AgentError) if code is not None else AgentError
    if code is None and status in AUTHENTICATION_STATUSES:
        kind = AuthenticationRequired
    elif _is_version_sentence(message):
        kind = VersionNotSupported
    return kind(
        (message or f"HTTP {status} without a reason")[:MESSAGE_LIMIT],
        code=code,
        status=status,
        data=data,
        delivery=_delivery(code, status, message, data),
        url=url,
        retry_after=retry_after,
    )


def _read(body: JSON) -> tuple[int | None, str | None, JSON]:
    """Find code, message and data: JSON-RPC, google.rpc, bare code, RFC 9457, one key, text."""
    if not isinstance(body, dict):
        return None, text_of(body), None
    error = body.get("error")
    if isinstance(error, dict):
        code = error.get("code")
        if isinstance(code, int) and code < 0:
            return code, text_of(error.get("message")), error.get("data")
        return _reason(error.get("details")), text_of(error.get("message")), error.get("details")
    if isinstance(body.get("code"), int):  # a2a-js over HTTP+JSON 0.3
        return body["code"], text_of(body.get("message")), None
    problem = text_of(body.get("type"))
    if problem and text_of(body.get("title")):
        word = problem.rstrip("/").rsplit("/", 1)[-1].upper().replace("-", "_")
        return CODE_BY_REASON.get(word), text_of(first(body, "detail", "title")), None
    return None, text_of(first(body, "message", "detail", "error")), None


def _reason(details: JSON) -> int | None:
    codes = (CODE_BY_REASON.get(str(item.get("reason"))) for item in objects(details))
    return next((code for code in codes if code is not None), None)


def _delivery(code: int | None, status: int | None, message: str | None, data: JSON) -> Delivery:
    """Say whether the answer proves that the message was refused before the agent (14.4)."""
    if code in NEVER_DELIVERED_CODES or _is_version_sentence(message):
        return Delivery.NEVER
    if code == -32600 and _unknown_method(data):
        return Delivery.NEVER
    if code is None and status in NEVER_DELIVERED_STATUSES | AUTHENTICATION_STATUSES:
        return Delivery.NEVER
    if status == 429:
        return Delivery.NEVER
    return Delivery.UNKNOWN


def _is_version_sentence(message: str | None) -> bool:
    start, end = VERSION_SENTENCE
    words = message or ""
    return words.startswith(start) and words.rstrip(".").endswith(end)


def _unknown_method(data: JSON) -> bool:
    """0.2.16 and the 0.1 samples answer -32600 for a method they do not know (a2a-wire 12.3)."""
    faults = objects(data)
    if not faults:
        return False
    return all(_blames_method(fault) for fault in faults)


def _blames_method(fault: dict[str, JSON]) -> bool:
    where = fault.get("loc")
    if fault.get("type") == "union_tag_invalid":
        return where == []
    return (
        fault.get("type") == "literal_error"
        and isinstance(where, list)
        and bool(where)
        and where[-1] == "method"
    )


def is_error(body: JSON, status: int) -> bool:
    """Whether an HTTP answer is an error: by its JSON-RPC member, else by its status."""
    answer = object_of(body)
    if answer.get("jsonrpc") == "2.0":
        return answer.get("error") is not None
    return status >= 400
