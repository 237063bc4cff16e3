"""No credential stands in a result or in the log, not even where the agent repeats it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from certificates import Authority
from mcp import StdioServerParameters
from scripted import CARD, SEND, Request, Step, card, document, done, result, scripted

from e2e.bridges import Home
from e2e.hosts import ERAS, stdio_host

pytestmark = pytest.mark.anyio

PRINTED, BEFORE, KEY, COOKIE, PASSWORD = (
    f"canary-{name}-7f3a9c" for name in ("printed", "before", "key", "cookie", "password")
)
SCHEMES = {
    "token": {"httpAuthSecurityScheme": {"scheme": "bearer"}},
    "key": {"apiKeySecurityScheme": {"location": "query", "name": "k"}},
    "cookie": {"apiKeySecurityScheme": {"location": "cookie", "name": "sid"}},
}
TOGETHER = [{"schemes": {"token": {}, "key": {}, "cookie": {}}}]


def repeats(request: Request) -> Sequence[Step]:
    """Answer with all that came: a rude agent tells whoever asks."""
    said = f"{request.path} {json.dumps(request.headers)}"
    return result({"task": done(said)})(request)


def printing(folder: Path, *tokens: str) -> list[str]:
    """Return a command that prints one token after another, each of which has expired."""
    program = folder / "token.py"
    program.write_text(
        "import json, pathlib\n"
        f"left = pathlib.Path({str(folder / 'left')!r})\n"
        f"number = int(left.read_text()) if left.exists() else 0\n"
        "left.write_text(str(number + 1))\n"
        f"tokens = {list(tokens)!r}\n"
        "token = tokens[min(number, len(tokens) - 1)]\n"
        "print(json.dumps({'access_token': token, 'expires_in': 1}))\n"
    )
    return [sys.executable, str(program)]


def debugging(home: Home) -> StdioServerParameters:
    usual = home.stdio()
    return usual.model_copy(update={"args": [*usual.args, "--log-level", "debug"]})


def tables(url: str, folder: Path) -> dict[str, Any]:
    certificate, key = Authority().issue("bridge", password="another-word")
    (folder / "ours.pem").write_bytes(certificate + key)
    shown = {"type": "mtls", "cert": str(folder / "ours.pem"), "password": PASSWORD}
    together = [
        {"type": "bearer", "token": {"command": printing(folder, BEFORE, PRINTED)}},
        {"type": "api_key", "key": KEY, "scheme": "key"},
        {"type": "api_key", "key": COOKIE, "scheme": "cookie"},
    ]
    return {
        "rude": {"url": url, "auth": together},
        "shut": {"url": "https://127.0.0.1:9", "auth": shown},
    }


@pytest.mark.parametrize("mode", ERAS)
async def test_no_credential_is_told_even_if_the_agent_repeats_it(
    tmp_path: Path, mode: str
) -> None:
    home = Home(tmp_path)
    async with scripted() as agent:
        wants = {"securitySchemes": SCHEMES, "securityRequirements": TOGETHER}
        agent.on(CARD, document(card(agent.url, **wants)))
        agent.on(SEND, repeats)
        home.configure(tables(agent.url, tmp_path))
        with home.stderr.open("a") as stderr:
            async with stdio_host(debugging(home), mode, stderr) as host:
                answers = [await host.send("hello", agent=name) for name in ("rude", "shut")]
                answers += [await host.call("agent_info", agent="rude")]
        (sent,) = agent.calls(SEND)
    assert KEY in sent.path
    assert COOKIE in sent.headers["cookie"]
    assert [answer.failed for answer in answers] == [False, True, False]
    assert "***" in answers[0].text
    assert "password does not open the key" in answers[1].text
    told = [*map(str, answers), await anyio.Path(home.stderr).read_text()]
    assert told[-1]  # the log is at work
    secrets = (PRINTED, BEFORE, KEY, COOKIE, PASSWORD)
    assert [secret for secret in secrets if any(secret in text for text in told)] == []
