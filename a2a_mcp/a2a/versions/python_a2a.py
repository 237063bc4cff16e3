"""python-a2a 0.5: the first dialect's JSON, but a URL of its own for each method.

Its card claims 0.3.0 over JSON-RPC, but a member of the card gives the framework away. At the URL
that the card names the agent answers HTTP 500 to everything, which proves nothing. So the dialect
is chosen before anything is sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from a2a_mcp.a2a.bindings import jsonrpc, rest
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.decoding.card import HINT_PYTHON_A2A
from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.requests import Operation
from a2a_mcp.a2a.versions import v0_1


def build(url: str, target: str, params: dict[str, JSON], tenant: str | None = None) -> HttpRequest:
    """Return the request for `target` ("/path method") below `url`."""
    path, _, method = target.partition(" ")
    return jsonrpc.build(rest.join(url, path), method, params, tenant)


JSONRPC: Final = replace(
    v0_1.JSONRPC,
    version="0.1 python-a2a",
    targets={
        Operation.SEND_MESSAGE: "/tasks/send tasks/send",
        Operation.SEND_STREAMING_MESSAGE: "/tasks/stream tasks/sendSubscribe",
        Operation.GET_TASK: "/tasks/get tasks/get",
        Operation.CANCEL_TASK: "/tasks/cancel tasks/cancel",
        Operation.SUBSCRIBE_TO_TASK: "/tasks/stream tasks/resubscribe",
    },
    build=build,
    hides_running=True,
    card_hint=HINT_PYTHON_A2A,
)
