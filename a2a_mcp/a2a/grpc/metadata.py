"""What travels beside a gRPC message: the headers that HTTP would have, as metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.errors import AgentUnreachable, Delivery

# What gRPC's own protocol allows; it fails in ways of its own where something else is given.
NAME: Final = re.compile(r"[0-9a-z_.-]+")
VALUE: Final = re.compile(r"[\x20-\x7e]*")
BINARY: Final = "-bin"
Metadata = tuple[tuple[str, str], ...]

OF_HTTP: Final = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})
"""Headers that the connection sets itself."""


def metadata(headers: Mapping[str, str], attachment: Attachment, url: str) -> Metadata:
    """Return headers and credentials as metadata; raises AgentUnreachable for what cannot be it."""
    if attachment.params:
        raise _unsendable('gRPC has no query for the API key: set in = "header" in its auth', url)
    if attachment.sign:
        raise _unsendable('gRPC carries no signature of AWS: set binding = "jsonrpc"', url)
    pairs = {name.lower(): text for name, text in {**headers, **attachment.headers}.items()}
    for name, text in pairs.items():
        if not NAME.fullmatch(name) or name.endswith(BINARY) or not VALUE.fullmatch(text):
            raise _unsendable(f"gRPC cannot carry the header {name} or its value", url)
    return tuple((name, text) for name, text in pairs.items() if name not in OF_HTTP)


def _unsendable(told: str, url: str) -> AgentUnreachable:
    return AgentUnreachable(told, delivery=Delivery.NEVER, url=url)
