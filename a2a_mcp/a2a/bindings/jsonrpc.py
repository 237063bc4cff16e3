"""JSON-RPC 2.0 over HTTP: one POST a call, a string id, no batches."""

from __future__ import annotations

from uuid import uuid4

from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.model import JSON


def build(url: str, target: str, params: dict[str, JSON], tenant: str | None = None) -> HttpRequest:
    """Return the request that calls method `target` at `url`."""
    if tenant:
        params = {**params, "tenant": tenant}
    call = {"jsonrpc": "2.0", "id": uuid4().hex, "method": target, "params": params}
    return HttpRequest("POST", url, call)


def belongs(body: JSON, request: HttpRequest) -> bool:
    """Return whether an answer may belong to this call: a reused connection can hold other bytes.

    An absent or null id proves nothing, because errors come without one.
    """
    answered, asked = _id(body), _id(request.body)
    return answered is None or asked is None or answered == asked


def _id(call: JSON) -> JSON:
    return call.get("id") if isinstance(call, dict) and "jsonrpc" in call else None
