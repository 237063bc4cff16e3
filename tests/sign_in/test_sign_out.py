"""A sign-out ends the login here, also where the authorization server does not take part."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
from scripted import Reply, Request, ScriptedAgent, document, http, scripted, silence
from staging import configured
from token_server import form_of

from a2a_mcp.a2a.auth.oauth import token_server
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.cli.work.auth import show_sign_out, signed_out
from a2a_mcp.store.base import LOCAL_OWNER
from a2a_mcp.store.login_folder import folder_logins
from a2a_mcp.store.logins import Login

pytestmark = pytest.mark.anyio

REVOKE = "POST /revoke"
TOKEN = Token("an-access-token-of-ann", 1_000_000.0, 3600, refresh="a-refresh-token-of-ann")
HERE = "You are signed out of guarded."
NOT_THERE = "It was not revoked at the authorization server: "


@pytest.fixture
async def server() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        yield running


async def sign_out(server: ScriptedAgent, folder: Path, revocation: str | None) -> list[str]:
    """Return what `a2a-mcp auth logout` says to a person who is signed in."""
    token_url = f"{server.url}/token"
    auth = OAuth(client_id="person", token_url=token_url, flow="authorization_code")
    logins = folder_logins(folder)
    await logins.put(LOCAL_OWNER, "guarded", Login(TOKEN, "person", token_url, revocation))
    config = configured(guarded={"url": server.url, "auth": auth})
    problem, said = await signed_out(config, logins, "guarded", LOCAL_OWNER), StringIO()
    assert problem is not None
    assert show_sign_out("guarded", LOCAL_OWNER, [problem], said) == 0
    assert await logins.all() == []
    return said.getvalue().splitlines()


def repeats(request: Request) -> Reply:
    """Answer an error that repeats the token, with a sequence for the terminal."""
    words = {"error": "server_error", "error_description": f"\x1b[2J{form_of(request)['token']}"}
    return document(words, 503)(request)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (http(503, b"out of order", "text/plain"), "HTTP 503"),
        (http(404, b"", "text/plain"), "HTTP 404"),
        (silence, "gave no answer"),
        (repeats, "server_error: "),
    ],
    ids=["out of order", "not there", "hangs", "repeats the token"],
)
async def test_a_login_is_gone_here_although_it_could_not_be_revoked(
    server: ScriptedAgent,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    why: str,
) -> None:
    monkeypatch.setattr(token_server, "ANSWER_SECONDS", 0.2)
    server.on(REVOKE, reply)
    first, second, third = await sign_out(server, tmp_path, f"{server.url}/revoke")
    (asked,) = server.calls(REVOKE)
    assert form_of(asked)["token"] == TOKEN.refresh
    assert first == HERE
    assert second.startswith(NOT_THERE)
    assert why in second
    assert "take away" in third
    assert "\x1b" not in second
    assert "-of-ann" not in second


async def test_it_is_gone_where_the_server_is_gone(server: ScriptedAgent, tmp_path: Path) -> None:
    first, second, _ = await sign_out(server, tmp_path, "http://127.0.0.1:9/revoke")
    assert (first, second.startswith(NOT_THERE)) == (HERE, True)


async def test_it_is_gone_where_the_server_revokes_nothing(
    server: ScriptedAgent, tmp_path: Path
) -> None:
    first, second, _ = await sign_out(server, tmp_path, None)
    assert (first, second) == (HERE, f"{NOT_THERE}its server has no address for revoking")
    assert server.requests == []


async def test_nothing_more_is_said_where_it_was_revoked(
    server: ScriptedAgent, tmp_path: Path
) -> None:
    server.on(REVOKE, http(200, b""))
    assert await sign_out(server, tmp_path, f"{server.url}/revoke") == [HERE]
