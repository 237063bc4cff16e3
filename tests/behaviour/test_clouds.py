"""The recipes for agents in clouds, with look-alikes of the clouds' tools and machines."""

from __future__ import annotations

import json
import shutil
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from recipes import recipe
from scripted import (
    CARD,
    SEND,
    Request,
    ScriptedAgent,
    card,
    document,
    done,
    http,
    result,
    scripted,
)
from staging import staged

from a2a_mcp.config import command_secret
from a2a_mcp.config.load import load

pytestmark = pytest.mark.anyio

BEARER = {
    "securitySchemes": {"token": {"httpAuthSecurityScheme": {"scheme": "bearer"}}},
    "securityRequirements": [{"schemes": {"token": {}}}],
}
METADATA = ("http://metadata.google.internal", "http://169.254.169.254")
GOOGLE = "/computeMetadata/v1/instance/service-accounts/default"
IDENTITY_SECRET = "1dentity-header"

# What the tools print, as their versions 540 (gcloud) and 2.80 (az) do.
GCLOUD = """
import json, sys
from datetime import UTC, datetime
end = datetime.fromtimestamp(until, UTC)
match sys.argv[1:]:
    case ["config", "config-helper", "--format=json"]:
        credential = {"access_token": access, "id_token": "b", "token_expiry": end.isoformat()}
        print(json.dumps({"configuration": {}, "credential": credential}, indent=2))
    case ["auth", "print-identity-token"]:
        print(jwt)
    case _:
        sys.exit(2)
"""
AZ = """
import json, sys
from datetime import datetime
wanted = ["account", "get-access-token", "--resource", "api://agent", "--output", "json"]
if sys.argv[1:] != wanted:
    sys.exit(2)
print("WARNING: a new version is there", file=sys.stderr)
local = datetime.fromtimestamp(until).isoformat(" ", "microseconds")
print(json.dumps({"accessToken": access, "expiresOn": local, "tokenType": "Bearer"}, indent=2))
"""
# For machines without curl: the few options that the recipes use.
CURL = """
import sys, urllib.request
*options, url = sys.argv[1:]
line = options[-1] if options[-1] != "@-" else sys.stdin.read()
name, _, value = line.partition(": ")
asked = urllib.request.Request(url, headers={name: value})
sys.stdout.write(urllib.request.urlopen(asked).read().decode())
"""
MAKING = """
import time
from base64 import urlsafe_b64encode
runs = open({runs!r}, "a+")
runs.write("x")
runs.seek(0)
access, until = "token-%d" % len(runs.read()), time.time() + {life}
claims = urlsafe_b64encode(b'{{"exp": %d}}' % until).decode().rstrip("=")
jwt = "e30." + claims + "." + access
"""


def access_of(token: str) -> str:
    """Return the number that a token carries; a JWT has it as its signature."""
    return token.removeprefix("Bearer ").rpartition(".")[2]


class Machine:
    """The metadata servers of both clouds, as they answer on their machines."""

    def __init__(self, life: int) -> None:
        self.life = life
        self.asked = 0

    def google(self, request: Request) -> Any:
        if request.headers.get("metadata-flavor") != "Google":
            return http(403, b"Missing Metadata-Flavor header", "text/html")(request)
        access = self._next()
        if "/identity" in request.path:
            assert request.path.endswith("audience=" + "https://run-from-within.example")
            claims = json.dumps({"exp": int(time.time()) + self.life}).encode()
            token = f"e30.{urlsafe_b64encode(claims).decode().rstrip('=')}.{access}"
            return http(200, token.encode(), "text/html")(request)
        answer = {"access_token": access, "expires_in": self.life, "token_type": "Bearer"}
        return document(answer)(request)

    def azure(self, request: Request) -> Any:
        is_app = "2019-08-01" in request.path
        shown = request.headers.get("x-identity-header" if is_app else "metadata")
        assert "resource=api%3A%2F%2Fagent" in request.path
        if shown != (IDENTITY_SECRET if is_app else "true"):
            return document({"error": "invalid_request"}, 400)(request)
        until = str(int(time.time()) + self.life)
        lasting = {"expires_on": until} | ({} if is_app else {"expires_in": str(self.life)})
        token = {"access_token": self._next(), "resource": "api://agent", "token_type": "Bearer"}
        return document(token | lasting)(request)

    def _next(self) -> str:
        self.asked += 1
        return f"token-{self.asked}"


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, **BEARER)))
        agent.on(SEND, result({"task": done("it is done")}))
        yield agent


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that comes first in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!{sys.executable}\n{text}")
    (folder / name).chmod(0o755)


COMMANDS = [
    "engine",
    "engine-from-within",
    "run",
    "run-from-within",
    "entra",
    "entra-from-within",
    "entra-in-apps",
]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("life", [3600, 0])
async def test_a_recipe_sends_the_clouds_token_and_renews_it(
    name: str,
    life: int,
    agent: ScriptedAgent,
    tools: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command_secret, "AGAIN_SECONDS", 0)
    making = MAKING.format(runs=str(tmp_path / "runs"), life=life)
    program(tools, "gcloud", making + GCLOUD)
    program(tools, "az", making + AZ)
    if shutil.which("curl") is None:
        program(tools, "curl", CURL)
    machine = Machine(life)
    async with scripted() as metadata:
        for kind in ("token", "identity"):
            metadata.on(f"GET {GOOGLE}/{kind}", machine.google)
        metadata.on("GET /metadata/identity/oauth2/token", machine.azure)
        metadata.on("GET /msi/token", machine.azure)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{metadata.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", IDENTITY_SECRET)
        places = dict.fromkeys(METADATA, metadata.url) | {
            f'url = "https://{name}.example"': f'url = "{agent.url}"'
        }
        path = tmp_path / "agents.toml"
        path.write_text(recipe(name, places))
        config = load(path=path, environ={}, strict=True)
        async with staged(config, tmp_path / "state") as stage:
            for _ in range(2):
                assert (await stage.send(agent=name)).state == "completed"
    sent = [access_of(request.headers["authorization"]) for request in agent.sends()]
    assert sent == ["token-1"] * 2 if life else len(set(sent)) == 2
