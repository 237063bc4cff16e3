"""A client that registers itself at a real authorization server: once, and only where it may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from browser import sign_in_at
from real_agents import Agent, Agents
from staging import configured

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.agents.registry import Registry
from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.sign_in.logins import sign_out
from a2a_mcp.sign_in.signing_in import signing_in
from a2a_mcp.store.login_folder import folder_logins

pytestmark = pytest.mark.anyio

OWNERS = ("token:a", "token:b", "local")


@pytest.fixture
def login(running_agent: Agents) -> Agent:
    return running_agent("oidc", "--ttl", "2")


@pytest.fixture
def agent(running_agent: Agents, login: Agent) -> Agent:
    return running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")


@asynccontextmanager
async def opened(agent: Agent, folder: Path, **auth: Any) -> AsyncIterator[Registry]:
    settings = OAuth("", registers=True, **auth)
    config = configured(guarded={"url": agent.url, "auth": (settings,)})
    registry = Registry(config, logins=folder_logins(folder))
    yield registry
    await registry.aclose()


async def sign_in(it: Registry, owner: str, *, by_device: bool = False) -> None:
    connection = it.connection("guarded", owner)
    async with (
        signing_in(connection, by_device=by_device) as begun,
        anyio.create_task_group() as group,
    ):
        group.start_soon(sign_in_at, begun.page.url, begun.page.code)
        assert await begun.ended()


def registered(login: Agent) -> int:
    return sum(each["grant"] == "registration" for each in login.requests())


async def test_all_owners_use_the_client_that_was_registered_for_the_first(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    before = registered(login)
    async with (
        opened(agent, tmp_path, issuer=login.url) as it,
        anyio.create_task_group() as group,
    ):
        for owner in OWNERS[:2]:
            group.start_soon(sign_in, it, owner)
    async with opened(agent, tmp_path, issuer=login.url) as it:
        await sign_in(it, OWNERS[2], by_device=True)
    clients = {row.login.client_id for row in await folder_logins(tmp_path).all() if row.login}
    assert len(clients) == 1
    assert registered(login) == before + 1


async def test_its_tokens_are_renewed_and_revoked_as_the_client_that_got_them(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    async with opened(agent, tmp_path, issuer=login.url) as it:
        await sign_in(it, "local")
        connection = it.connection("guarded", "local")
        tokens = connection.credentials.tokens
        assert tokens
        found = await connection.card()
        first = await tokens.get(found)
        assert await tokens.get(found, first) != first
        before = registered(login)
        assert await sign_out(connection) is None
        await sign_in(it, "local")  # who has signed out may want a new client
        assert registered(login) == before + 1


async def test_a_server_that_registers_nobody_is_told_with_the_key_to_set(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    urls = {"token_url": f"{login.url}/token", "authorization_url": f"{login.url}/auth"}
    async with opened(agent, tmp_path, **urls) as it:
        with pytest.raises(CredentialUnavailable, match="names no address") as caught:
            await sign_in(it, "local")
    assert "client_id" in caught.value.next_step
