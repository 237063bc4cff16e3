"""A sign-in over several processes: two workers of one bridge, and two bridges on one database.

The browser comes to any of them, whichever has given the link.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import mcp.types as t
import postgres
import pytest
from browser import go_through
from real_agents import Agent, Agents

from e2e.bridges import Home, Served, free_port, until
from e2e.hosts import Answer, http_host
from e2e.replicas import KEY
from e2e.test_mcp_tasks import over_http
from e2e.test_sign_in import check_secrets
from e2e.test_sign_in_as_task import called
from e2e.test_sign_in_as_task import link_in as link_of
from e2e.test_workers import signal_to, two

pytestmark = pytest.mark.anyio

TOKENS: Final = {"ann": "token-of-ann-1234", "bob": "token-of-bob-5678"}


@pytest.fixture(scope="module")
def agent(running_agent: Agents, login: Agent) -> Agent:
    return running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")


def tables(agent: Agent, login: Agent) -> dict[str, Any]:
    auth = {"type": "oauth", "client_id": "person", "issuer": login.url}
    return {"guarded": {"url": agent.url, "auth": auth}}


async def call(origin: str, who: str, person: Any = None) -> Answer:
    async with http_host(f"{origin}/mcp", "auto", TOKENS[who], person) as host:
        return await host.send("hello", agent="guarded")


def link_in(answer: Answer, public: str) -> str:
    """Return the link that a host without URL elicitation gets."""
    assert answer.failed
    (link,) = [word for word in answer["next_step"].split() if word.startswith(public)]
    return str(link)


class InTurns(httpx.AsyncHTTPTransport):
    """A balancer that gives each request to another bridge than the one before."""

    def __init__(self, public: str, origins: list[str]) -> None:
        super().__init__()
        self._public = httpx.URL(public)
        self._origins = cycle(map(httpx.URL, origins))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if (url.host, url.port) == (self._public.host, self._public.port):
            url = url.copy_with(port=next(self._origins).port)
        return await super().handle_async_request(
            httpx.Request(request.method, url, headers=request.headers, stream=request.stream)
        )


@dataclass
class Pair:
    """Two bridges on one database, behind one address; a browser comes to each in turns."""

    public: str
    served: list[Served]
    homes: list[Home]

    @property
    def origins(self) -> list[str]:
        return [served.origin for served in self.served]

    def browser(self) -> httpx.AsyncClient:
        transport = InTurns(self.public, self.origins)
        return httpx.AsyncClient(transport=transport, follow_redirects=True, timeout=20)

    def logged(self) -> str:
        return "".join(home.stderr.read_text() for home in self.homes)


@pytest.fixture
async def pair(agent: Agent, login: Agent, tmp_path: Path) -> AsyncIterator[Pair]:
    found = Pair(f"http://127.0.0.1:{free_port()}", [], [])
    async with AsyncExitStack() as stack:
        for name in ("one", "two"):
            home = Home(tmp_path / name)
            home.folder.mkdir()
            home.configure(
                tables(agent, login),
                public_url=found.public,
                tokens=TOKENS,
                state_key=KEY,
                store={"url": postgres.database(tmp_path), "pool": 2},
            )
            served = await stack.enter_async_context(home.serving("--log-level", "debug"))
            found.served.append(served)
            found.homes.append(home)
        yield found


async def test_a_sign_in_begun_at_one_bridge_goes_on_at_the_other(
    pair: Pair, agent: Agent, login: Agent
) -> None:
    ran = len(agent.log())
    asked: list[str] = []
    async with anyio.create_task_group() as group, pair.browser() as browser:

        async def person(_: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
            assert isinstance(params, t.ElicitRequestURLParams)
            asked.append(params.url)

            async def opened() -> None:
                pages.append(await go_through(browser, params.url, token=TOKENS["ann"]))

            group.start_soon(opened)
            return t.ElicitResult(action="accept")

        pages: list[str] = []
        answers = [await call(origin, "ann", person) for origin in pair.origins]
    assert [answer["state"] for answer in answers] == ["completed"] * 2
    assert len(asked) == 1
    assert "You are signed in to guarded" in pages[0]
    assert len(agent.log()) == ran + 2
    assert (await call(pair.origins[1], "bob")).failed
    check_secrets(login, [*map(str, answers), *asked, pair.logged()])


async def test_both_bridges_lead_an_owner_through_one_sign_in(pair: Pair) -> None:
    links = [link_in(await call(origin, "ann"), pair.public) for origin in pair.origins]
    assert links[0] == links[1]
    assert link_in(await call(pair.origins[1], "bob"), pair.public) != links[0]
    async with pair.browser() as browser:
        assert "is not the access token" in await go_through(browser, links[0], token=TOKENS["bob"])
        assert "You are signed in" in await go_through(browser, links[0], token=TOKENS["ann"])
        assert "is over" in await go_through(browser, links[0], token=TOKENS["ann"])
    for origin in pair.origins:
        assert (await call(origin, "ann"))["state"] == "completed"


async def test_the_rounds_of_one_call_may_come_to_either_bridge(pair: Pair, agent: Agent) -> None:
    ran = len(agent.log())
    links, results = [], []
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(over_http(served, TOKENS["ann"], asks=True))
            for served in pair.served
        ]
        browser = await stack.enter_async_context(pair.browser())
        answers: dict[str, Any] = {}
        for client in (*clients, *clients):
            results.append(await called(client, "hello", **answers))
            if results[-1]["resultType"] != "input_required":
                break
            key, link = link_of(results[-1])
            links.append(link)
            if len(links) == 2:
                await go_through(browser, link, token=TOKENS["ann"])
            accepted = {key: t.ElicitResult(action="accept")}
            state = results[-1]["requestState"]
            answers = {"input_responses": accepted, "request_state": state}
    assert len(links) == 2
    assert len(set(links)) == 1
    assert results[-1]["structuredContent"]["state"] == "completed"
    assert len(agent.log()) == ran + 1


async def test_a_sign_in_begun_at_one_worker_goes_on_at_the_other(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    home = Home(tmp_path).configure(
        tables(agent, login), public_url=public, tokens=TOKENS, sessions="none"
    )
    async with home.serving("--workers", "2", port=port) as served:
        link = link_in(await call(public, "ann"), public)
        one, other = await until(two(served))
        limits = httpx.Limits(max_keepalive_connections=0)  # each request may come to any worker
        async with httpx.AsyncClient(limits=limits, follow_redirects=True, timeout=20) as browser:
            await signal_to(one, "STOP")
            assert "Sign in to the agent guarded" in (await browser.get(link)).text
            await signal_to(one, "CONT")
            await signal_to(other, "STOP")
            form, headers = {"token": TOKENS["ann"]}, {"Origin": public}
            begun = await browser.post(link, data=form, headers=headers, follow_redirects=False)
            await signal_to(other, "CONT")
            page = await go_through(browser, begun.headers["location"])
        assert "You are signed in to guarded" in page
        for frozen in (one, other):
            await signal_to(frozen, "STOP")
            assert (await call(public, "ann"))["state"] == "completed"
            await signal_to(frozen, "CONT")
