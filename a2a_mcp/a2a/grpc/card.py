"""Ask a gRPC server for its agent's card, where no HTTP server has one.

The card that a person with credentials sees is asked for, 1.0's first: gRPC has no other. A server
that has none is used all the same, as what its address says of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

from a2a_mcp.a2a.auth.renewal import renewed_for
from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.card import FRESH_SECONDS, FoundCard
from a2a_mcp.a2a.card_model import AgentCard, AgentInterface
from a2a_mcp.a2a.decoding.card import decode_card, is_card
from a2a_mcp.a2a.decoding.errors import AUTHENTICATION_STATUSES, decode_error
from a2a_mcp.a2a.decoding.json_values import object_of
from a2a_mcp.a2a.grpc.addresses import grpc_form
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.origins import origin_of
from a2a_mcp.a2a.http.responses import HttpResponse
from a2a_mcp.a2a.requests import GetExtendedAgentCardRequest, Operation
from a2a_mcp.a2a.transport import Transport
from a2a_mcp.a2a.versions import v0_3_grpc, v1_0
from a2a_mcp.a2a.versions.base import Dialect

CARD: Final = Operation.GET_EXTENDED_AGENT_CARD
DIALECTS: Final[tuple[Dialect, ...]] = (v1_0.GRPC, v0_3_grpc.GRPC)


async def find_grpc_card(
    transport: Transport,
    url: str,
    attachment: Attachment,
    *,
    limits: HttpLimits,
    clock: Callable[[], float] = time.monotonic,
) -> FoundCard:
    """Return the card of the agent at `url`, which stands in it as one more interface.

    Raises AuthenticationRequired, AgentUnreachable.
    """
    place = grpc_form(origin_of(url))
    card, spoken, document = AgentCard(name=place), DIALECTS, object_of(None)
    for dialect in DIALECTS:
        answer = await _ask(transport, dialect, url, attachment, limits)
        if answer.status in AUTHENTICATION_STATUSES:
            raise decode_error(answer.body, status=answer.status, url=place)
        if answer.status < 400 and is_card(answer.body):
            document = object_of(answer.body)
            card, spoken = decode_card(document), (dialect,)
            break
    own = [_interface(dialect, url) for dialect in spoken]
    listed = card.model_copy(update={"interfaces": (*card.interfaces, *own)})
    return FoundCard(listed, url, None, clock() + FRESH_SECONDS, document)


async def _ask(
    transport: Transport, dialect: Dialect, url: str, attachment: Attachment, limits: HttpLimits
) -> HttpResponse:
    params = dialect.params(CARD, GetExtendedAgentCardRequest())
    request = dialect.build(url, dialect.targets[CARD], params, None)
    fetch = partial(
        transport.fetch,
        request,
        dialect.headers,
        seconds=limits.card_seconds,
        body_bytes=limits.card_bytes,
    )
    answer = await fetch(attachment)
    renewed = await renewed_for(answer, attachment)
    return await fetch(renewed) if renewed else answer


def _interface(dialect: Dialect, url: str) -> AgentInterface:
    return AgentInterface(url=url, protocol_binding="GRPC", protocol_version=dialect.version)
