"""The card of an agent that only a gRPC server has, or none at all."""

from typing import Any, Final

import grpc
import pytest
from grpc_server import Answer, serving_grpc, transport

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.errors import AgentUnreachable, AuthenticationRequired, InvalidAgentResponse
from a2a_mcp.a2a.grpc.card import find_grpc_card
from a2a_mcp.a2a.grpc.schema_0_3 import V0_3
from a2a_mcp.a2a.http.limits import HttpLimits

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]

CARD: Final = {"name": "Known over gRPC", "capabilities": {"streaming": True}}


def gives(card: dict[str, Any]) -> Answer:
    async def answer(_params: Any, _context: Any) -> Any:
        return card

    return answer


async def found(url: str, **limits: Any) -> FoundCard:
    made = transport(url)
    try:
        return await find_grpc_card(
            made, url, Attachment({"X-Key": "k"}), limits=HttpLimits(**limits)
        )
    finally:
        await made.aclose()


def spoken(card: FoundCard) -> list[tuple[str, str]]:
    return [(item.url, item.protocol_version) for item in card.card.interfaces]


async def test_the_card_of_1_0_is_asked_for_first_and_the_server_stands_in_it() -> None:
    async with serving_grpc({"GetExtendedAgentCard": gives(CARD)}) as server:
        card = await found(server.url)
    assert (card.card.name, card.card.capabilities.streaming) == ("Known over gRPC", True)
    assert spoken(card) == [(server.url, "1.0")]
    ((_, _, pairs),) = server.calls
    assert (pairs["x-key"], pairs["a2a-version"]) == ("k", "1.0")


async def test_the_card_of_0_3_is_asked_for_next() -> None:
    listed = {"url": "127.0.0.1:1", "preferredTransport": "GRPC", "protocolVersion": "0.3.0"}
    async with serving_grpc({"GetAgentCard": gives(CARD | listed)}, schema=V0_3) as server:
        card = await found(server.url)
    assert spoken(card) == [("127.0.0.1:1", "0.3.0"), (server.url, "0.3")]


async def test_a_server_without_a_card_is_used_as_its_address_says() -> None:
    async with serving_grpc({}) as server:
        card = await found(server.url)
    assert card.card.name == server.url.replace("http://", "grpc://")
    assert spoken(card) == [(server.url, "1.0"), (server.url, "0.3")]


async def test_a_server_that_wants_credentials_says_so() -> None:
    async def refuse(_params: Any, context: grpc.aio.ServicerContext) -> Any:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")

    async with serving_grpc({"GetExtendedAgentCard": refuse}) as server:
        with pytest.raises(AuthenticationRequired, match="who are you"):
            await found(server.url)


async def test_a_server_that_is_not_there_is_unreachable(free_tcp_port: int) -> None:
    with pytest.raises(AgentUnreachable, match="refused"):
        await found(f"http://127.0.0.1:{free_tcp_port}")


async def test_a_card_is_bounded() -> None:
    async with serving_grpc({"GetExtendedAgentCard": gives(CARD)}) as server:
        with pytest.raises(InvalidAgentResponse, match="larger than 10 bytes"):
            await found(server.url, card_bytes=10)
