"""JSON-RPC 2.0 over HTTP: one POST a call, a string id, no batches (a2a-wire 5)."""

from __future__ import annotations

from uuid import uuid4

from a2a_mcp.a2a.bindings.base import Outgoing
from a2a_mcp.a2a.types import JSON


def build(url: str, target: str, params: dict[str, JSON], tenant: str | None = None) -> Outgoing:
    """Make the request that calls method `target` at `url`."""
    if tenant:
        params = {**params, "tenant": tenant}
    call = {"jsonrpc": "2.0", "id": uuid4().hex, "method": target, "params": params}
    return Outgoing("POST", url, call)
