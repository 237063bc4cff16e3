"""Files that agents link to: from their own origins with credentials, from elsewhere without."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from certificates import serving_tls
from faults import Peer, Server, always, by_path, head, ok, serving, transport

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.errors import A2AError, AgentUnreachable, InvalidAgentResponse, UrlRefused
from a2a_mcp.a2a.http.download import download
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.origins import Origin, is_public, origin_of
from a2a_mcp.a2a.http.responses import DownloadedFile
from a2a_mcp.a2a.http.transport import Transport, open_transport

pytestmark = pytest.mark.anyio

BYTES = b"%PDF-1.7\r\n\x00\xff"
SECRET = Attachment({"Authorization": "Bearer top-secret"})


def file(content: bytes = BYTES, kind: str = "application/pdf", status: int = 200) -> bytes:
    return ok(content, kind=kind, status=status)


def never() -> Transport:
    raise AssertionError("nothing must be sent there")


async def fetched(
    url: str, server: Server, body_bytes: int = 10_000, **more: Any
) -> DownloadedFile:
    allowed: frozenset[Origin] = frozenset({origin_of(server.url)})
    wanted = {"base": server.url, "allowed": allowed, "attachment": SECRET, "foreign": never} | more
    async with transport(body_bytes=body_bytes) as own:
        return await download(url, own=own, **wanted)


async def test_a_file_of_the_agents_own_is_read_with_its_credentials() -> None:
    async with serving(always(file())) as server:
        received = await fetched(f"{server.url}/r.pdf?page=1", server)
        assert received == DownloadedFile(200, "application/pdf", BYTES)
        (request,) = server.requests
        assert request.target == "/r.pdf?page=1"
        assert request.headers["authorization"] == "Bearer top-secret"


@pytest.mark.parametrize("spelling", ["http://localhost:{}/r", "http://0.0.0.0:{}/r", "/r"])
async def test_the_agents_own_machine_in_another_spelling_is_its_own(spelling: str) -> None:
    async with serving(always(file())) as server:
        received = await fetched(spelling.format(server.port), server)
        assert received.data == BYTES


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/r.pdf",
        "https://127.0.0.1/r.pdf",
        "https://localhost/r.pdf",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "https://user:word@example.com/",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "javascript:alert(1)",
        "https://",
    ],
)
async def test_what_is_neither_the_agents_nor_public_is_refused_unasked(url: str) -> None:
    async with serving(always(file())) as server:
        with pytest.raises(A2AError) as refused:
            await fetched(url, server)
        assert isinstance(refused.value, UrlRefused | AgentUnreachable)
        assert server.requests == []


async def test_a_name_without_an_address_is_said() -> None:
    async with serving(always(file())) as server:
        with pytest.raises(AgentUnreachable, match="no address"):
            await fetched("https://no-such-name.invalid/x", server)


async def test_no_redirect_is_followed() -> None:
    moved = ok(b"", "Location: https://example.com/", status=302)
    async with serving(by_path({"/r": moved})) as server:
        with pytest.raises(InvalidAgentResponse, match="not followed"):
            await fetched(f"{server.url}/r", server)
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [404, 500])
async def test_an_error_is_no_file(status: int) -> None:
    async with serving(always(file(b"<html>", "text/html", status))) as server:
        with pytest.raises(InvalidAgentResponse, match=str(status)):
            await fetched(f"{server.url}/r", server)


async def test_a_file_without_an_end_is_left_at_the_limit() -> None:
    async def endless(peer: Peer) -> None:
        await peer.send(head("Content-Type: x/y"))
        await peer.flood(b"x" * 4096)

    async with serving(lambda _: endless) as server:
        with pytest.raises(InvalidAgentResponse, match="larger than 10000 bytes"):
            await fetched(f"{server.url}/r", server)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1", "::", "::1", "fe80::1"),
        *("fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1", "2002:a00:1::"),
        *("64:ff9b::10.0.0.1", "64:ff9b::a00:1", "localhost", ""),
        *("::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::10.0.0.1", "fec0::1", "4000::1"),
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_told(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_an_address_of_the_public_internet_is_told(address: str) -> None:
    assert is_public(address)


# --- elsewhere: TLS to the address that was checked, in the name that was asked for ---


@asynccontextmanager
async def elsewhere(name: str, folder: Path) -> AsyncIterator[tuple[Server, ssl.SSLContext]]:
    """Serve a file over TLS under a name; yield also what trusts its certificate."""
    async with serving_tls(always(file()), name, folder) as served:
        yield served


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test has no other internet than this machine, and no names in it."""

    async def here(*_: Any) -> str:
        return "127.0.0.1"

    monkeypatch.setattr("a2a_mcp.a2a.http.download.public_address", here)


async def from_there(server: Server, trusts: ssl.SSLContext, name: str) -> DownloadedFile:
    def foreign() -> Transport:
        return open_transport(HttpLimits(), user_agent="test", verify=trusts)

    return await fetched(f"https://{name}:{server.port}/r.pdf", server, foreign=foreign)


@pytest.mark.usefixtures("internet")
async def test_a_public_file_is_read_without_credentials(tmp_path: Path) -> None:
    async with elsewhere("files.example", tmp_path) as (server, trusts):
        received = await from_there(server, trusts, "files.example")
        assert received.data == BYTES
        (request,) = server.requests
        assert "authorization" not in request.headers
        assert request.headers["host"] == f"files.example:{server.port}"


@pytest.mark.usefixtures("internet")
async def test_a_certificate_for_another_name_is_not_taken(tmp_path: Path) -> None:
    async with elsewhere("another.example", tmp_path) as (server, trusts):
        with pytest.raises(AgentUnreachable):
            await from_there(server, trusts, "files.example")
        assert server.requests == []
