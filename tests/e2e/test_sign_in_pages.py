"""Callers over HTTP sign in to an agent by the bridge's own pages, each for himself.

The bridge is a process; the authorization server, the identity provider and the agent are real.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import httpx
import mcp.types as t
import pytest
from anyio.abc import TaskGroup
from browser import go_through, open_browser, sign_in_at
from real_agents import Agent, Agents

from a2a_mcp.store.login_folder import folder_logins
from e2e.bridges import Home, free_port
from e2e.hosts import ERAS, Answer, http_host
from e2e.test_sign_in import check_secrets

pytestmark = pytest.mark.anyio

TOKENS = {"ann": "token-of-ann-1234", "bob": "token-of-bob-5678"}


@dataclass
class Scene:
    """A bridge over HTTP with two callers, each with a token of the configuration."""

    home: Home
    url: str
    agent: Agent

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/mcp")

    async def call(self, who: str, person: Any = None, mode: str = "auto") -> Answer:
        async with http_host(self.url, mode, TOKENS[who], person) as host:
            return await host.send("hello", agent="guarded")

    async def link(self, who: str) -> str:
        """Return the link that a host without URL elicitation gets."""
        answer = await self.call(who)
        assert answer.failed
        (link,) = [word for word in answer["next_step"].split() if word.startswith(self.origin)]
        return str(link)

    async def owner_of(self, login: str) -> str | None:
        """Return whose login is kept for the agent."""
        kept = await folder_logins(self.home.folder).get(login, "guarded")
        return kept.token.access if kept else None

    def audited(self) -> list[tuple[str, str | None]]:
        """Return how sign-ins to the agent ended for their owner, by the audit."""
        lines = home_audit(self.home.folder).read_text("utf-8").splitlines()
        found = [json.loads(line) for line in lines]
        steps = [each for each in found if each["action"] == "sign_in"]
        assert {each["agent"] for each in steps} <= {"guarded"}
        assert {each["address"] for each in steps} <= {"127.0.0.1"}
        return [(each["owner"], each.get("reason") or each["outcome"]) for each in steps]

    def callers(self) -> list[str]:
        """Return the tokens with which the agent was called."""
        return [each["headers"].get("authorization", "") for each in self.agent.requests()]


@pytest.fixture(scope="module")
def agent(running_agent: Agents, login: Agent) -> Agent:
    return running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")


@pytest.fixture
async def scene(agent: Agent, login: Agent, tmp_path: Path) -> AsyncIterator[Scene]:
    port = free_port()
    auth = {"type": "oauth", "client_id": "person", "issuer": login.url}
    home = Home(tmp_path).configure(
        {"guarded": {"url": agent.url, "auth": auth}},
        public_url=f"http://127.0.0.1:{port}",
        tokens=TOKENS,
        audit_file=str(home_audit(tmp_path)),
    )
    async with home.serving("--log-level", "debug", port=port) as served:
        yield Scene(home, served.url, agent)


def home_audit(folder: Path) -> Path:
    return folder / "audit.jsonl"


Person = Callable[[Any, t.ElicitRequestParams], Awaitable[t.ElicitResult]]


def signing_in(group: TaskGroup, asked: list[str], **who: str) -> Person:
    """Return a person who opens each link and goes through its pages."""

    async def person(_: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
        assert isinstance(params, t.ElicitRequestURLParams)
        asked.append(params.url)

        async def opened() -> None:
            await sign_in_at(params.url, **who)

        group.start_soon(opened)
        return t.ElicitResult(action="accept")

    return person


@pytest.mark.parametrize("mode", ERAS)
async def test_each_caller_signs_in_once_within_a_call_and_calls_with_a_token_of_his_own(
    scene: Scene, login: Agent, mode: str
) -> None:
    ran, seen = len(scene.agent.log()), len(scene.agent.requests())
    asked: list[str] = []
    async with anyio.create_task_group() as group:
        ann = signing_in(group, asked, login="alice", token=TOKENS["ann"])
        bob = signing_in(group, asked, login="robert", token=TOKENS["bob"])
        answers = [await scene.call(*each, mode) for each in (("ann", ann), ("bob", bob))]
        answers += [await scene.call(*each, mode) for each in (("ann", ann), ("bob", bob))]
    assert [answer["state"] for answer in answers] == ["completed"] * 4
    assert len(asked) == 2
    assert all(link.startswith(f"{scene.origin}/sign-in/") for link in asked)
    assert len(scene.agent.log()) == ran + 4
    kept = [await scene.owner_of(f"token:{who}") for who in TOKENS]
    assert await scene.owner_of("local") is None
    sent = [each for each in scene.callers()[seen:] if each]
    assert set(sent) == {f"Bearer {token}" for token in kept}
    logged = await anyio.Path(scene.home.stderr).read_text()
    told = [*map(str, answers), *asked, logged]
    assert logged
    assert not [token for token in TOKENS.values() for text in told if token in text]
    check_secrets(login, told)


async def test_a_host_that_shows_no_links_gets_one_to_pass_on(scene: Scene) -> None:
    link = await scene.link("ann")
    assert await scene.link("ann") == link
    page = await sign_in_at(link, token=TOKENS["ann"])
    assert "You are signed in to guarded" in page
    assert (await scene.call("ann"))["state"] == "completed"
    assert (await scene.call("bob")).failed
    assert "is over" in await sign_in_at(link, token=TOKENS["ann"])


async def test_nobody_else_gets_on_by_a_link(scene: Scene) -> None:
    link = await scene.link("ann")
    for token in ("", "guess", TOKENS["bob"]):
        assert "is not the access token" in await sign_in_at(link, token=token)
    async with open_browser() as elsewhere:
        for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            form = {"token": TOKENS["ann"]}
            page = await elsewhere.post(link, data=form, headers=origin)
            assert page.status_code == 403
            assert not elsewhere.cookies
    for _ in range(2):
        await sign_in_at(link, token="guess")
    assert "is over" in await sign_in_at(link, token=TOKENS["ann"])
    assert await scene.owner_of("token:ann") is None
    assert scene.audited() == [("token:ann", "a wrong token")] * 5


async def test_only_the_browser_that_began_comes_back(scene: Scene) -> None:
    """The owner proves who he is, and sends the address of the next page to somebody else."""
    link = await scene.link("ann")
    async with open_browser() as own, open_browser() as other:
        form = {"token": TOKENS["ann"]}
        headers = {"Origin": scene.origin}
        begun = await own.post(link, data=form, headers=headers, follow_redirects=False)
        target = begun.headers["location"]
        page = await go_through(other, target, login="victim")
        assert "not the sign-in that is waited for" in page
        assert await scene.owner_of("token:ann") is None
        wrong = f"{scene.origin}/sign-in/callback?code=evil&state=guess"
        assert (await own.get(wrong)).status_code == 400
        assert "You are signed in" in await go_through(own, target, login="alice")
    assert await scene.owner_of("token:ann")


async def test_pages_are_shown_in_no_frame_run_nothing_and_are_kept_nowhere(scene: Scene) -> None:
    link = await scene.link("ann")
    async with open_browser() as browser:
        shown = await browser.get(link)
        gone = await browser.get(f"{scene.origin}/sign-in/none")
    assert (shown.status_code, gone.status_code) == (200, 404)
    for page in (shown, gone):
        assert page.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
    assert TOKENS["ann"] not in shown.text


async def test_without_a_public_url_or_a_known_caller_the_error_says_what_to_set(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    auth = {"type": "oauth", "client_id": "person", "issuer": login.url}
    tables = {"guarded": {"url": agent.url, "auth": auth}}
    ran = len(agent.log())
    for server in ({"tokens": TOKENS}, {"public_url": "http://127.0.0.1:8000"}):
        home = Home(tmp_path).configure(tables, **server)
        async with home.serving() as served:
            token = TOKENS["ann"] if "tokens" in server else ""
            async with http_host(served.url, "auto", token) as host:
                answer = await host.send("hello", agent="guarded")
        assert answer.failed
        assert "public_url" in answer["next_step"]
    assert len(agent.log()) == ran


@pytest.fixture
async def corporate(agent: Agent, login: Agent, tmp_path: Path) -> AsyncIterator[Scene]:
    """A bridge whose callers come from an identity provider, which is the agent's server too."""
    port = free_port()
    auth = {"type": "oauth", "client_id": "person", "issuer": login.url}
    home = Home(tmp_path).configure(
        {"guarded": {"url": agent.url, "auth": auth}},
        public_url=f"http://127.0.0.1:{port}",
        issuers={
            "corp": {
                "url": login.url,
                "client_id": "bridge",
                "client_secret": "br1dge-secret",
            }
        },
        audit_file=str(home_audit(tmp_path)),
    )
    async with home.serving("--log-level", "debug", port=port) as served:
        yield Scene(home, served.url, agent)


