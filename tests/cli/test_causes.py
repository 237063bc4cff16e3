"""What `check` says of all that can be wrong with an agent: the cause, and the cure.

Every row has a server of its own, which is really like that; one `a2a-mcp check` is run on them
all, with gRPC not installed.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import anyio
import pytest
from certificates import self_signed, serving_tls
from commands import Home
from faults import always, ok
from real_agents import Agents
from scripted import CARD, card, document, free_port, interface, origin_of, scripted, silence
from tomlkit import dumps

pytestmark = pytest.mark.anyio

TOKEN: Final = {"type": "bearer", "token": "a-token-of-a-test"}
EXPIRED: Final = 'Bearer error="invalid_token", error_description="The access token expired"'


@dataclass(frozen=True)
class Ground:
    """What the servers of the rows stand on: a folder, and the agents that run."""

    folder: Path
    running_agent: Agents


Faulty = AbstractAsyncContextManager[dict[str, Any]]
"""A server with a fault; it yields the keys of the agent's table."""


# --- web servers ---


@asynccontextmanager
async def no_server(_: Ground) -> AsyncIterator[dict[str, Any]]:
    with free_port() as taken:
        yield {"url": origin_of(taken)}


@asynccontextmanager
async def unknown_host(_: Ground) -> AsyncIterator[dict[str, Any]]:
    yield {"url": "https://agent.invalid"}


