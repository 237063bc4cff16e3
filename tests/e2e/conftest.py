"""The agents and hosts that all tests here share: one bridge over HTTP, one over stdio an era."""

from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from real_agents import ALL_KINDS, Agent, Agents

from e2e.bridges import Home
from e2e.hosts import ERAS, Host, http_host, stdio_host

Hosts = Mapping[tuple[str, str], Host]


@pytest.fixture(scope="session")
def every_agent(running_agent: Agents) -> dict[str, Agent]:
    """One running agent of each kind; never stop one of these."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(ALL_KINDS, pool.map(running_agent, ALL_KINDS), strict=True))


@pytest.fixture(scope="session")
async def hosts(
    every_agent: dict[str, Agent], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hosts]:
    """Hosts by transport and mode; their bridges know every kind of agent by its kind."""
    home = Home(tmp_path_factory.mktemp("bridge"))
    home.configure({kind: agent.url for kind, agent in every_agent.items()})
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(home.serving())
        stderr = stack.enter_context(home.stderr.open("a"))
        found: dict[tuple[str, str], Host] = {}
        for mode in ERAS:
            over_http = http_host(served.url, mode)
            found["http", mode] = await stack.enter_async_context(over_http)
            over_stdio = stdio_host(home.stdio(), mode, stderr)
            found["stdio", mode] = await stack.enter_async_context(over_stdio)
        for each in found.values():  # the first call builds what all others share
            await each.call("list_tasks")
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A folder for this test's own bridges."""
    return Home(tmp_path)


@pytest.fixture
def host(hosts: Hosts) -> Host:
    """The host that most people have: stdio, with the handshake."""
    return hosts["stdio", "legacy"]
