"""What a person can do about an agent that cannot be used: one step for each cause. Pure.

The reader sits at the terminal and can change the configuration, so the advice is theirs to follow.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AgentUnreachable,
    AuthenticationRequired,
    CardRefused,
    ExtensionRequired,
    ExtraMissing,
    InvalidAgentResponse,
    NoCommonInterface,
    UrlRefused,
)
from a2a_mcp.cli.for_person import for_person
from a2a_mcp.errors import BridgeError, CredentialUnavailable, SignInNeeded

Failure: TypeAlias = A2AError | BridgeError

NO_CREDENTIAL: Final = (
    "Ask who runs it for a credential, and set `auth` for this agent in agents.toml."
)
WRONG_CREDENTIAL: Final = (
    "The credential of `auth` was sent and refused: see that it is the one for this agent."
)
EXPIRED_CREDENTIAL: Final = "The credential of `auth` has expired: put a new one in its place."
COMMAND: Final = "Run the command in `auth` of this agent by hand, and mend what it says."
OWN_ERROR: Final = "That is an error of the agent itself: look into its log, or ask who runs it."
METHOD_NOT_FOUND: Final = -32601
SERVER_ERRORS: Final = 500
EXPIRED: Final = re.compile(r"expire", re.IGNORECASE)

ADVICE: Final[tuple[tuple[type[Failure], str, str], ...]] = (
    (
        AgentUnreachable,
        "unknown authority",
        "If the authority is your own, name its file in `ca_file` of this agent.",
    ),
    (
        AgentUnreachable,
        "certificate has expired",
        "Ask who runs it to renew the certificate; until then nothing can be sent to it safely.",
    ),
    (AgentUnreachable, "not valid yet", "Set the clock of this machine right."),
    (AgentUnreachable, "is for another", "Write the name that its certificate has into `url`."),
    (AgentUnreachable, "speaks http at", "Write http:// into `url`, or its port of https."),
    (AgentUnreachable, "speaks https at", "Write https:// into `url`."),
    (
        AgentUnreachable,
        "no version of TLS",
        "Ask who runs it to offer TLS 1.2 or 1.3; older ones are not safe, and are not used.",
    ),
    (
        AgentUnreachable,
        "TLS handshake",
        "Something other than https may answer at this port: see the scheme and the port of `url`.",
    ),
    (
        AgentUnreachable,
        "is not known",
        "Correct the host name in `url`, or see whether this machine is online.",
    ),
    (
        AgentUnreachable,
        " within ",
        "It is there but does not answer: look into its log, or give it more time in `limits`.",
    ),
    (AgentUnreachable, "proxy", "Correct the proxy in `proxy` of this agent or in HTTPS_PROXY."),
    (AgentUnreachable, "unavailable now", "Try again later; if it stays so, ask who runs it."),
    (
        AgentUnreachable,
        "broke before",
        "Try again; if it stays so, look into the agent's log: it ends the connection itself.",
    ),
    (
        AgentUnreachable,
        "",
        "See whether the agent runs, its URL is right, and no proxy is in between.",
    ),
    (
        CardRefused,
        "",
        "Ask who runs it which key signs its card, and check `keys` of `signature`.",
    ),
    (
        InvalidAgentResponse,
        "text/html",
        "A web page answers there, no agent: give the URL of the agent, or of its card.",
    ),
    (
        InvalidAgentResponse,
        "HTTP 404",
        "A server is there, but no card: correct the path or the port. "
        "Give the URL of the agent, or of its card.",
    ),
    (InvalidAgentResponse, "", "Give the URL of the agent, or of its card."),
    (ExtraMissing, "", "Install it, then try again."),
    (
        NoCommonInterface,
        "names no interface",
        "Set `endpoint` of this agent to the URL that takes its calls.",
    ),
    (
        NoCommonInterface,
        "allowed_origins",
        "If you trust that address, write it into `allowed_origins` or `endpoint` of this agent.",
    ),
    (
        NoCommonInterface,
        "",
        "Ask who runs it to offer A2A 0.1 to 1.0 over JSON-RPC, HTTP+JSON or gRPC.",
    ),
    (SignInNeeded, "", "Run a2a-mcp auth login with the name of this agent."),
    (UrlRefused, "", "Set the agent's `endpoint`, or if you trust that origin, `allowed_origins`."),
    (ExtensionRequired, "", "Write the extensions into `extensions` of this agent."),
    (
        AgentError,
        "",
        "Ask who runs it whether the card names the right address for calls; `endpoint` of this "
        "agent sets another one.",
    ),
)
"""The step for each kind of failure and words in its message; the first match counts."""


def advice(error: Failure, *, has_credential: bool = False) -> str | None:
    """Return what to do; None where nothing is known that helps."""
    if isinstance(error, AuthenticationRequired):
        return _of_refusal(error, has_credential=has_credential)
    if isinstance(error, CredentialUnavailable) and not isinstance(error, SignInNeeded):
        return COMMAND if "command" in error.message else for_person(error.next_step)
    if isinstance(error, AgentError) and _is_own(error):
        return OWN_ERROR
    matching = (
        step for kind, words, step in ADVICE if isinstance(error, kind) and words in error.message
    )
    return next(matching, None)


def _is_own(error: AgentError) -> bool:
    """Return whether the agent was reached, and failed."""
    return error.code not in (None, METHOD_NOT_FOUND) or (error.status or 0) >= SERVER_ERRORS


def _of_refusal(error: AuthenticationRequired, *, has_credential: bool) -> str:
    if not has_credential:
        return NO_CREDENTIAL
    told = f"{error.challenge or ''} {error.message}"
    return EXPIRED_CREDENTIAL if EXPIRED.search(told) else WRONG_CREDENTIAL
