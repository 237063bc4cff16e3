"""The bridge's own pages, by which an owner over HTTP signs in to an agent.

A link opens a page and changes nothing, so that a preview of it does no harm. Going on needs the
proof that this is the owner: a sign-in at the identity provider of the owner, or the owner's access
token of the configuration. Nothing of a token or a code is shown, logged or kept.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import anyio
from mcp.server import MCPServer
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from a2a_mcp.a2a.auth.oauth.authorization_code import CodeRequest
from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.server.audit import ERROR, OK, REFUSED, Audit
from a2a_mcp.server.auth import page_texts as texts
from a2a_mcp.server.auth.errors import ProviderDown
from a2a_mcp.server.auth.issuer_sign_in import IssuerSignIn
from a2a_mcp.server.auth.static_tokens import StaticTokens
from a2a_mcp.sign_in.desk import Desk
from a2a_mcp.sign_in.ticket import Ticket
from a2a_mcp.sign_in.tickets import PATH, Tickets
from a2a_mcp.text.untrusted import scrub

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

COOKIE: Final = "a2a-mcp-sign-in-"
LONGEST_FORM: Final = 16 * 1024
COOKIE_SECONDS: Final = 600
MOST_COOKIES: Final = 16
OUTCOME_SECONDS: Final = 30.0
TOKEN_OWNER: Final = "token:"  # noqa: S105 - how owners with tokens of the configuration begin
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not no-referrer: with that, a browser does not say from which origin a form comes.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SignInPages:
    """The pages below `public_url`; owners prove who they are by `tokens` or by `issuers`."""

    def __init__(
        self,
        public_url: str,
        desk: Desk,
        tokens: StaticTokens,
        issuers: Mapping[str, IssuerSignIn],
        audit: Audit | None = None,
    ) -> None:
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._is_secure = parts.scheme == "https"
        self.tickets = Tickets(public_url, desk)
        self._tokens = tokens
        self._issuers = dict(issuers)
        self._audit = audit

    def serves(self, owner: str) -> bool:
        """Return whether an owner can prove here who he is."""
        return owner.startswith(TOKEN_OWNER) or self._issuer(owner) is not None

    def mount(self, server: MCPServer[Any]) -> None:
        """Serve the pages beside the endpoint."""
        server.custom_route(f"{PATH}/callback", ["GET"])(_with_store(self.come_back))
        server.custom_route(f"{PATH}/{{name}}", ["GET"])(_with_store(self.show))
        server.custom_route(f"{PATH}/{{name}}", ["POST"])(_with_store(self.begin))

    async def show(self, request: Request) -> Response:
        """Show what a link is for."""
        ticket = await self.tickets.by_link(request.path_params["name"])
        return _page(texts.page(*texts.GONE), 404) if ticket is None else self._invitation(ticket)

    async def begin(self, request: Request) -> Response:
        """Go on: to the identity provider, or with the right token to the agent's server."""
        ticket = await self.tickets.by_link(request.path_params["name"])
        if ticket is None:
            return _page(texts.page(*texts.GONE), 404)
        if request.headers.get("origin") != self._origin:
            return _page(texts.page(*texts.FOREIGN_FORM), 403)
        issuer = self._issuer(ticket.owner)
        if issuer:
            return await self._to_issuer(ticket, issuer)
        token = (await _form(request)).get("token", "")
        return await self._by_token(ticket, token, _address(request))

    async def come_back(self, request: Request) -> Response:
        """Take a redirect of the identity provider, or of the agent's authorization server."""
        query = dict(request.query_params)
        for name, browser in self._shown(request):
            ticket = await self.tickets.named(name)
            if ticket is None or not ticket.is_of(browser):
                continue
            if ticket.proof and query.get("state") == ticket.proof.state:
                return await self._proved(ticket, ticket.proof, browser, request)
            if await self.tickets.change(ticket, lambda it: it.taken(browser, query)):  # noqa: B023
                return await self._outcome(ticket, _address(request))
        return _page(texts.page(*texts.NOT_HERE), 400)

    def _shown(self, request: Request) -> list[tuple[str, str]]:
        """Return the names of the sign-ins in which a browser says to be, with what it shows."""
        prefix = self._cookie("")
        shown = [
            (name.removeprefix(prefix), value)
            for name, value in request.cookies.items()
            if name.startswith(prefix)
        ]
        return shown[-MOST_COOKIES:]  # a browser sends the oldest first

    async def _proved(
        self, ticket: Ticket, proof: CodeRequest, browser: str, request: Request
    ) -> Response:
        """Lead the owner on who has signed in at the identity provider, and nobody else."""
        issuer = self._issuer(ticket.owner)
        taken = await self.tickets.change(ticket, lambda it: it.without_proof(proof))
        if issuer is None or taken is None:
            return _page(texts.page(*texts.NOT_HERE), 400)
        try:
            owner = await issuer.owner(proof, request.query_params)
        except (OAuthRefused, A2AError, ProviderDown) as error:
            return _provider_failed(issuer, error)
        if not await self.tickets.change(ticket, lambda it: it.proved(browser, owner)):
            self._note(ticket, REFUSED, _address(request), "another person")
            return _page(texts.page(*texts.OTHER_PERSON), 403)
        return RedirectResponse(ticket.target, 303, HEADERS)

    async def _by_token(self, ticket: Ticket, token: str, address: str | None) -> Response:
        found = await self._tokens.verify_token(token)
        if found is None or (found.claims or {}).get("owner") != ticket.owner:
            await self.tickets.change(ticket, Ticket.failed)
            self._note(ticket, REFUSED, address, "a wrong token")
            return self._invitation(ticket, texts.WRONG_TOKEN, 403)
        return await self._begun(ticket, None, ticket.target)

    async def _to_issuer(self, ticket: Ticket, issuer: IssuerSignIn) -> Response:
        try:
            proof = await issuer.begin(self.tickets.redirect_uri)
        except (OAuthRefused, A2AError) as error:
            return _provider_failed(issuer, error)
        return await self._begun(ticket, proof, proof.url)

    async def _begun(self, ticket: Ticket, proof: CodeRequest | None, url: str) -> Response:
        """Lead the browser on to `url`: it goes on from now on, and no other one does."""
        browser = secrets.token_urlsafe(32)
        if not await self.tickets.change(ticket, lambda it: it.begun(browser, proof)):
            return _page(texts.page(*texts.GONE), 404)
        return self._redirect(ticket, browser, url)

    async def _outcome(self, ticket: Ticket, address: str | None) -> Response:
        """Wait until the token is there or refused, and say it."""
        succeeded = False
        with anyio.move_on_after(OUTCOME_SECONDS):
            succeeded = await self.tickets.succeeded(ticket)
        self._note(ticket, OK if succeeded else ERROR, address)
        return _page(texts.outcome(ticket.agent, succeeded=succeeded))

    def _note(
        self, ticket: Ticket, outcome: str, address: str | None, reason: str | None = None
    ) -> None:
        if self._audit:
            self._audit.note_sign_in(ticket.owner, ticket.agent, outcome, address, reason)

    def _issuer(self, owner: str) -> IssuerSignIn | None:
        return self._issuers.get(owner.partition(":")[0])

    def _invitation(self, ticket: Ticket, fault: str = "", status: int = 200) -> Response:
        issuer = self._issuer(ticket.owner)
        provider = urlsplit(issuer.issuer).hostname if issuer else None
        server = urlsplit(ticket.target).hostname or ""
        return _page(texts.invitation(ticket.agent, server, provider, fault), status)

    def _cookie(self, name: str) -> str:
        # With this prefix a browser takes the cookie from this very host only, over https.
        return f"{'__Host-' if self._is_secure else ''}{COOKIE}{name}"

    def _redirect(self, ticket: Ticket, browser: str, url: str) -> Response:
        response = RedirectResponse(url, 303, HEADERS)
        response.set_cookie(
            self._cookie(ticket.name),
            browser,
            max_age=COOKIE_SECONDS,
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )
        return response


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a small form; nothing of a larger body."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _with_store(handler: Handler) -> Handler:
    """Return a handler that says it where sign-ins cannot be read or kept now."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except StoreUnavailable as error:
            log.warning("a person could not sign in: %s", error.message)
            return _page(texts.page(*texts.NO_STORE), 503)

    return handle


def _provider_failed(issuer: IssuerSignIn, error: Exception) -> Response:
    log.warning("a person could not sign in at %s: %s", issuer.issuer, scrub(str(error)))
    return _page(texts.page(*texts.NO_PROVIDER), 502)


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status, HEADERS)
