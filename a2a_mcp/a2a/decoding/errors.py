"""Every shape of an error body that agents send, turned into one error.

Pure. The body is read before the HTTP status, because agents send errors with status 200 and A2A
errors with 404. The text is the agent's and therefore untrusted: it is scrubbed, masked and cut
where it is shown.
"""

from __future__ import annotations

import re
from typing import Final

from a2a_mcp.a2a.decoding.json_values import first, object_of, objects, text_of, texts
from a2a_mcp.a2a.errors import (
    BY_CODE,
    CODE_BY_REASON,
    AgentError,
    AuthenticationRequired,
    Delivery,
    VersionNotSupported,
    without_reason,
)
from a2a_mcp.a2a.model import JSON

AUTHENTICATION_STATUSES: Final = frozenset({401, 403})
# A refusal with one of these never reached the agent's own code.
# The whole sentence, since an agent may raise this code itself, in the middle of its work.
NO_STREAMING: Final = re.compile(r"Streaming is not supported( by the agent)?\.?", re.IGNORECASE)
SERVER_ERROR: Final = -32000
NEVER_DELIVERED_CODES: Final = frozenset({-32601, -32009})
A2A_ERROR_MEMBERS: Final = frozenset({"error", "code", "message", "type"})
# Members of an answer that is a result, whatever its `error` says.
RESULTS: Final = frozenset({"id", "result", "status", "task", "message", "parts", "artifacts"})
NEVER_DELIVERED_STATUSES: Final = frozenset({404, 405, 415, 501})
# Seen on: a2a-sdk 1.3, whose 0.3 methods refuse the 1.0 header. The whole sentence is compared,
# because an agent's own exception text stands in the same place.
VERSION_SENTENCE: Final = re.compile(
    r"A2A version '[^']{0,40}' is not supported by this handler\. Expected version '[\d.]{1,10}'\."
)


def decode_error(
    body: JSON, *, status: int | None, url: str | None, retry_after: float | None = None
) -> AgentError:
    """Return the error that an answer means; `status` is None for an error inside a stream."""
    code, message, data = _read(body)
    if (code == SERVER_ERROR or (code is None and status == 404)) and _says_no_task(body, message):
        code = -32001
    kind = BY_CODE.get(code or 0, AgentError)
    if kind is AgentError and status in AUTHENTICATION_STATUSES:
        kind = AuthenticationRequired
    elif _is_version_sentence(message):
        kind = VersionNotSupported
    return kind(
        message or without_reason(status),
        code=code,
        status=status,
        data=data,
        delivery=Delivery.NEVER
        if kind is AuthenticationRequired
        else _delivery(code, status, message, data, body),
        url=url,
        retry_after=retry_after,
    )


def _read(body: JSON) -> tuple[int | None, str | None, JSON]:
    """Return code, message and data of JSON-RPC, google.rpc, RFC 9457, a bare code or text."""
    if not isinstance(body, dict):
        text = text_of(body)
        page = text is not None and text.lstrip().startswith("<")
        return None, None if page else text, None
    error = body.get("error")
    if isinstance(error, dict):
        code = error.get("code")
        if _is_code(code):
            return code, text_of(error.get("message")), error.get("data")
        return _reason(error.get("details")), text_of(error.get("message")), error.get("details")
    if _is_code(body.get("code")):  # a2a-js over HTTP+JSON 0.3
        return body["code"], text_of(body.get("message")), None
    problem = text_of(body.get("type"))
    if problem and text_of(body.get("title")):
        word = problem.rstrip("/").rsplit("/", 1)[-1].upper().replace("-", "_")
        return CODE_BY_REASON.get(word), text_of(first(body, "detail", "title")), None
    words = (text_of(body.get(name)) for name in ("message", "detail", "error"))
    return None, next((word for word in words if word), None), None


def _is_code(value: JSON) -> bool:
    """Return whether a number is a JSON-RPC code: gateways write their HTTP status there."""
    return isinstance(value, int) and value < 0


def _says_no_task(body: JSON, message: str | None) -> bool:
    """Return whether the words say that the task is unknown, where no code does.

    Seen on: a2a-sdk 0.3 over HTTP+JSON (no code), PraisonAI (a general code).
    """
    return isinstance(body, dict) and (message or "").strip().lower().startswith("task not found")


def _reason(details: JSON) -> int | None:
    codes = (CODE_BY_REASON.get(text_of(item.get("reason")) or "") for item in objects(details))
    return next((code for code in codes if code is not None), None)


def _delivery(
    code: int | None, status: int | None, message: str | None, data: JSON, body: JSON
) -> Delivery:
    """Return NEVER where the answer proves that the message was refused before the agent."""
    if code in NEVER_DELIVERED_CODES or _is_version_sentence(message):
        return Delivery.NEVER
    if code == -32600 and _unknown_method(data):
        return Delivery.NEVER
    if code is None and status in NEVER_DELIVERED_STATUSES and not _speaks_a2a(body):
        return Delivery.NEVER
    if status == 429 or (code == -32004 and NO_STREAMING.fullmatch(message or "")):
        return Delivery.NEVER
    return Delivery.UNKNOWN


def _speaks_a2a(body: JSON) -> bool:
    """Return whether an agent wrote the body, and not the web server before it."""
    return isinstance(body, dict) and not A2A_ERROR_MEMBERS.isdisjoint(body)


def _is_version_sentence(message: str | None) -> bool:
    return VERSION_SENTENCE.fullmatch(message or "") is not None


def _unknown_method(data: JSON) -> bool:
    """Return whether -32600 blames the method.

    Seen on: a2a-sdk 0.2.16 and the 0.1 samples, which try each request type in turn. Every type
    that was tried must blame the method, whatever else it blames.
    """
    faults = objects(data)
    if any(fault.get("type") == "union_tag_invalid" and fault.get("loc") == [] for fault in faults):
        return True
    places = [(fault.get("type"), texts(fault.get("loc"))) for fault in faults]
    blaming = {at[:1] for kind, at in places if kind == "literal_error" and at[1:] == ("method",)}
    return bool(blaming) and blaming == {at[:1] for _, at in places}


def is_error(body: JSON, status: int) -> bool:
    """Return whether an HTTP answer is an error: by its `error` member, else by its status."""
    answer = object_of(body)
    if answer.get("jsonrpc") == "2.0":
        return answer.get("error") is not None
    return status >= 400 or (answer.get("error") is not None and RESULTS.isdisjoint(answer))
