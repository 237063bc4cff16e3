"""One line of the host as a message, or the error that answers a request nobody can read.

The SDK drops a line that is no message, and a host that sent a request in it would wait for ever.
"""

from __future__ import annotations

import json
from typing import Any, Final

import mcp.types as t
from mcp.shared.message import SessionMessage

UNREADABLE: Final = (
    "This is not a request of JSON-RPC 2.0. Send it as one line of JSON whose strings are valid "
    "Unicode, without half a surrogate pair."
)


def read_message(line: bytes | bytearray) -> SessionMessage | ValueError:
    """Return the message in a line, or the fault of a line that holds none."""
    try:
        return SessionMessage(_message(line))
    except ValueError as fault:
        return fault


def _message(line: bytes | bytearray) -> t.JSONRPCMessage:
    try:
        return t.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValueError:
        text = line.decode(errors="replace")
        if text.encode() == line:
            raise
        return t.jsonrpc_message_adapter.validate_json(text, by_name=False)  # as the SDK reads it


def refusal(line: bytes | bytearray) -> t.JSONRPCError | None:
    """Return the error that answers a line that is no message; None if it asks for no answer.

    Python's parser takes what the SDK's does not: half a surrogate pair, and any parameters.
    """
    try:
        found = json.loads(line.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    number = _request_id(found)
    if number is None:
        return None
    error = t.ErrorData(code=t.INVALID_REQUEST, message=UNREADABLE)
    return t.JSONRPCError(jsonrpc="2.0", id=number, error=error)


def _request_id(found: Any) -> t.RequestId | None:
    """Return the id of what should be a request, if an answer can repeat it."""
    match found:
        case {"method": _, "id": bool()}:
            return None
        case {"method": _, "id": int() as number}:
            return number
        case {"method": _, "id": str() as name} if name.isprintable():
            return name
    return None
