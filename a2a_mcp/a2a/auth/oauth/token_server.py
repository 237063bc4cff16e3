"""Ask one authorization server for tokens, over a transport that leads to it.

Answers are small and bounded, nothing is repeated but a request that a wrong clock spoiled, and no
error quotes what was sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from a2a_mcp.a2a.auth.oauth.client_authentication import method_of, prove_client
from a2a_mcp.a2a.auth.oauth.echoes import hidden, secrets_in
from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.metadata import Endpoints, metadata_urls, read_metadata
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.oauth.token import Token, read_token
from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.http.responses import HttpResponse
from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.transport import Transport

OK: Final = 200
SERVER_FAULT: Final = 500
TOO_MANY: Final = 429
ANSWER_SECONDS: Final = 15.0
MOST_BYTES: Final = 64 * 1024
WRONG_CLOCK_SECONDS: Final = 30.0
JSON_HEADERS: Final = {"Accept": "application/json"}


async def discover(http: Transport, issuer: str) -> Endpoints | None:
    """Return the endpoints that an issuer publishes; None where it publishes none of its own.

    Raises A2AError where it cannot be asked.
    """
    for url in metadata_urls(issuer):
        answer = await http.fetch(
            HttpRequest("GET", url),
            JSON_HEADERS,
            Attachment(),
            seconds=ANSWER_SECONDS,
            body_bytes=MOST_BYTES,
        )
        found = read_metadata(answer.body, issuer) if answer.status == OK else None
        if found:
            return found
    return None


class TokenServer:
    """One authorization server, as one client sees it; `clock` returns Unix seconds."""

    def __init__(
        self,
        http: Transport,
        settings: OAuth,
        endpoints: Endpoints,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.endpoints = endpoints
        self._http = http
        self.settings = settings
        self._clock = clock

    async def token(self, grant: Mapping[str, str | None]) -> Token:
        """Return the token that a grant gives; raises OAuthRefused and A2AError."""
        form = {**grant, "audience": self.settings.audience, "resource": self.settings.resource}
        asked_at = self._clock()
        body = await self._post(self._token_url, form)
        return read_token(body, asked_at)

    @property
    def _token_url(self) -> str:
        shows = method_of(self.settings, self.endpoints) == "mtls"
        return (self.endpoints.token_for_mtls if shows else None) or self.endpoints.token

    async def device_authorization(self, scope: str | None) -> Mapping[str, JSON]:
        """Return what a person needs to sign in on another device, as the server wrote it."""
        form = {"scope": scope, "resource": self.settings.resource}
        body = await self._post(self.endpoints.device or "", form)
        return body if isinstance(body, Mapping) else {}

    async def register(self, wanted: Mapping[str, JSON]) -> JSON:
        """Register a client that is like `wanted`; return it as the server wrote it."""
        answer = await self._http.fetch(
            HttpRequest("POST", self.endpoints.registration or "", dict(wanted)),
            JSON_HEADERS,
            Attachment(),
            seconds=ANSWER_SECONDS,
            body_bytes=MOST_BYTES,
        )
        _check(answer)
        return answer.body

    async def revoke(self, token: str) -> None:
        """Make a refresh token void; a server that does not know it has nothing to do."""
        form = {"token": token, "token_type_hint": "refresh_token"}
        await self._post(self.endpoints.revocation or "", form)

    async def introspect(self, token: str) -> JSON:
        """Return what the server says of a token of somebody else (RFC 7662)."""
        form = {"token": token, "token_type_hint": "access_token"}
        return await self._post(self.endpoints.introspection or "", form)

    async def _post(self, url: str, form: Mapping[str, str | None]) -> JSON:
        try:
            return await self._ask(url, form, self._clock())
        except OAuthRefused as refusal:
            now = self._time_of_server(refusal)
            if now is None:
                raise
            return await self._ask(url, form, now)

    def _time_of_server(self, refusal: OAuthRefused) -> float | None:
        """Return the server's time where ours is so wrong that it may be why we were refused."""
        signs = method_of(self.settings, self.endpoints) == "private_key_jwt"
        theirs = refusal.server_time
        if not signs or theirs is None or abs(theirs - self._clock()) < WRONG_CLOCK_SECONDS:
            return None
        return theirs

    async def _ask(self, url: str, form: Mapping[str, str | None], now: float) -> JSON:
        proof = await prove_client(self.settings, self.endpoints, now)
        fields = {name: value for name, value in {**form, **proof.form}.items() if value}
        answer = await self._http.fetch(
            HttpRequest("POST", url, form=fields),
            {**JSON_HEADERS, **proof.headers},
            Attachment(),
            seconds=ANSWER_SECONDS,
            body_bytes=MOST_BYTES,
        )
        _check(answer, secrets_in(fields, proof.headers))
        return answer.body


def _check(answer: HttpResponse, sent: Collection[str] = ()) -> None:
    """Raise OAuthRefused for an answer that is an error, with whatever status it came.

    What was `sent` in secret is not in it: some servers repeat the token that they refuse.
    """
    body = answer.body if isinstance(answer.body, Mapping) else {}
    error, words = body.get("error"), body.get("error_description")
    if answer.status < 400 and not error:
        return
    if not isinstance(error, str) or not error:
        busy = answer.status >= SERVER_FAULT or answer.status == TOO_MANY
        error = "temporarily_unavailable" if busy else "refused"
        words = f"HTTP {answer.status} without a reason"
    words = words if isinstance(words, str) else ""
    raise OAuthRefused(hidden(error, sent), hidden(words, sent), server_time=_date(answer))


def _date(answer: HttpResponse) -> float | None:
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        return None
