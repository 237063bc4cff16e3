"""What a dialect is: a value made of names and pure functions, one for each (version, binding).

A dialect says how a request is written; what agents answer is read by the one liberal decoder
(`a2a.decoding`). Nothing in this room does I/O. A dialect does not have the operations that its
`targets` leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from a2a_mcp.a2a.bindings import jsonrpc
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.requests import Operation

BindingName = Literal["JSONRPC", "HTTP+JSON", "GRPC"]
Version = str
"""`1.0`, `0.3`, `0.2`, `0.1`, or one of these with the name of the framework that changes it."""
Build = Callable[[str, str, dict[str, JSON], str | None], HttpRequest]
"""Returns the request for (url, target, params, tenant)."""
Encoder = Callable[[Any], dict[str, JSON]]
"""Returns the params of one operation for a request of the model."""


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One JSON shape of A2A over one binding.

    `targets`: JSON-RPC method names, `VERB /path/{id}` for HTTP+JSON, or paths of gRPC's methods.
    `build` makes the request: the binding.
    `extensions_header`: where the extensions are named that a request makes use of.
    `snapshot_first`: a subscription starts with the whole task.
    `client_task_id`: the client names a task, by the id of its first message.
    `client_context`: the client may name a new conversation.
    `hides_running`: a task is not found before its turn has ended.
    `card_hint`: a card with this hint is of this dialect, whatever version it declares.
    `in_cards`: a card can declare the version; older ones are found by being refused.
    """

    version: Version
    binding: BindingName
    targets: Mapping[Operation, str]
    encoders: Mapping[Operation, Encoder]
    build: Build = jsonrpc.build
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions_header: str | None = None
    snapshot_first: bool = False
    client_task_id: bool = False
    hides_running: bool = False
    client_context: bool = False
    card_hint: str | None = None
    in_cards: bool = True

    def same_on_the_wire(self, other: Dialect) -> bool:
        """Return whether two dialects of one binding write the same requests."""
        return (self.targets, self.encoders, self.headers) == (
            other.targets,
            other.encoders,
            other.headers,
        )

    def has(self, operation: Operation) -> bool:
        """Return whether the dialect has the operation at all."""
        return operation in self.targets

    def headers_with(self, extensions: tuple[str, ...]) -> Mapping[str, str]:
        """Return the headers of a request, also the one for extensions where there is one.

        One comma without space: some servers split at it and do not strip.
        """
        if not (extensions and self.extensions_header):
            return self.headers
        return {**self.headers, self.extensions_header: ",".join(extensions)}

    def params(self, operation: Operation, request: object) -> dict[str, JSON]:
        """Return the params of a request; raises A2AError where the dialect cannot carry it."""
        return self.encoders[operation](request)


def present(**members: JSON) -> dict[str, JSON]:
    """Return an object of the members that have a value: None and empty ones are left out."""
    return {
        name: value
        for name, value in members.items()
        if value is not None and value != "" and value != [] and value != {}
    }
