"""Whether calls should come to a process: its store, its issuers, and whether it ends."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from identity_provider import IdentityProvider, identity_provider
from mcp.client import Client
from staging import configured

from a2a_mcp.a2a.http.transport import open_transport
from a2a_mcp.server.auth.entrance import LIMITS
from a2a_mcp.server.auth.provider import Provider
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.server.readiness import Readiness

pytestmark = pytest.mark.anyio


@pytest.fixture
async def issuer() -> AsyncIterator[IdentityProvider]:
    with identity_provider() as issuer:
        yield issuer


def provider(issuer: IdentityProvider) -> Provider:
    transport = open_transport(LIMITS, user_agent="test")
    return Provider(issuer.url, transport, time.monotonic)


async def test_it_is_ready_at_the_start_and_not_while_it_ends() -> None:
    readiness = Readiness()
    assert await readiness.problem() is None
    readiness.draining = True
    assert "about to end" in str(await readiness.problem())


async def test_the_keys_of_an_issuer_are_looked_for_before_the_first_caller_comes(
    issuer: IdentityProvider,
) -> None:
    readiness = Readiness({"corp": provider(issuer)})
    assert await readiness.problem() is None
    asked = len(issuer.asked)
    assert await readiness.problem() is None
    assert len(issuer.asked) == asked


async def test_an_issuer_without_a_known_key_is_named_and_not_asked_at_each_look(
    issuer: IdentityProvider,
) -> None:
    issuer.answers["/jwks"] = b""
    readiness = Readiness({"corp": provider(issuer)})
    assert "corp" in str(await readiness.problem())
    asked = len(issuer.asked)
    assert "corp" in str(await readiness.problem())
    assert len(issuer.asked) == asked


@pytest.mark.parametrize("is_on_disk", [True, False])
async def test_a_store_that_fails_is_seen_before_the_first_call(
    tmp_path: Path, is_on_disk: bool
) -> None:
    folder = tmp_path if is_on_disk else tmp_path / "file"
    (tmp_path / "file").write_text("in the way of a folder")
    readiness = Readiness()
    server = create_server(configured(it="https://a.invalid"), folder, began=readiness.begin)
    async with Client(server):
        problem = await readiness.problem()
    assert (problem is None) == is_on_disk
