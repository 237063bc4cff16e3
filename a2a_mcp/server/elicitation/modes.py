"""The ways in which a client can ask its user, read from its capabilities and protocol version.

Versions are compared by their place in the list of released ones, never as text: an unknown version
counts as one that can do nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mcp.server.context import ServerRequestContext
from mcp.types.version import is_version_at_least

IN_RESULT_SINCE: Final = "2026-07-28"
URL_SINCE: Final = "2025-11-25"


@dataclass(frozen=True, slots=True)
class Modes:
    """How a client can ask: by form, by URL; `in_result` if the call returns with the question."""

    form: bool = False
    url: bool = False
    in_result: bool = False


def modes_of(ctx: ServerRequestContext[Any, Any]) -> Modes:
    """Return how the client of a request can ask its user.

    A client of before 2026-07-28 is asked by a request of the server, which not every transport
    can carry.
    """
    capabilities = ctx.session.client_capabilities
    declared = capabilities.elicitation if capabilities else None
    in_result = is_version_at_least(ctx.protocol_version, IN_RESULT_SINCE)
    if declared is None:
        return Modes()
    if not in_result and not ctx.session.can_send_request:
        return Modes()
    # MCP, elicitation: an empty capability object means that only forms are supported.
    form = declared.form is not None or declared.url is None
    url = declared.url is not None and is_version_at_least(ctx.protocol_version, URL_SINCE)
    return Modes(form=form, url=url, in_result=in_result)
