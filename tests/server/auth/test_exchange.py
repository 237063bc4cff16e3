"""People who have signed in to a bridge over HTTP, and an agent that takes a token of each."""

from __future__ import annotations

import time
from contextvars import copy_context
from pathlib import Path

import anyio
import pytest
from e2e.bridges import Home, free_port
from e2e.hosts import http_host
from identity_provider import identity_provider
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from scripted import CARD, SEND, card, document, done, result, scripted
from token_server import TOKEN, exchanging, form_of

from a2a_mcp.agents.subject import Subject
from a2a_mcp.server.caller import subject

pytestmark = pytest.mark.anyio

SECRET = "the-bridge-s-secret"


async def test_each_caller_is_exchanged_for_and_no_token_is_told(tmp_path: Path) -> None:
    port = free_port()
    home = Home(tmp_path)
    with identity_provider() as corp:
        async with scripted() as agent:
            agent.on(CARD, document(card(agent.url)))
            agent.on(TOKEN, exchanging(600))
            agent.on(SEND, result({"task": done("it is done")}))
            auth = {
                "type": "exchange",
                "token_url": f"{agent.url}/token",
                "client_id": "bridge",
                "client_secret": SECRET,
                "audience": "agent-b",
            }
            home.configure(
                {"it": {"url": agent.url, "auth": auth}},
                public_url=f"http://127.0.0.1:{port}",
                tokens={"robot": "robot-secret"},
                issuers={"corp": {"url": corp.url}},
            )
            told: list[str] = []
            async with home.serving("--log-level", "debug", port=port) as served:
                shown = {name: corp.token(served.url, sub=name) for name in ("alice", "bob")}
                for mode in ("auto", "legacy"):
                    for token in shown.values():
                        async with http_host(served.url, mode, token) as host:
                            answer = await host.send("hello", agent="it")
                            told += [str(answer), str(await host.call("agent_info", agent="it"))]
                        assert answer["state"] == "completed"
                async with http_host(served.url, "auto", "robot-secret") as robot:
                    refused = await robot.send("hello", agent="it")
            exchanges = [form_of(request) for request in agent.calls(TOKEN)]
            sent = [request.headers["authorization"] for request in agent.calls(SEND)]
    assert [(each["subject_token"], each["audience"]) for each in exchanges] == [
        (shown["alice"], "agent-b"),
        (shown["bob"], "agent-b"),
    ]
    ours, theirs = f"Bearer {shown['alice']}-1", f"Bearer {shown['bob']}-2"
    assert sent == [ours, theirs, ours, theirs]
    assert refused.failed
    assert "[server.issuers]" in refused.text
    told += [str(refused), await anyio.Path(home.stderr).read_text()]
    assert told[-1]  # the log is at work
    secrets = (SECRET, "robot-secret", *shown.values())
    assert [secret for secret in secrets if any(secret in text for text in told)] == []
    assert [secret for secret in shown.values() if secret.encode() in kept_in(tmp_path)] == []


def kept_in(folder: Path) -> bytes:
    """Return all that the bridge has left in files."""
    return b"".join(it.read_bytes() for it in folder.rglob("*") if it.is_file())


@pytest.mark.parametrize(
    ("client", "owner", "seconds", "shown"),
    [
        ("corp", "corp:alice", 300, True),
        ("corp", "corp:alice", -1, False),
        ("corp", "corp:bob", 300, False),  # work for another, in the context of this call
        ("static", "corp:alice", 300, False),
    ],
)
def test_only_what_the_owner_shows_now_is_exchanged(
    client: str, owner: str, seconds: int, shown: bool
) -> None:
    token = AccessToken(
        token="eyJ",
        client_id=client,
        scopes=[],
        claims={"owner": "corp:alice"},
        expires_at=int(time.time()) + seconds,
    )

    def look() -> Subject | None:
        auth_context_var.set(AuthenticatedUser(token))
        return subject(owner)

    assert (copy_context().run(look) is not None) is shown
    assert subject(owner) is None
