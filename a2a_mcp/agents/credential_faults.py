"""Why an agent's credential cannot be had: what happened, and which key or command puts it right.

In every case nothing was sent to the agent. Words of a server are scrubbed, masked and cut where
they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from a2a_mcp.a2a.auth.choice import kind_of
from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.card_model import SecurityScheme
from a2a_mcp.a2a.errors import A2AError, AgentUnreachable, Delivery, UrlRefused
from a2a_mcp.errors import CallerTokenNeeded, CredentialUnavailable, SignInNeeded, StoreUnavailable

SIGN_IN_AGAIN: Final = "Ask the user to sign in again: by another call, or by a2a-mcp auth login."
SIGN_IN_BY_CALL: Final = (
    "Ask the user to sign in: send_task to this agent shows them the way. Then call again."
)
ADVICE: Final = {
    "access_denied": f"The sign-in was declined. {SIGN_IN_AGAIN}",
    "expired_token": SIGN_IN_AGAIN,
    "expired": SIGN_IN_AGAIN,
    "invalid_grant": SIGN_IN_AGAIN,
    "invalid_client": (
        "Ask the user to check client_id and client_secret (or client_key) in auth of this agent: "
        "the secret may be wrong or have expired."
    ),
    "unauthorized_client": (
        "Ask the user to check flow in auth of this agent, and that this client may use it."
    ),
    "invalid_scope": "Ask the user to check scopes in auth of this agent.",
    "invalid_target": "Ask the user to check resource and audience in auth of this agent.",
}
CHECK_AUTH: Final = "Ask the user to check auth of this agent in the configuration."
CHECK_CLOCK: Final = (
    "Ask the user to set the clock of this machine right, then call again; if it is right, to "
    "check client_id and client_key in auth of this agent."
)
WRONG_CLOCK_SECONDS: Final = 300.0
TABLES: Final = {
    "apiKey": ("an API key", '{ type = "api_key", key = … }'),
    "http basic": ("a name and password", '{ type = "basic", username = …, password = … }'),
    "http bearer": ("a bearer token", '{ type = "bearer", token = … }'),
    "oauth2": ("a token of OAuth", '{ type = "oauth", client_id = …, client_secret = … }'),
    "openIdConnect": ("a token of OpenID", '{ type = "oauth", client_id = …, client_secret = … }'),
    "mutualTLS": ("a client certificate", '{ type = "mtls", cert = …, key = … }'),
}
"""What a card asks for, and what to write for it."""


def not_configured(alternatives: Iterable[Sequence[SecurityScheme]]) -> CredentialUnavailable:
    """Return the error where no alternative of the card is met; each is what it still lacks."""
    lacks = list(dict.fromkeys(tuple(map(kind_of, schemes)) for schemes in alternatives))
    wanted = ", or ".join(" and ".join(_told(kind)[0] for kind in kinds) for kinds in lacks)
    tables = "; or ".join(" and ".join(_told(kind)[1] for kind in kinds) for kinds in lacks)
    return CredentialUnavailable(
        f"its card asks for {wanted}, which is not configured; nothing was sent",
        f"Ask the user to set auth of this agent: {tables}. If the agent needs less than its card "
        "asks for: auth = []",
    )


def _told(kind: str) -> tuple[str, str]:
    return TABLES.get(kind, ("a credential of another kind", 'a table with type = "headers"'))


def no_token_server(issuer: str | None) -> CredentialUnavailable:
    """Return the error where neither the configuration nor the card names a token server."""
    if issuer:
        return CredentialUnavailable(
            f"{issuer} publishes no metadata of its own as an authorization server",
            "Ask the user to correct issuer in auth of this agent, or to set token_url instead.",
        )
    return CredentialUnavailable(
        "its card names no server that gives tokens",
        "Ask the user to set issuer or token_url in auth of this agent.",
    )


def no_endpoint(flow: str, key: str) -> CredentialUnavailable:
    """Return the error where a flow lacks one of its addresses."""
    return CredentialUnavailable(
        f"the flow {flow} needs an address that its authorization server does not name",
        f"Ask the user to set {key} and token_url in auth of this agent, or another flow.",
    )


def no_registration(server: str) -> CredentialUnavailable:
    """Return the error where a client cannot register itself."""
    return CredentialUnavailable(
        f"its authorization server {server} names no address at which clients register themselves",
        "Ask the user to get a client there, and set client_id in auth of this agent, in the "
        "place of register.",
    )


def no_common_flow(offered: Iterable[str], *, is_public: bool) -> CredentialUnavailable:
    """Return the error where the card offers only flows that the configuration cannot serve."""
    lacks = ", and client_secret (or client_key) is not set" if is_public else ""
    return CredentialUnavailable(
        f"its card offers tokens by {', '.join(offered)} only{lacks}",
        "Ask the user to set flow in auth of this agent to one of these, with what it needs, or "
        "issuer to the authorization server that gives tokens otherwise.",
    )


def foreign_server(origin: str) -> CredentialUnavailable:
    """Return the error for an address of the card that the configuration does not allow."""
    return CredentialUnavailable(
        f"its card wants tokens from {origin}, which is neither the agent's own origin nor "
        "configured; nothing was sent there",
        f'If that server is right, ask the user to set issuer = "{origin}" (or token_url) in auth '
        "of this agent, or add that origin to its allowed_origins.",
    )


def plain_http_server(origin: str) -> CredentialUnavailable:
    """Return the error for a token server without TLS on another machine."""
    return CredentialUnavailable(
        f"the token server {origin} is without TLS, so that secrets could be read on the way",
        "Ask the user to set token_url in auth of this agent to an https URL.",
    )


def bad_address(reason: str) -> CredentialUnavailable:
    """Return the error for an address of a card or of metadata that is none."""
    return CredentialUnavailable(
        f"an address of its authorization server cannot be used: {reason}",
        "Ask the user to set issuer or token_url in auth of this agent.",
    )


def bad_certificate(key: str, reason: str, agent: str) -> CredentialUnavailable:
    """Return the error for a certificate of our own that cannot be shown."""
    return CredentialUnavailable(
        f"the client certificate for it cannot be used: {reason}; nothing was sent",
        f"Ask the user to correct {key} in auth of this agent.",
        agent=agent,
    )


def no_aws_library() -> CredentialUnavailable:
    """Return the error where requests cannot be signed for AWS."""
    return CredentialUnavailable(
        "its requests must be signed for AWS, and botocore is not installed; nothing was sent",
        "Ask the user to install the extra aws of a2a-mcp-bridge.",
    )


def no_aws_credentials(reason: str) -> CredentialUnavailable:
    """Return the error where AWS's own search finds no credentials."""
    return CredentialUnavailable(
        f"there are no credentials of AWS to sign requests with: {reason}",
        "Ask the user to set profile in auth of this agent, or to sign in as AWS's tools want it "
        "(aws sso login, or AWS_ACCESS_KEY_ID in the environment of this server).",
    )


