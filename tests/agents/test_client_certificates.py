"""An agent that asks for a certificate of its callers (mTLS), alone and beside a bearer token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from certificates import self_signed, serving_tls
from faults import ok
from pydantic import SecretStr
from scripted import card, done
from staging import configured, staged

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.describe_agents import describe_agent

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("in_one_file", [True, False])
async def test_an_agent_that_wants_a_certificate_and_a_token_gets_both(
    in_one_file: bool, tmp_path: Path
) -> None:
    certificate, key = self_signed("bridge.example")
    ours, secret = tmp_path / "ours.pem", tmp_path / "ours.key"
    ours.write_bytes(certificate + key if in_one_file else certificate)
    secret.write_bytes(key)
    place: dict[str, str] = {}

    def answer(request: Any) -> Any:
        if request.verb == "GET":
            return ok(json.dumps(card(place["url"])))
        sent = json.loads(request.body)
        reply = {"jsonrpc": "2.0", "id": sent["id"], "result": {"task": done("both")}}
        return ok(json.dumps(reply))

    async with serving_tls(answer, "localhost", tmp_path, asks=certificate) as (server, _):
        place["url"] = f"https://localhost:{server.port}"
        table: dict[str, Any] = {"url": place["url"], "ca_file": tmp_path / "both.pem"}
        shown = (
            {"client_cert": ours} if in_one_file else {"client_cert": ours, "client_key": secret}
        )
        token = {"auth": Bearer(SecretStr("a-token"))}
        config = configured(with_it=table | shown | token, without=table)
        async with staged(config, tmp_path / "state") as stage:
            assert (await stage.send(agent="with_it")).text == "both"
            told = describe_agent(stage.registry, "with_it").prose()
            assert "bearer token and client certificate: configured" in told
            with pytest.raises(A2AError):  # what TLS says of it comes late in TLS 1.3
                await stage.send(agent="without")
        assert all(b"a-token" in str(each.headers).encode() for each in server.requests[1:])
