"""What every test may use: real agents (see `agents`), and asyncio as the only backend."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from real_agents import Agent, Agents, start_agent


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def running_agent() -> Iterator[Agents]:
    """Give `running_agent(kind, *options)`: shared by the session, so never stop this one."""
    agents = Agents()
    try:
        yield agents
    finally:
        agents.end()


@pytest.fixture
def own_agent() -> Iterator[Callable[..., Agent]]:
    """Give `own_agent(kind, *options)`: this test's alone, to stop, kill or count."""
    with ExitStack() as ends:
        yield lambda kind, *options: ends.enter_context(start_agent(kind, *options))
