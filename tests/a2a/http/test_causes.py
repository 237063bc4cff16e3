"""Why a connection could not be made, as the person who must mend it reads it."""

import ssl
from pathlib import Path

import pytest
from certificates import serving_tls
from faults import USER_AGENT, Peer, always, closed_port, head, ok, serving
from http_calls import NOTHING

from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.errors import AgentUnreachable, Delivery
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.transport import open_transport

pytestmark = pytest.mark.anyio


async def failure(url: str, verify: ssl.SSLContext | bool = False, proxy: str | None = None) -> str:
    client = open_transport(HttpLimits(), user_agent=USER_AGENT, verify=verify, proxy=proxy)
    try:
        with pytest.raises(AgentUnreachable) as failed:
            await client.fetch(HttpRequest("POST", url, {}), {}, NOTHING)
    finally:
        await client.aclose()
    assert failed.value.delivery is Delivery.NEVER
    return failed.value.message


async def test_a_server_that_speaks_http_only(tmp_path: Path) -> None:
    async with serving(always(ok({})), b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        message = await failure(server.url.replace("http:", "https:"))
    assert message == (
        f"the server speaks http at this port, not https: use {server.url}, or its https port"
    )


async def test_an_unknown_authority_is_told_with_ca_file(tmp_path: Path) -> None:
    trusts_nobody = ssl.create_default_context()
    async with serving_tls(always(ok({})), "localhost", tmp_path) as (server, _):
        message = await failure(f"https://localhost:{server.port}", trusts_nobody)
    assert "unknown authority" in message
    assert "ca_file" in message
    assert "_ssl.c" not in message


async def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    async with serving_tls(always(ok({})), "localhost", tmp_path, until=2021) as (server, trusts):
        message = await failure(f"https://localhost:{server.port}", trusts)
    assert message == "its certificate has expired; its operator must renew it"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_certificate_for_another_name(host: str, tmp_path: Path) -> None:
    async with serving_tls(always(ok({})), "agent.example", tmp_path) as (server, trusts):
        message = await failure(f"https://{host}:{server.port}", trusts)
    assert message.startswith("its certificate is for another")


async def test_a_host_name_that_is_not_known() -> None:
    message = await failure("https://agent.invalid/a2a")
    assert message.startswith("its host name agent.invalid is not known")


@pytest.mark.parametrize("url", ["https://agent.example/", "http://agent.example/"])
async def test_a_proxy_that_wants_a_password(url: str) -> None:
    refusal = head("Content-Length: 0", status=407)
    async with serving(always(refusal)) as server:
        message = await failure(url, proxy=server.url)
    assert "user name and password" in message
    assert "proxy" in message


@pytest.mark.parametrize("url", ["https://agent.example/", "http://agent.example/"])
async def test_a_proxy_that_cannot_be_reached_is_named_and_not_the_agent(url: str) -> None:
    port = closed_port()
    message = await failure(url, proxy=f"http://me:s3cret@127.0.0.1:{port}")
    assert message.startswith(f"no connection to the proxy http://127.0.0.1:{port} (")
    assert "the agent's proxy setting" in message
    assert "s3cret" not in message


async def test_tls_that_fails_behind_a_proxy_is_not_the_proxys_fault() -> None:
    async def tunnel(peer: Peer) -> None:
        await peer.send(head())
        await peer.stream.receive()
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(always(tunnel)) as server:
        message = await failure("https://agent.example/", proxy=server.url)
    assert message.startswith("the server speaks http at this port")


async def test_a_proxy_that_refuses() -> None:
    async with serving(always(head("Content-Length: 0", status=403))) as server:
        message = await failure("https://agent.example/", proxy=server.url)
    assert message.startswith("the proxy refused the connection: 403")
