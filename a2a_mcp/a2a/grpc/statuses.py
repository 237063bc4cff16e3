"""What a gRPC status means: the answer that HTTP+JSON would have given for the same error.

Pure. The client's own decoder reads these answers, so an error is the same over every binding.
"""

from __future__ import annotations

import re
from typing import Final

from a2a_mcp.a2a.model import JSON

# RESOURCE_EXHAUSTED is not 429, which would say that the agent has not seen the message.
HTTP_STATUSES: Final = {
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "FAILED_PRECONDITION": 400,
    "INVALID_ARGUMENT": 400,
    "NOT_FOUND": 404,
    "OUT_OF_RANGE": 400,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 503,
    "UNAUTHENTICATED": 401,
    "UNIMPLEMENTED": 501,
}
# The libraries' own words for a service or method that the server does not have: C++ and Python,
# JavaScript, Go, Java, .NET, and a web server in the place of all of these. An agent uses the same
# status for an operation that it refuses, so the words decide.
NO_SUCH_METHOD: Final = re.compile(
    r"Method not (found|implemented)!|The server does not implement the method .*"
    r"|unknown (service|method) .*|Method not found: .*|(Service|Method) is unimplemented\."
    r"|Received http2 header with status: (404|405)"
)
# A2A 0.3 has no details. Seen on: a2a-sdk, the name of its class before the words; a2a-js, only
# the words.
NAMED: Final = re.compile(r"([A-Z][A-Za-z]+)Error: (.*)", re.DOTALL)
NAMES: Final = {
    "AuthenticatedExtendedCardNotConfigured": "EXTENDED_AGENT_CARD_NOT_CONFIGURED",
    "ContentTypeNotSupported": "CONTENT_TYPE_NOT_SUPPORTED",
    "InvalidAgentResponse": "INVALID_AGENT_RESPONSE",
    "InvalidParams": "INVALID_PARAMS",
    "InvalidRequest": "INVALID_REQUEST",
    "PushNotificationNotSupported": "PUSH_NOTIFICATION_NOT_SUPPORTED",
    "TaskNotCancelable": "TASK_NOT_CANCELABLE",
    "TaskNotFound": "TASK_NOT_FOUND",
    "UnsupportedOperation": "UNSUPPORTED_OPERATION",
}
SENTENCES: Final = {
    "Push Notification is not supported": "PUSH_NOTIFICATION_NOT_SUPPORTED",
    "Task not cancelable": "TASK_NOT_CANCELABLE",
    "Task not found": "TASK_NOT_FOUND",
    "Unsupported operation": "UNSUPPORTED_OPERATION",
}


def http_status(name: str) -> int:
    """Return the HTTP status that stands for a gRPC status."""
    return HTTP_STATUSES.get(name, 500)


def answer_body(name: str, text: str, details: list[JSON]) -> JSON:
    """Return the body that HTTP+JSON would have: an error, or the text where no agent wrote it."""
    if name == "UNIMPLEMENTED" and not details and NO_SUCH_METHOD.fullmatch(text):
        return text
    message, found = (text, details) if details else _named(text)
    code: JSON = http_status(name)
    return {"error": {"code": code, "status": name, "message": message, "details": found}}


def _named(text: str) -> tuple[str, list[JSON]]:
    """Return the words of an error without details, and the details that they stand for."""
    named = NAMED.fullmatch(text)
    if named:
        reason = NAMES.get(named[1])
        return (named[2], [{"reason": reason}]) if reason else (text, [])
    said = next((reason for words, reason in SENTENCES.items() if text.startswith(words)), None)
    return text, [{"reason": said}] if said else []


def refuses_operation(body: JSON) -> bool:
    """Return whether an error is the agent's own word that it does not do this."""
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return any(
        isinstance(item, dict) and item.get("reason") == "UNSUPPORTED_OPERATION"
        for item in details or []
    )
