"""The proxy of the environment, and what is called without it."""

import pytest
from faults import (
    always,
    ok,
    serving,
    transport,
)
from http_calls import fetch, post

from a2a_mcp.a2a.http.proxy import environment_proxy

pytestmark = pytest.mark.anyio


async def test_this_machine_is_called_directly_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:8080")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:8080")
    monkeypatch.setenv("NO_PROXY", "direct.example")
    for url in ("http://127.0.0.1:1/", "http://localhost/", "http://direct.example/"):
        assert environment_proxy(url) is None
    assert environment_proxy("http://agent.example/") == "http://proxy.example:8080"
    async with serving(always(ok({}))) as server, transport() as client:
        assert (await fetch(client, post(server))).status == 200
