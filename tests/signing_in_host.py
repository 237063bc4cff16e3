"""The SDK's client as a host that signs a person in by itself, at whatever provider a bridge names.

It knows nothing of the provider before: it registers there as a new client each time.
"""

from __future__ import annotations

from typing import Final

import httpx
from browser import go_through
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.oauth2 import AuthorizationCodeResult
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

ORIGIN: Final = "http://127.0.0.1:9"
"""Nothing listens here: the browser tells of the address that it was sent to."""


class Signed:
    """What a host keeps of a sign-in, in memory."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def sign_in_as(login: str, url: str, kept: Signed) -> OAuthClientProvider:
    """Return what signs a person in at the provider of the bridge at `url`."""
    reached: list[httpx.QueryParams] = []

    def arrive(request: httpx.Request) -> httpx.Response:
        reached.append(request.url.params)
        return httpx.Response(200, text="done")

    async def show(page: str) -> None:
        mounts = {ORIGIN: httpx.MockTransport(arrive)}
        async with httpx.AsyncClient(mounts=mounts, follow_redirects=True, timeout=20) as browser:
            await go_through(browser, page, login=login)

    async def answer() -> AuthorizationCodeResult:
        query = reached.pop()
        return AuthorizationCodeResult(
            code=query["code"], state=query.get("state"), iss=query.get("iss")
        )

    asked = OAuthClientMetadata(
        client_name="a host",
        redirect_uris=[AnyUrl(f"{ORIGIN}/callback")],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="none",
        application_type="native",
    )
    return OAuthClientProvider(url, asked, kept, show, answer)