def bad_key(reason: str) -> CredentialUnavailable:
    """Return the error for a client_key that cannot sign."""
    return CredentialUnavailable(
        f"its client_key cannot be used: {reason}",
        "Ask the user to correct client_key in auth of this agent.",
    )


def refused(server: str, refusal: OAuthRefused, now: float) -> CredentialUnavailable | A2AError:
    """Return the error for a refusal at `now`; after one that may pass the call may be repeated."""
    said = f"its token server {server} gave no token ({refusal})"
    if refusal.may_pass:
        return AgentUnreachable(said, delivery=Delivery.NEVER)
    step = ADVICE.get(refusal.error, CHECK_AUTH)
    if refusal.error == "invalid_client" and _is_wrong(now, refusal.server_time):
        said = f"{said}; the clocks of this machine and of that server differ by minutes or more"
        step = CHECK_CLOCK
    return CredentialUnavailable(said, step)


def _is_wrong(now: float, theirs: float | None) -> bool:
    return theirs is not None and abs(now - theirs) > WRONG_CLOCK_SECONDS


def not_exchanged(refusal: OAuthRefused) -> CallerTokenNeeded:
    """Return the error where a caller's token is not exchanged."""
    return CallerTokenNeeded(
        f"its token server gave no token for the caller's own ({refusal})",
        "Ask the user to sign in to this bridge again in the host. If that does not help, the "
        "operator of the bridge must let its client exchange tokens for this agent.",
    )


def no_caller() -> CallerTokenNeeded:
    """Return the error where there is no token of a caller to exchange."""
    return CallerTokenNeeded(
        "it takes a token of the caller's own, and none is at hand; nothing was sent",
        "Call again as a person who has signed in to this bridge over HTTP ([server.issuers]); "
        "work in the background then goes on.",
    )


def unreachable(server: str, error: A2AError) -> CredentialUnavailable | AgentUnreachable:
    """Return the error where the token server gave no answer; the same call may be repeated.

    A redirect is no advice: it would lead secrets to where the configuration does not.
    """
    if isinstance(error, UrlRefused):
        return CredentialUnavailable(
            f"its token server {server} redirects to another address, which is not followed",
            "Ask the user to set issuer or token_url in auth of this agent to what the operator of "
            "that server names.",
        )
    return AgentUnreachable(
        f"its token server {server} gave no answer that can be used: {error.message}",
        delivery=Delivery.NEVER,
    )


def not_signed_in(
    name: str, reason: str = "nobody has signed in to it", *, local: bool = True
) -> SignInNeeded:
    """Return the error where a person must sign in first: at this machine if it is `local`."""
    command = f"Ask the user to run: a2a-mcp auth login {name}   Then call again."
    return SignInNeeded(reason, command if local else SIGN_IN_BY_CALL, agent=name)


def no_sign_in_here(name: str) -> CredentialUnavailable:
    """Return the error where no login can be kept, or may not be used by this caller."""
    return CredentialUnavailable(
        f"a person must sign in to it, and here nobody can prove to be the caller ({name})",
        "Tell the user: it can be used over stdio, after a2a-mcp auth login; over HTTP with "
        "public_url and tokens or an issuer's client_id in [server], and a flow in its auth.",
    )


def no_login_store(error: OSError | StoreUnavailable) -> CredentialUnavailable:
    """Return the error where the file or the database of logins cannot be used."""
    if isinstance(error, StoreUnavailable):
        return CredentialUnavailable(error.message, error.next_step)
    return CredentialUnavailable(
        f"the sign-ins that are kept here cannot be used: {error}",
        "Ask the user to check the state folder of this server, and to sign in again if need be.",
    )
