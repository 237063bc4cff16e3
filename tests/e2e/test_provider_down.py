"""An identity provider that cannot be reached when the bridge starts."""

import httpx
import pytest
from identity_provider import IdentityProvider

from e2e.bridges import Home, free_port
from e2e.hosts import http_host

pytestmark = pytest.mark.anyio


async def test_the_bridge_starts_says_what_is_missing_and_serves_who_needs_no_provider(
    home: Home,
) -> None:
    admin, public = free_port(), "https://bridge.example"
    provider = IdentityProvider(f"http://127.0.0.1:{free_port()}")
    home.configure(
        {},
        public_url=public,
        issuers={"corp": {"url": provider.url}},
        tokens={"alice": "alice-secret"},
        admin={"port": admin},
    )
    async with home.serving() as served, httpx.AsyncClient(timeout=20) as client:
        assert (await client.get(f"{served.origin}/readyz")).status_code == 503
        told = (await client.get(f"http://127.0.0.1:{admin}/readyz")).json()
        assert told == {"ok": False, "problem": "no key of the issuer corp is known"}
        bearer = {"Authorization": f"Bearer {provider.token(f'{public}/mcp')}"}
        answer = await client.post(served.url, json={}, headers=bearer)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        async with http_host(served.url, "auto", "alice-secret") as host:
            assert not (await host.call("list_tasks")).failed
