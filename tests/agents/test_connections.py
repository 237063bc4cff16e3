"""Which owners share a connection: all, unless each signs in to the agent for himself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from staging import ME, configured

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.agents import connections
from a2a_mcp.agents.registry import Registry
from a2a_mcp.store.login_folder import folder_logins
from a2a_mcp.store.logins import Login

pytestmark = pytest.mark.anyio

URL = "https://agent.example"
TOKENS = "https://login.example/token"
PERSONAL = OAuth("bridge", token_url=TOKENS, authorization_url=f"{TOKENS}/ask")
SECRET = OAuth("bridge", token_url=TOKENS, flow="client_credentials")


def registry(*auth: OAuth, **options: Any) -> Registry:
    return Registry(configured(it={"url": URL, "auth": auth or None}), **options)


@pytest.mark.parametrize(("auth", "shared"), [((), True), ((SECRET,), True), ((PERSONAL,), False)])
def test_owners_share_a_connection_unless_each_signs_in(
    auth: tuple[OAuth, ...], shared: bool
) -> None:
    it = registry(*auth)
    first, second = it.connection("it", "token:a"), it.connection("it", "token:b")
    assert (first is second) is shared
    assert it.connection("it", "token:a") is first


def test_the_connection_that_an_owner_used_longest_ago_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MOST_PERSONAL", 2)
    it = registry(PERSONAL)
    first, second = it.connection("it", "a"), it.connection("it", "b")
    assert it.connection("it", "a") is first
    it.connection("it", "c")
    assert it.connection("it", "a") is first
    assert it.connection("it", "b") is not second


async def test_each_owner_calls_with_the_token_of_his_own_login(tmp_path: Path) -> None:
    logins = folder_logins(tmp_path)
    for owner in ("token:a", "token:b"):
        await logins.put(owner, "it", Login(Token(f"of-{owner}", 0.0), "bridge", TOKENS))
    it = registry(PERSONAL, logins=logins)
    for owner in ("token:b", "token:a"):
        tokens = it.connection("it", owner).credentials.tokens
        assert tokens
        assert await tokens.get(None) == f"of-{owner}"


async def test_what_owners_share_has_the_login_of_none_of_them(tmp_path: Path) -> None:
    asked: list[str] = []

    def may_sign_in(owner: str) -> bool:
        asked.append(owner)
        return owner != ME

    it = registry(SECRET, logins=folder_logins(tmp_path), may_sign_in=may_sign_in)
    it.connection("it", "token:a")
    assert asked == [ME]
