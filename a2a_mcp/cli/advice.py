"""What a person can do about an agent that cannot be used: one step for each cause. Pure.

The reader sits at the terminal and can change the configuration, so the advice is theirs to follow.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from a2a_mcp.a2a.errors import (
    A2AError,
    AgentUnreachable,
    AuthenticationRequired,
    CardRefused,
    ExtraMissing,
    InvalidAgentResponse,
    NoCommonInterface,
    UrlRefused,
)
from a2a_mcp.errors import BridgeError, CredentialUnavailable, SignInNeeded

Failure: TypeAlias = A2AError | BridgeError

NO_CREDENTIAL: Final = "Set `auth` for this agent in agents.toml."
WRONG_CREDENTIAL: Final = (
    "The credential of `auth` was sent and refused: see that it is the one for this agent."
)
EXPIRED_CREDENTIAL: Final = "The credential of `auth` has expired: put a new one in its place."
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
        "Ask who runs it to offer JSON-RPC, HTTP+JSON or gRPC of A2A 0.1 to 1.0.",
    ),
    (SignInNeeded, "", "Run a2a-mcp auth login with the name of this agent."),
    (
        CredentialUnavailable,
        "",
        "Mend `auth` of this agent in agents.toml; run its command by hand, if it has one.",
    ),
    (UrlRefused, "", "Set the agent's `endpoint`, or if you trust that origin, `allowed_origins`."),
)
"""The step for each kind of failure and words in its message; the first match counts."""


def advice(error: Failure, *, has_credential: bool = False) -> str | None:
    """Return what to do; None where nothing is known that helps."""
    if isinstance(error, AuthenticationRequired):
        return _of_refusal(error, has_credential=has_credential)
    matching = (
        step for kind, words, step in ADVICE if isinstance(error, kind) and words in error.message
    )
    return next(matching, None)


def _of_refusal(error: AuthenticationRequired, *, has_credential: bool) -> str:
    if not has_credential:
        return NO_CREDENTIAL
    told = f"{error.challenge or ''} {error.message}"
    return EXPIRED_CREDENTIAL if EXPIRED.search(told) else WRONG_CREDENTIAL
