"""How an agent fares, as operators see it: over the connections of all owners."""

from __future__ import annotations

import pytest
from agents.test_connections import PERSONAL, SECRET, registry

from a2a_mcp.a2a.errors import AgentUnreachable, AuthenticationRequired
from a2a_mcp.agents.registry import Registry
from a2a_mcp.errors import SignInNeeded
from a2a_mcp.server.status import health_of

pytestmark = pytest.mark.anyio


def test_an_agent_that_fails_shows_the_kind_of_its_error_and_none_of_its_words() -> None:
    it = registry(SECRET)
    assert health_of(it, "it") == ("not called yet", None, None)
    it.connection("it", "token:a").health.failed(AuthenticationRequired("the secret words"))
    assert health_of(it, "it") == ("failing", "AuthenticationRequired", None)
    it.connection("it", "token:a").health.succeeded()
    assert health_of(it, "it")[:2] == ("answers", None)


def test_an_agent_to_which_each_signs_in_fails_where_it_answers_nobody() -> None:
    it = registry(PERSONAL)
    fails(it, "token:a", AgentUnreachable("down"))
    fails(it, "token:b", SignInNeeded("nobody", "sign in"))
    assert health_of(it, "it") == ("failing", "SignInNeeded", None)
    it.connection("it", "token:c").health.succeeded()
    assert health_of(it, "it")[:2] == ("answers", None)


def fails(it: Registry, owner: str, error: AgentUnreachable | SignInNeeded) -> None:
    it.connection("it", owner).health.failed(error)