@asynccontextmanager
async def web_server(
    ground: Ground, card: dict[str, Any] | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Serve files, among them a card if there is one."""
    folder = ground.folder / ".well-known"
    folder.mkdir()
    if card:
        (folder / "agent-card.json").write_text(json.dumps(card))
    async with _served(partial(Quiet, directory=str(ground.folder))) as url:
        yield {"url": url}


@asynccontextmanager
async def web_page(_: Ground) -> AsyncIterator[dict[str, Any]]:
    """Serve an application for browsers, which answers every path with its page."""
    async with _served(OnePage) as url:
        yield {"url": url}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class OnePage(Quiet):
    def do_GET(self) -> None:
        page = b"<!doctype html><title>An application</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)


@asynccontextmanager
async def _served(
    handler: Callable[..., SimpleHTTPRequestHandler], tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        await anyio.to_thread.run_sync(server.shutdown)
        server.server_close()


# --- agents ---


@asynccontextmanager
async def real_agent(
    ground: Ground, kind: str, *options: str, path: str = "", **keys: Any
) -> AsyncIterator[dict[str, Any]]:
    agent = await anyio.to_thread.run_sync(ground.running_agent, kind, *options)
    yield {"url": agent.url, **keys} | ({"endpoint": agent.url + path} if path else {})


@asynccontextmanager
async def guarded_in_secret(ground: Ground) -> AsyncIterator[dict[str, Any]]:
    """Let a card say that no credential is needed for an agent that wants one."""
    async with real_agent(ground, "1.3-jsonrpc", "--token", "secret") as agent:
        silent_about_it = card(agent["url"])
        async with web_server(ground, silent_about_it) as files:
            yield {"url": files["url"], "allowed_origins": [agent["url"]]}


@asynccontextmanager
async def hanging(
    _: Ground, call: str = CARD, seconds: str = "card_seconds"
) -> AsyncIterator[dict[str, Any]]:
    async with scripted() as agent:
        agent.on(call, silence)
        yield {"url": agent.url, "limits": {seconds: 0.3}}


@asynccontextmanager
async def expired(_: Ground) -> AsyncIterator[dict[str, Any]]:
    async with scripted() as agent:
        agent.on("GetTask", document({}, 401, www_authenticate=EXPIRED))
        yield {"url": agent.url, "auth": TOKEN}


# --- TLS ---


@asynccontextmanager
async def over_tls(
    ground: Ground, name: str = "localhost", *, until: int = 2120, trusted: bool = True
) -> AsyncIterator[dict[str, Any]]:
    async with serving_tls(always(ok({})), name, ground.folder, until=until) as (server, _):
        trust = {"ca_file": str(ground.folder / "both.pem")} if trusted else {}
        yield {"url": f"https://localhost:{server.port}", **trust}


@asynccontextmanager
async def old_tls(ground: Ground) -> AsyncIterator[dict[str, Any]]:
    """Speak TLS of 2006, which is no longer safe."""
    both = ground.folder / "both.pem"
    both.write_bytes(b"".join(self_signed("localhost")))
    speaks = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    speaks.load_cert_chain(both)
    speaks.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        speaks.maximum_version = speaks.minimum_version = ssl.TLSVersion.TLSv1_1
    async with _served(OnePage, speaks) as url:
        yield {"url": url.replace("http://127.0.0.1", "https://localhost"), "ca_file": str(both)}


@asynccontextmanager
async def without_tls(_: Ground) -> AsyncIterator[dict[str, Any]]:
    async with _served(OnePage) as url:
        yield {"url": url.replace("http:", "https:")}


@asynccontextmanager
async def hanging_up(_: Ground) -> AsyncIterator[dict[str, Any]]:
    """Hang up at the first word of TLS."""
    async with scripted() as agent:
        yield {"url": agent.url.replace("http:", "https:")}


@asynccontextmanager
async def tls_as_http(ground: Ground) -> AsyncIterator[dict[str, Any]]:
    async with over_tls(ground) as table:
        yield {**table, "url": table["url"].replace("https:", "http:")}


# --- what is told ---

ELSEWHERE: Final = "https://other.example"
NO_INTERFACE: Final = card("", supportedInterfaces=[])
OTHER_INTERFACE: Final = card("", supportedInterfaces=[interface(ELSEWHERE)])
GUARDED: Final = ("1.3-jsonrpc", "--token", "secret")

CAUSES: Final[tuple[tuple[str, Callable[[Ground], Faulty], str, str], ...]] = (
    (
        "wrong-port",
        no_server,
        "no connection: nothing listens at this port (http://127.0.0.1:",
        "See whether the agent runs, its URL is right, and no proxy is in between.",
    ),
    (
        "unknown-host",
        unknown_host,
        "its host name agent.invalid is not known",
        "Correct the host name in `url`, or see whether this machine is online.",
    ),
    (
        "wrong-path",
        web_server,
        "/agent-card.json (HTTP 404)",
        "A server is there, but no card: correct the path or the port. Give the URL of the agent, "
        "or of its card.",
    ),
    (
        "web-page",
        web_page,
        "/agent-card.json (text/html, no card)",
        "A web page answers there, no agent: give the URL of the agent, or of its card.",
    ),
    (
        "no-endpoint",
        lambda ground: web_server(ground, NO_INTERFACE),
        "no interface of this agent can be used: the card names no interface",
        "Set `endpoint` of this agent to the URL that takes its calls.",
    ),
    (
        "other-origin",
        lambda ground: web_server(ground, OTHER_INTERFACE),
        "the card sends calls to https://other.example, which is not http://127.0.0.1:",
        "If you trust that address, write it into `allowed_origins` or `endpoint` of this agent.",
    ),
    (
        "wrong-endpoint",
        lambda ground: real_agent(ground, "1.3-jsonrpc", path="/nowhere"),
        "it answers a call with HTTP 404: Not Found (http://127.0.0.1:",
        "Ask who runs it whether the card names the right address for calls; `endpoint` of this "
        "agent sets another one.",
    ),
    (
        "no-credential",
        lambda ground: real_agent(ground, *GUARDED),
        "its card asks for a bearer token, which is not configured; nothing was sent",
        "Ask who runs it for a credential, set $NO_CREDENTIAL_TOKEN to it, and write below "
        "[agents.no-credential] in agents.toml: "
        'auth = {type = "bearer", token = {env = "NO_CREDENTIAL_TOKEN"}}',
    ),
    (
        "untold-credential",
        guarded_in_secret,
        "it refuses access with HTTP 401: missing or wrong token (http://127.0.0.1:",
        "Ask who runs it for a credential, set $UNTOLD_CREDENTIAL_TOKEN to it, and write below "
        "[agents.untold-credential] in agents.toml: "
        'auth = {type = "bearer", token = {env = "UNTOLD_CREDENTIAL_TOKEN"}}',
    ),
    (
        "wrong-credential",
        lambda ground: real_agent(ground, *GUARDED, auth=TOKEN),
        "it refuses access with HTTP 401: missing or wrong token (http://127.0.0.1:",
        "The credential of `auth` was sent and refused: see that it is the one for this agent.",
    ),
    (
        "expired-token",
        expired,
        "it refuses access with HTTP 401: The access token expired (http://127.0.0.1:",
        "The credential of `auth` has expired: put a new one in its place.",
    ),
    (
        "other-version",
        lambda ground: real_agent(ground, "1.3-jsonrpc", "--says", "9.0"),
        "JSONRPC 9.0: this version of A2A is not supported; supported are 1.0, 0.3, 0.2, 0.1",
        "Ask who runs it to offer A2A 0.1 to 1.0 over JSON-RPC, HTTP+JSON or gRPC.",
    ),
    (
        "unknown-authority",
        lambda ground: over_tls(ground, trusted=False),
        "its certificate is signed by an unknown authority",
        "If the authority is your own, name its file in `ca_file` of this agent.",
    ),
    (
        "other-name",
        lambda ground: over_tls(ground, "agent.example"),
        "its certificate is for another host name",
        "Write the name that its certificate has into `url`.",
    ),
    (
        "expired-certificate",
        lambda ground: over_tls(ground, until=2021),
        "its certificate has expired",
        "Ask who runs it to renew the certificate; until then nothing can be sent to it safely.",
    ),
    (
        "no-tls",
        without_tls,
        "the server speaks http at this port, not https: use http://127.0.0.1:",
        "Write http:// into `url`, or its port of https.",
    ),
    (
        "broken-tls",
        hanging_up,
        "no connection: it broke in the TLS handshake",
        "Something other than https may answer at this port: see the scheme and the port of `url`.",
    ),
    (
        "old-tls",
        old_tls,
        "it speaks no version of TLS that is still safe",
        "Ask who runs it to offer TLS 1.2 or 1.3; older ones are not safe, and are not used.",
    ),
    (
        "tls-as-http",
        tls_as_http,
        "if the server speaks https at this port, use https://localhost:",
        "Write https:// into `url`.",
    ),
    (
        "hangs",
        hanging,
        "no agent card within 0.3 s",
        "It is there but does not answer: look into its log, or give it more time in `limits`.",
    ),
    (
        "hangs-when-called",
        lambda ground: hanging(ground, "GetTask", "call_seconds"),
        "no answer within 0.3 s",
        "It is there but does not answer: look into its log, or give it more time in `limits`.",
    ),
    (
        "grpc",
        lambda ground: real_agent(ground, "1.3-grpc"),
        'it offers only gRPC; gRPC needs the extra: in the clone, uv tool install ".[grpc]"',
        "Install it, then try again.",
    ),
)
"""The name of an agent, its server, words in the problem that is told, and the whole advice."""


async def test_each_cause_is_named_with_its_cure(
    home: Home, tmp_path: Path, running_agent: Agents
) -> None:
    async with AsyncExitStack() as servers:
        tables = {}
        for name, faulty, _, _ in CAUSES:
            folder = tmp_path / name
            folder.mkdir()
            ground = Ground(folder, running_agent)
            tables[name] = await servers.enter_async_context(faulty(ground))
        home.write(dumps({"agents": tables}))
        told = await home.run("check", PYTHONPATH=str(without_grpc(tmp_path)))
    assert (told.code, told.err) == (1, "")
    assert "ask the user" not in told.out.lower()
    assert f"\n0 of {len(CAUSES)} agents can be used.\n" in told.out
    found = {name: _cause_and_cure(told.out, name, cause) for name, _, cause, _ in CAUSES}
    assert found == {name: (cause, cure) for name, _, cause, cure in CAUSES}


def without_grpc(folder: Path) -> Path:
    """Return a folder for PYTHONPATH, with which gRPC is as if it were not installed."""
    (folder / "sitecustomize.py").write_text("import sys; sys.modules['grpc'] = None")
    return folder


def _cause_and_cure(told: str, name: str, cause: str) -> tuple[str, str]:
    """Return the words of a cause, if they are told of an agent, and the advice for it."""
    problem, step = told.split(f"{name} [failing]\n")[1].split("\n")[:2]
    return cause if cause in problem else problem, step.removeprefix("What to do: ")
