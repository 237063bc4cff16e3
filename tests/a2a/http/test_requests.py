"""The headers of a request: those of the bridge, and what the configuration adds to them."""

from __future__ import annotations

import pytest

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.requests import RequestBuilder

OURS = {"x-request-id": "the call", "A2A-Version": "1.0"}


@pytest.mark.parametrize(
    ("configured", "sent"),
    [
        ("X-Request-Id", "mine"),
        ("x-request-id", "mine"),
        ("a2a-version", "mine"),
        ("USER-AGENT", "mine"),
        ("content-type", "application/json"),
    ],
)
def test_a_configured_header_is_sent_once_however_its_name_is_written(
    configured: str, sent: str
) -> None:
    builder = RequestBuilder(HttpLimits(), "a2a-mcp/test")
    outgoing = HttpRequest("POST", "http://agent.example/", body={"a": 1})
    request = builder.build(outgoing, OURS, Attachment({configured: "mine"}))
    assert request.headers.get_list(configured) == [sent]
