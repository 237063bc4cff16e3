"""What `check` says of each thing that can be wrong with an agent: the cause, and its cure."""

from __future__ import annotations

import io
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from scripted import CARD, card, document, free_port, http, interface, origin_of, scripted, silence
from staging import agents

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.a2a.errors import AgentUnreachable
from a2a_mcp.cli.advice import advice
from a2a_mcp.cli.work.check import report
from a2a_mcp.config.load import Config

pytestmark = pytest.mark.anyio

TOKEN = {"auth": Bearer(SecretStr("a-token-of-a-test"))}
EXPIRED = {"www-authenticate": 'Bearer error="invalid_token", error_description="token expired"'}


def refusal(**headers: str) -> Any:
    return document({}, status=401, **headers)


@pytest.mark.parametrize(
    ("reply", "table", "cause", "cure"),
    [
        (http(404, b"no"), {}, "HTTP 404", "correct the path or the port"),
        (http(200, b"<html>", "text/html"), {}, "text/html, no card", "A web page answers there"),
        (silence, {"limits": {"card_seconds": 0.3}}, "within 0.3 s", "look into its log"),
        (refusal(), {}, "HTTP 401", "Set `auth` for this agent"),
        (refusal(), TOKEN, "HTTP 401", "was sent and refused"),
        (refusal(**EXPIRED), TOKEN, "HTTP 401", "has expired: put a new one"),
        (document(card("{url}", supportedInterfaces=[])), {}, "names no interface", "`endpoint`"),
        (
            document(card("{url}", supportedInterfaces=[interface("https://other.example")])),
            {},
            "https://other.example",
            "`allowed_origins`",
        ),
        (
            document(card("{url}", supportedInterfaces=[interface("/", version="9.0")])),
            {},
            "9.0",
            "Ask who runs it to offer",
        ),
    ],
    ids=[
        *("wrong path", "a web page", "hangs", "no credential", "wrong credential"),
        *("expired token", "no endpoint", "another origin", "another version"),
    ],
)
async def test_the_cause_is_named_with_its_cure(
    reply: Any, table: dict[str, Any], cause: str, cure: str
) -> None:
    async with scripted() as agent:
        for path in (CARD, "GET /.well-known/agent.json", "GET /v1/card", "GET /agent.json"):
            agent.on(path, reply)
        told = await checked({"url": agent.url, **table})
    problem, _, step = told.partition("What to do: ")
    assert cause in problem
    assert cure in step


async def test_at_a_wrong_port_nobody_answers() -> None:
    nobody = free_port()
    told = await checked({"url": origin_of(nobody)})
    nobody.close()
    assert "no connection" in told
    assert "its URL is right" in told


async def test_a_server_that_hangs_up_on_tls_may_not_speak_it() -> None:
    async with scripted() as agent:
        told = await checked({"url": agent.url.replace("http://", "https://")})
    assert "it broke in the TLS handshake" in told
    assert "see the scheme and the port of `url`" in told


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("its certificate is signed by an unknown authority (x)", "`ca_file`"),
        ("its certificate has expired; its operator must renew it", "renew the certificate"),
        ("its certificate is for another host name; use it", "into `url`"),
        ("the server speaks http at this port, not https: use http://a", "Write http://"),
        ("the server speaks https at this port, not http: use https://a", "Write https://"),
        ("its certificate is not valid yet: is the clock right?", "Set the clock"),
    ],
)
def test_each_fault_of_tls_has_its_cure(words: str, cure: str) -> None:
    assert cure in (advice(AgentUnreachable(words)) or "")


async def checked(table: dict[str, Any]) -> str:
    out = io.StringIO()
    with anyio.fail_after(10):
        await report(Config(agents=agents(it=table)), out)
    return out.getvalue()
