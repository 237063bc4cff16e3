"""An agent that asks for a certificate of its callers (mTLS), alone and beside a bearer token."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import grpc
import pytest
from certificates import Authority, self_signed, serving_tls
from faults import Server, ok
from grpc_server import serving_grpc
from pydantic import SecretStr
from scripted import card, done
from staging import configured, staged

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.static import Bearer, Mtls
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.config.reload import Reloader
from a2a_mcp.errors import CredentialUnavailable

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]

PASSWORD = "the-key-s-password"
TOKEN = Bearer(SecretStr("a-token"))
BOTH = {
    "securitySchemes": {
        "shown": {"mtlsSecurityScheme": {}},
        "token": {"httpAuthSecurityScheme": {"scheme": "bearer"}},
    },
    "securityRequirements": [{"schemes": {"shown": {}, "token": {}}}],
}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@asynccontextmanager
async def guarded(authority: Authority, folder: Path, **more: Any) -> AsyncIterator[Server]:
    """Serve an agent that talks only to callers with a certificate of the authority."""
    place: list[str] = []

    def answer(request: Any) -> bytes:
        if request.verb == "GET":
            return ok(json.dumps(card(place[0], **more)))
        sent = json.loads(request.body)
        return ok(json.dumps({"jsonrpc": "2.0", "id": sent["id"], "result": {"task": done("ok")}}))

    async with serving_tls(answer, "localhost", folder, asks=authority.pem) as (server, _):
        place.append(f"https://localhost:{server.port}")
        yield server


def table(server: Server, folder: Path, *auth: Any) -> dict[str, Any]:
    url = f"https://localhost:{server.port}"
    return {"url": url, "ca_file": folder / "both.pem", "auth": auth}


def files(folder: Path, certificate: bytes, key: bytes) -> dict[str, Path]:
    """Write a certificate and its key; return the table that names them."""
    named = {"cert": folder / "ours.pem", "key": folder / "ours.key"}
    named["cert"].write_bytes(certificate)
    named["key"].write_bytes(key)
    return named


def in_one_file(authority: Authority, folder: Path) -> Mtls:
    shown = files(folder, b"".join(reversed(authority.issue("bridge"))), b"")
    return Mtls(shown["cert"])


def in_two_files(authority: Authority, folder: Path) -> Mtls:
    return Mtls(**files(folder, *authority.issue("bridge")))


def with_a_password(authority: Authority, folder: Path) -> Mtls:
    pair = authority.issue("bridge", password=PASSWORD)
    return Mtls(**files(folder, *pair), password=SecretStr(PASSWORD))


@pytest.mark.parametrize("made", [in_one_file, in_two_files, with_a_password])
async def test_an_agent_that_wants_a_certificate_and_a_token_gets_both(
    made: Callable[[Authority, Path], Mtls], authority: Authority, tmp_path: Path
) -> None:
    async with guarded(authority, tmp_path, **BOTH) as server:
        config = configured(it=table(server, tmp_path, made(authority, tmp_path), TOKEN))
        async with staged(config, tmp_path / "state") as stage:
            assert (await stage.send()).state == "completed"
            told = describe_agent(stage.registry, "it").prose()
        assert "client certificate and bearer token: configured" in told
        assert {each.headers.get("authorization") for each in server.requests} == {"Bearer a-token"}


async def test_what_is_missing_beside_the_certificate_is_told(
    authority: Authority, tmp_path: Path
) -> None:
    async with guarded(authority, tmp_path, **BOTH) as server:
        config = configured(it=table(server, tmp_path, in_one_file(authority, tmp_path)))
        async with staged(config, tmp_path / "state") as stage:
            with pytest.raises(CredentialUnavailable) as caught:
                await stage.send()
        assert 'type = "bearer"' in caught.value.next_step
        assert 'type = "mtls"' not in caught.value.next_step
        assert [each.verb for each in server.requests] == ["GET"]


def of_another_key(authority: Authority) -> tuple[bytes, bytes]:
    return authority.issue("bridge")[0], authority.issue("bridge")[1]


def expired(authority: Authority) -> tuple[bytes, bytes]:
    return authority.issue("bridge", until=2021)


def sealed(authority: Authority) -> tuple[bytes, bytes]:
    return authority.issue("bridge", password=PASSWORD)


FAULTS: list[tuple[Any, str | None, str, str]] = [
    (of_another_key, None, "key", "is not the key of the certificate"),
    (expired, None, "cert", "has expired on 2021-01-01"),
    (sealed, None, "password", "is missing: the key is encrypted"),
    (sealed, "another-word", "password", "does not open the key"),
    (lambda it: (b"nothing", it.issue("bridge")[1]), None, "cert", "holds no certificate"),
    (lambda it: (it.issue("bridge")[0], b"nothing"), None, "key", "there is no private key"),
]


@pytest.mark.parametrize(("made", "password", "key", "words"), FAULTS)
async def test_a_certificate_that_cannot_be_used_names_the_key_to_correct(
    made: Any, password: str | None, key: str, words: str, authority: Authority, tmp_path: Path
) -> None:
    mtls = Mtls(**files(tmp_path, *made(authority)), password=password and SecretStr(password))
    async with guarded(authority, tmp_path) as server:
        config = configured(it=table(server, tmp_path, mtls))
        async with staged(config, tmp_path / "state") as stage:
            with pytest.raises(CredentialUnavailable) as caught:
                await stage.send()
            assert stage.registry.connection("it", "local").health.last_error
        assert words in caught.value.message
        assert f"correct {key} in auth" in caught.value.next_step
        assert caught.value.agent == "it"
        assert (password or PASSWORD) not in str(vars(caught.value))
        assert server.connections == 0


async def test_a_file_that_is_gone_names_its_key(authority: Authority, tmp_path: Path) -> None:
    mtls = in_two_files(authority, tmp_path)
    assert mtls.key
    mtls.key.unlink()
    config = configured(it={"url": "https://localhost:9", "auth": mtls})
    async with staged(config, tmp_path / "state") as stage:
        with pytest.raises(CredentialUnavailable, match="key cannot be read"):
            await stage.send()


async def test_a_certificate_that_was_replaced_is_shown_by_the_next_call(
    authority: Authority, tmp_path: Path
) -> None:
    shown = files(tmp_path, *expired(authority))
    async with guarded(authority, tmp_path) as server:
        path = tmp_path / "agents.toml"
        path.write_text(
            f'[agents.it]\nurl = "https://localhost:{server.port}"\nca_file = "both.pem"\n'
            'auth = { type = "mtls", cert = "ours.pem", key = "ours.key" }\n'
        )
        reloader = Reloader(path=path, environ={})
        times = iter(range(0, 10_000, 2))
        registry = Registry(reloader.config, reloader, clock=lambda: float(next(times)))
        async with staged(reloader.config, tmp_path / "state", registry=registry) as stage:
            with pytest.raises(CredentialUnavailable, match="expired"):
                await stage.send()
            for name, pem in zip(shown, authority.issue("bridge"), strict=True):
                await anyio.Path(shown[name]).write_bytes(pem)
            assert (await stage.send()).state == "completed"


async def test_a_token_server_may_ask_for_the_certificate_too(
    authority: Authority, tmp_path: Path
) -> None:
    place: list[str] = []

    def answer(request: Any) -> bytes:
        if request.target == "/.well-known/oauth-authorization-server":
            aliases = {"token_endpoint": f"{place[0]}/mtls/token"}
            told = {"issuer": place[0], "token_endpoint": f"{place[0]}/token"}
            return ok(json.dumps(told | {"mtls_endpoint_aliases": aliases}))
        if request.target == "/mtls/token":
            assert "client_id=bridge" in request.body.decode()
            assert "authorization" not in request.headers
            return ok(json.dumps({"access_token": "a-token", "token_type": "bearer"}))
        if request.verb == "GET":
            return ok(json.dumps(card(place[0])))
        sent = json.loads(request.body)
        return ok(json.dumps({"jsonrpc": "2.0", "id": sent["id"], "result": {"task": done("ok")}}))

    async with serving_tls(answer, "localhost", tmp_path, asks=authority.pem) as (server, _):
        place.append(f"https://localhost:{server.port}")
        oauth = OAuth(
            "bridge",
            flow="client_credentials",
            issuer=place[0],
            client_auth="mtls",
            ca_file=tmp_path / "both.pem",
        )
        shown = with_a_password(authority, tmp_path)
        config = configured(it=table(server, tmp_path, oauth, shown))
        async with staged(config, tmp_path / "state") as stage:
            assert (await stage.send()).state == "completed"
    assert server.requests[-1].headers["authorization"] == "Bearer a-token"
    assert [each.target for each in server.requests].count("/mtls/token") == 1


async def tells(_params: Any, _context: Any) -> Any:
    return {"task": {"id": "t1", "contextId": "c", "status": {"state": "TASK_STATE_COMPLETED"}}}


async def test_over_grpc_the_certificate_and_the_token_go_together(
    authority: Authority, tmp_path: Path
) -> None:
    certificate, key = self_signed("localhost")
    (tmp_path / "both.pem").write_bytes(certificate)
    asks = grpc.ssl_server_credentials(
        [(key, certificate)], authority.pem, require_client_auth=True
    )
    async with serving_grpc({"SendMessage": tells}, credentials=asks) as server:
        port = server.url.rpartition(":")[2]
        place: dict[str, Any] = {
            "url": None,
            "card": card("", supportedInterfaces=[grpc_interface(port)], **BOTH),
            "ca_file": tmp_path / "both.pem",
        }
        auth = (with_a_password(authority, tmp_path), TOKEN)
        config = configured(it=place | {"auth": auth}, bad=place | {"auth": (bad(tmp_path), TOKEN)})
        async with staged(config, tmp_path / "state") as stage:
            assert (await stage.send(agent="it")).state == "completed"
            with pytest.raises(CredentialUnavailable, match="holds no certificate"):
                await stage.send(agent="bad")
    assert [pairs["authorization"] for _, _, pairs in server.calls] == ["Bearer a-token"]


def bad(folder: Path) -> Mtls:
    empty = folder / "empty.pem"
    empty.touch()
    return Mtls(empty)


def grpc_interface(port: str) -> dict[str, str]:
    return {
        "url": f"grpcs://localhost:{port}",
        "protocolBinding": "GRPC",
        "protocolVersion": "1.0",
    }
