"""What a binding returns: one HTTP request, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from a2a_mcp.a2a.model import JSON

ACCEPT_ONE = "application/json, application/a2a+json"
ACCEPT_STREAM = "text/event-stream, application/json, application/a2a+json"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request to make; `body` None means that it has none.

    `form` stands in the place of a body where fields are sent as HTML forms are; it may hold a
    secret. `operation` names the operation of A2A, for spans and logs.
    """

    verb: str
    url: str
    body: JSON = None
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    operation: str | None = field(default=None, compare=False)
