"""A person signs in at a real authorization server; the agent is then used without him."""

from __future__ import annotations

from asyncio import create_task
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from browser import decline_at, sign_in_at
from real_agents import Agent, Agents
from staging import ME, Stage, configured, staged

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.agents.registry import Registry
from a2a_mcp.errors import CredentialUnavailable, NotAllowed, SignInNeeded
from a2a_mcp.sign_in.logins import login_states, sign_out
from a2a_mcp.sign_in.signing_in import signing_in
from a2a_mcp.store.login_folder import folder_logins

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def agent(running_agent: Agents, login: Agent) -> Agent:
    return running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")


@asynccontextmanager
async def using(
    agent: Agent, login: Agent, folder: Path, **auth: Any
) -> AsyncIterator[tuple[Stage, Registry]]:
    settings = OAuth(**{"client_id": "person", "issuer": login.url} | auth)
    config = configured(guarded={"url": agent.url, "auth": settings})
    registry = Registry(config, logins=folder_logins(folder))
    async with staged(config, folder, registry=registry) as stage:
        yield stage, registry


async def sign_in(registry: Registry, *, by_device: bool | None = None) -> bool:
    connection = registry.connection("guarded", ME)
    async with (
        signing_in(connection, by_device=by_device) as begun,
        anyio.create_task_group() as group,
    ):
        group.start_soon(sign_in_at, begun.page.url, begun.page.code)
        return await begun.ended()
    raise AssertionError


async def refused(stage: Stage) -> SignInNeeded:
    with pytest.raises(SignInNeeded) as caught:
        await stage.send("hello")
    return caught.value


@pytest.mark.parametrize("by_device", [False, True], ids=["browser", "device"])
async def test_who_has_signed_in_is_asked_no_more_also_after_a_restart(
    agent: Agent, login: Agent, tmp_path: Path, by_device: bool
) -> None:
    ran = len(agent.log())
    async with using(agent, login, tmp_path) as (stage, registry):
        needed = await refused(stage)
        assert "a2a-mcp auth login guarded" in needed.next_step
        assert len(agent.log()) == ran
        assert await sign_in(registry, by_device=by_device)
        assert (await stage.send("hello")).state == "completed"
    asked = len(login.requests())
    async with using(agent, login, tmp_path) as (stage, registry):
        for _ in range(3):
            assert (await stage.send("hello")).state == "completed"
    assert len(login.requests()) == asked
    assert len(agent.log()) == ran + 4


async def test_a_sign_in_of_another_process_counts_at_once_and_so_does_its_end(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    async with (
        using(agent, login, tmp_path) as (stage, _),
        using(agent, login, tmp_path) as (_, other),
    ):
        await refused(stage)
        await sign_in(other)
        assert (await stage.send("hello")).state == "completed"
        token = await folder_logins(tmp_path).get("local", "guarded")
        assert token
        assert await sign_out(other.connection("guarded", ME)) is None
        for _ in range(2):
            await refused(stage)
        assert not await works(login, token.token.refresh or "")
        with pytest.raises(KeyError):
            await sign_out(other.connection("guarded", ME))


async def works(login: Agent, refresh: str) -> bool:
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": "person"}
    async with httpx.AsyncClient() as client:
        return (await client.post(f"{login.url}/token", data=form)).status_code == 200


async def test_a_token_that_expired_is_renewed_without_the_person(
    running_agent: Agents, tmp_path: Path
) -> None:
    login = running_agent("oidc", "--ttl", "1")
    agent = running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")
    async with using(agent, login, tmp_path) as (stage, registry):
        await sign_in(registry)
        kept = await folder_logins(tmp_path).get("local", "guarded")
        with anyio.fail_after(20):
            while await folder_logins(tmp_path).get("local", "guarded") == kept:
                assert (await stage.send("hello")).state == "completed"
        renewed = await folder_logins(tmp_path).get("local", "guarded")
        assert kept
        assert renewed
        assert kept.token.refresh != renewed.token.refresh


async def test_a_sign_in_that_was_revoked_elsewhere_must_be_made_again(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    async with using(agent, login, tmp_path) as (stage, registry):
        await sign_in(registry)
        kept = await folder_logins(tmp_path).get("local", "guarded")
        assert kept
        async with httpx.AsyncClient() as client:
            for token in (kept.token.access, kept.token.refresh):
                form = {"token": token, "client_id": "person"}
                await client.post(f"{login.url}/token/revocation", data=form)
        needed = await refused(stage)
        assert "ended" in needed.message
        await refused(stage)


async def test_a_person_who_declines_is_not_signed_in(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    async with using(agent, login, tmp_path) as (stage, registry):
        with pytest.raises(CredentialUnavailable, match="access_denied"):
            await decline(registry)
        await refused(stage)


async def decline(registry: Registry) -> None:
    async with signing_in(registry.connection("guarded", ME), by_device=False) as begun:
        opened = create_task(decline_at(begun.page.url))
        await begun.ended()
        await opened


async def test_a_redirect_with_a_wrong_state_or_issuer_changes_nothing(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    async with (
        using(agent, login, tmp_path) as (_, registry),
        signing_in(registry.connection("guarded", ME), by_device=False) as begun,
    ):
        asked = httpx.URL(begun.page.url).params
        came, state = asked["redirect_uri"], asked["state"]
        answers: list[int] = []

        async def attack() -> None:
            forged = (
                f"{came}?code=evil",
                f"{came}?code=evil&state=guess",
                f"{came}?code=evil&state={state}",
                f"{came}?code=evil&state={state}&iss=https://evil.example",
                f"{came.replace('/callback', '/other')}?code=evil&state={state}&iss={login.url}",
            )
            async with httpx.AsyncClient() as client:
                answers.extend([(await client.get(url)).status_code for url in forged])
                answers.append((await client.post(came)).status_code)
            await sign_in_at(begun.page.url)

        async with anyio.create_task_group() as group:
            group.start_soon(attack)
            assert await begun.ended()
        assert answers == [400] * 6


async def test_the_state_of_each_agent_is_told_without_a_secret(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    async with using(agent, login, tmp_path) as (_, registry):
        (before,) = await login_states(registry.config, folder_logins(tmp_path), "local")
        assert before.words == "not signed in"
        await sign_in(registry)
        (after,) = await login_states(registry.config, folder_logins(tmp_path), "local")
        assert after.words == f"signed in at {login.url}; renews itself"
        kept = await folder_logins(tmp_path).get("local", "guarded")
        assert kept
        secrets = {kept.token.access, kept.token.refresh}
        assert secrets <= set(registry.config.secrets)
        assert not any((secret or "").encode() in contents(tmp_path) for secret in secrets)


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_nobody_signs_in_where_nothing_needs_it(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    async with using(agent, login, tmp_path, flow="client_credentials") as (_, registry):
        with pytest.raises(NotAllowed, match="client_credentials"):
            async with signing_in(registry.connection("guarded", ME)):
                pass
