"""gRPC: the method's path names the operation, the params are the message."""

from __future__ import annotations

from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.model import JSON


def build(url: str, target: str, params: dict[str, JSON], tenant: str | None = None) -> HttpRequest:
    """Return the request that calls the method at path `target` of the server at `url`."""
    if tenant:
        params = {**params, "tenant": tenant}
    return HttpRequest("POST", url.rstrip("/") + target, params)
