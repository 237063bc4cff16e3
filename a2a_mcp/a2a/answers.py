"""What stands around a result in an answer, and the error for an answer that holds none.

Pure. What a result means is read in `decoding`.
"""

from __future__ import annotations

import json
from typing import Final

from a2a_mcp.a2a.errors import InvalidAgentResponse
from a2a_mcp.a2a.http.responses import HttpResponse, media_type
from a2a_mcp.a2a.model import JSON

LONGEST_QUOTE: Final = 1_000
QUOTED_KINDS: Final = ("text/plain", "application/json", "no content type")


def result_of(body: JSON) -> JSON:
    """Return the result in a JSON-RPC envelope, or a body without one; an absent result is null."""
    if isinstance(body, dict) and body.get("jsonrpc") == "2.0":
        return body.get("result")
    return body


def retry_after(value: str | None) -> float | None:
    """Return Retry-After in seconds; dates, negatives and garbage are None."""
    return float(value) if value and value.isascii() and value.strip().isdigit() else None


def unexpected(wanted: str, answer: HttpResponse, url: str) -> InvalidAgentResponse:
    """Return the error that says what came instead, with the agent's words if they are few."""
    kind = media_type(answer.headers.get("content-type", "")) or "no content type"
    came = f"{'JSON of another kind' if answer.is_json else kind} (HTTP {answer.status})"
    said = _words(answer.body, kind)
    words = f": {said}" if said else ""
    return InvalidAgentResponse(f"expected {wanted}, got {came}{words}", url=url)


def _words(body: JSON, kind: str) -> str | None:
    """Return a short text or JSON as the agent wrote it; None for pages, files and long bodies.

    Nothing is cut here: the words are masked first, where they are shown.
    """
    if body in (None, "", [], {}) or kind.endswith(("html", "xml")):
        return None
    if isinstance(body, str) and not kind.startswith(QUOTED_KINDS):
        return None
    if isinstance(body, str) and body.lstrip().startswith("<"):
        return None
    # In quotes, so that nobody takes the agent's words for the bridge's.
    text = json.dumps(body.strip() if isinstance(body, str) else body, ensure_ascii=False)
    return text if len(text) <= LONGEST_QUOTE else None
