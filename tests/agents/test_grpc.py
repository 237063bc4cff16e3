"""An agent that is called over gRPC: how it is found, chosen, trusted and left."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any, Final

import anyio
import grpc
import pytest
from certificates import self_signed
from grpc_server import Answer, GrpcServer, serving_grpc
from pydantic import SecretStr
from scripted import CARD, card, document, interface, scripted
from staging import agents

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.a2a.errors import A2AError, AgentUnreachable, ExtraMissing, NoCommonInterface
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.a2a.requests import GetTaskRequest
from a2a_mcp.agents.connection import Connection
from a2a_mcp.agents.registry import _default_tls

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]

DONE: Final = {"id": "t1", "contextId": "c1", "status": {"state": "TASK_STATE_COMPLETED"}}
READ: Final = GetTaskRequest(id="t1")


async def tells(_params: Any, _context: Any) -> Any:
    return DONE


UNARY: Final[dict[str, Answer]] = {"GetTask": tells}


@asynccontextmanager
async def connected(**table: Any) -> AsyncIterator[Connection]:
    connection = Connection(agents(it=table)["it"], tls=_default_tls)
    try:
        with anyio.fail_after(20):
            yield connection
    finally:
        await connection.aclose()


def place(server: GrpcServer) -> str:
    """Return `host:port`, as cards name it."""
    return server.url.partition("://")[2]


async def test_an_agent_without_a_card_is_called_at_its_address() -> None:
    async with (
        serving_grpc(UNARY) as server,
        connected(url=f"grpc://{place(server)}") as connection,
    ):
        task = await (await connection.client()).get(READ)
        assert connection.chosen is not None
        assert str(connection.chosen.interfaces[0]) == f"grpc://{place(server)} (GRPC, A2A 1.0)"
    assert task.state is TaskState.COMPLETED


@pytest.mark.parametrize("table", [{"binding": "GRPC"}, {}], ids=["pinned", "only gRPC"])
async def test_the_cards_server_on_another_port_is_called(table: dict[str, Any]) -> None:
    async with serving_grpc(UNARY) as server, scripted() as agent:
        offered = [interface(place(server), binding="GRPC")]
        if table:
            offered.insert(0, interface(agent.url))
        agent.on(CARD, document(card(agent.url, supportedInterfaces=offered)))
        async with connected(url=agent.url, **table) as connection:
            client = await connection.client()
            assert (await client.get(READ)).id == "t1"
            assert (await connection.client(client.interface_key)).interface == client.interface


async def test_an_endpoint_of_grpc_is_called_whatever_the_card_says() -> None:
    async with serving_grpc(UNARY) as server, scripted() as agent:
        offered = [interface(agent.url), interface("elsewhere.example:443", binding="GRPC")]
        agent.on(CARD, document(card(agent.url, supportedInterfaces=offered)))
        endpoint = f"grpc://{place(server)}"
        async with connected(url=agent.url, endpoint=endpoint) as connection:
            client = await connection.client()
            assert (await client.get(READ)).id == "t1"
            assert (await connection.client(client.interface_key)).interface == client.interface


async def test_a_configured_card_may_name_the_server_alone() -> None:
    async with serving_grpc(UNARY) as server:
        only = card(server.url, supportedInterfaces=[interface(place(server), binding="GRPC")])
        async with connected(card=only) as connection:
            assert (await (await connection.client()).get(READ)).id == "t1"


async def test_a_server_elsewhere_gets_nothing_unless_it_is_allowed() -> None:
    async with scripted() as agent:
        offered = [interface("grpc.example:443", binding="GRPC")]
        agent.on(CARD, document(card(agent.url, supportedInterfaces=offered)))
        async with connected(url=agent.url) as connection:
            with pytest.raises(NoCommonInterface, match=r'add "grpcs://grpc\.example:443" to'):
                await connection.client()
        allowed = ["grpcs://grpc.example:443"]
        async with connected(url=agent.url, allowed_origins=allowed) as connection:
            chosen = await connection.choice()
    assert [item.url for item in chosen.interfaces] == ["https://grpc.example"]


async def test_credentials_and_trust_are_those_of_the_configuration(tmp_path: Path) -> None:
    certificate, key = self_signed("localhost")
    authority = tmp_path / "ca.pem"
    authority.write_bytes(certificate)
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    async with serving_grpc(UNARY, credentials=credentials) as server:
        table = {
            "url": f"grpcs://localhost:{server.url.rpartition(':')[2]}",
            "auth": Bearer(SecretStr("t0k3n")),
        }
        async with connected(**table, ca_file=authority) as connection:
            assert (await (await connection.client()).get(READ)).id == "t1"
        async with connected(**table) as connection:
            with pytest.raises(AgentUnreachable, match=r"unknown authority.*ca_file"):
                await connection.client()
    assert [pairs["authorization"] for _, _, pairs in server.calls] == ["Bearer t0k3n"]


LEFT_OVER: Final = module_from_spec(ModuleSpec("grpc", None, is_package=True))


@pytest.mark.parametrize("left", [None, LEFT_OVER], ids=["nothing", "an empty folder"])
async def test_without_the_libraries_it_is_said_what_to_install(
    left: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "grpc", left)
    async with scripted() as agent:
        offered = [interface("127.0.0.1:50051", binding="GRPC")]
        agent.on(CARD, document(card(agent.url, supportedInterfaces=offered)))
        for url in (agent.url, "grpcs://agent.example:443"):
            async with connected(url=url) as connection:
                with pytest.raises(ExtraMissing, match=r'uv tool install "\.\[grpc\]"'):
                    await connection.client()


async def test_a_proxy_that_grpc_cannot_use_is_said() -> None:
    proxy = SecretStr("https://proxy.example")
    async with connected(url="grpcs://agent.example:443", proxy=proxy) as connection:
        with pytest.raises(A2AError, match="http:// URL only"):
            await connection.client()
