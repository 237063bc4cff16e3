"""What operators are told of requests that do not enter: in the log, the audit and the metrics."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from e2e.bridges import Home, free_port
from identity_provider import IdentityProvider, identity_provider
from mcp.server.auth.provider import AccessToken

from a2a_mcp.server.audit import Audit
from a2a_mcp.server.auth.errors import ScopeMissing, TokenMissing, TokenRefused
from a2a_mcp.server.auth.refusals import AGAIN_SECONDS, MOST_LINES, Refusals

DOWN: Final = "http://127.0.0.1:9"
HEADERS: Final = {"Accept": "application/json, text/event-stream"}
PING: Final = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@dataclass
class Door:
    """A bridge with one issuer that is there, one that is down, and one static token."""

    url: str
    metrics: str
    issuer: IdentityProvider
    home: Home

    @property
    def log(self) -> str:
        return self.home.stderr.read_text("utf-8")

    @property
    def audit(self) -> list[dict[str, Any]]:
        lines = (self.home.folder / "audit.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]

    async def counted(self) -> dict[str, float]:
        async with httpx.AsyncClient() as client:
            text = (await client.get(self.metrics)).text
        found = re.findall(r'a2a_mcp_auth_refused_total{.*reason="(\w+)".*} (.+)', text)
        return {reason: float(number) for reason, number in found}

    async def knock(self, *tokens: str) -> httpx.Response:
        shown = [("Authorization", f"Bearer {token}") for token in tokens]
        async with httpx.AsyncClient() as client:
            return await client.post(self.url, json=PING, headers=[*HEADERS.items(), *shown])


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    port, admin = free_port(), free_port()
    with identity_provider() as issuer:
        home = Home(tmp_path)
        home.configure(
            {"it": "http://127.0.0.1:1"},
            public_url=f"http://127.0.0.1:{port}",
            tokens={"robot": "robot-secret"},
            issuers={"corp": {"url": issuer.url}, "down": {"url": DOWN}},
            audit_file=str(tmp_path / "audit.jsonl"),
            admin={"port": admin},
        )
        async with home.serving(port=port) as served:
            yield Door(served.url, f"http://127.0.0.1:{admin}/metrics", issuer, home)


@pytest.mark.anyio
async def test_each_refusal_is_told_and_counted_with_its_reason_and_without_its_token(
    door: Door,
) -> None:
    expired = door.issuer.token(door.url, exp=1_000_000_000)
    poor = door.issuer.token(door.url, scope="openid", client_id="host-1")
    shown = {
        "it is no token of the configuration, and no JWT": ("wrong-secret",),
        "it has expired": (expired,),
        "it lacks the scope a2a": (poor,),
        "the identity provider cannot be asked": (door.issuer.token(door.url, iss=DOWN),),
        "there are several Authorization headers": ("robot-secret", "robot-secret"),
    }
    assert (await door.knock()).status_code == 401  # as each host begins: counted, and no more
    answers = [(await door.knock(*tokens)).status_code for tokens in shown.values()]
    assert answers == [401, 401, 403, 503, 400]
    audit, log = door.audit, door.log
    assert [line["reason"] for line in audit] == list(shown)
    assert {line["outcome"] for line in audit} == {"refused"}
    assert {line["address"] for line in audit} == {"127.0.0.1"}
    assert [line.get("owner") for line in audit] == [None, None, "corp:alice", None, None]
    assert [line.get("client") for line in audit] == [None, None, "host-1", None, None]
    for status, reason in zip(answers, shown, strict=True):
        assert f"refused with {status}: {reason}" in log
    assert "exp is 1000000000, now is " in log
    assert DOWN in log
    assert not [token for tokens in shown.values() for token in tokens if token in f"{log}{audit}"]
    assert await door.counted() == {
        "missing": 1,
        "invalid_token": 2,
        "insufficient_scope": 1,
        "provider_down": 1,
        "invalid_request": 1,
    }


def test_many_bad_tokens_are_one_line_of_the_log_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    refusals = Refusals(None, lambda: now)
    for _ in range(5):
        refusals.note(TokenRefused("it has expired"), None)
        refusals.note(TokenMissing("there is no bearer token"), None)
    refusals.note(TokenRefused("it is malformed", "a\x1b[31m"), None)
    now = AGAIN_SECONDS
    refusals.note(TokenRefused("it has expired"), None)
    said = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert said == ["it has expired", "it is malformed (a\\u001b[31m)", "it has expired"]


def test_many_bad_tokens_are_so_many_lines_of_the_audit_a_minute(tmp_path: Path) -> None:
    now = 0.0
    audit = Audit(tmp_path / "audit.jsonl")
    refusals = Refusals(audit, lambda: now)
    for _ in range(MOST_LINES + 1):
        refusals.note(TokenRefused("it has expired"), None)
    known = AccessToken(token="t", client_id="c", scopes=[], claims={"owner": "corp:alice"})
    refusals.note(ScopeMissing(known, ["a2a"]), None)
    now = AGAIN_SECONDS
    refusals.note(TokenRefused("it is malformed"), None)
    audit.close()
    lines = (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()
    reasons = [json.loads(line)["reason"] for line in lines]
    assert reasons[:MOST_LINES] == ["it has expired"] * MOST_LINES
    assert reasons[MOST_LINES:] == ["it lacks the scope a2a", "it is malformed"]