async def test_an_owner_of_an_issuer_proves_it_by_signing_in_there(
    corporate: Scene, login: Agent
) -> None:
    token = await issued(login, corporate.url, "alice")
    async with http_host(corporate.url, "auto", token) as host:
        answer = await host.send("hello", agent="guarded")
        link = next(word for word in answer["next_step"].split() if "/sign-in/" in word)
        page = await sign_in_at(link, login="mallory")
        assert "This link is for somebody else" in page
        assert await corporate.owner_of("corp:alice") is None
        assert "You are signed in to guarded" in await sign_in_at(link, login="alice")
        assert (await host.send("hello", agent="guarded"))["state"] == "completed"
    assert await corporate.owner_of("corp:alice")
    assert await corporate.owner_of("corp:mallory") is None
    assert corporate.audited() == [("corp:alice", "another person"), ("corp:alice", "ok")]
    logged = await anyio.Path(corporate.home.stderr).read_text()
    assert "br1dge-secret" not in logged
    check_secrets(login, [logged, str(answer)])


async def issued(login: Agent, resource: str, who: str) -> str:
    """Return an access token for the bridge, as the host of a person gets one."""
    verifier = secrets.token_urlsafe(48)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = "http://127.0.0.1:9/sign-in/callback"
    query = {
        "response_type": "code",
        "client_id": "bridge",
        "redirect_uri": back,
        "scope": "a2a",
        "resource": resource,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    async with open_browser() as browser:
        try:
            await go_through(browser, str(httpx.URL(f"{login.url}/auth", params=query)), login=who)
        except httpx.ConnectError as error:
            code = error.request.url.params["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
            "resource": resource,
        }
        auth = ("bridge", "br1dge-secret")
        answer = await browser.post(f"{login.url}/token", data=form, auth=auth)
    return str(answer.json()["access_token"])
