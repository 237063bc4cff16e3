"""Why a request does not enter: what its sender is told, and what operators are. Pure.

A sender learns no more than a host needs to go on. Nothing of a token is in any of it, except what
a verified one says about its audience, its times and its scopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mcp.server.auth.provider import AccessToken


class NotAdmitted(Exception):
    """A request does not enter; the text is the reason, `detail` more of it for the log."""

    status: ClassVar[int] = 401
    error: ClassVar[str | None] = None
    """The code of RFC 6750, 3.1, if the answer has one."""
    counted_as: ClassVar[str]
    words: str
    """What the sender is told."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail


class TokenMissing(NotAdmitted):
    """There is no bearer token: a host begins so, and then signs in."""

    counted_as = "missing"
    words = "a token is needed"


class TokenRepeated(NotAdmitted):
    """There are several tokens, or several ways to show one."""

    status = 400
    error = "invalid_request"
    counted_as = "invalid_request"
    words = "one Authorization header is needed"


class TokenRefused(NotAdmitted):
    """A token is not valid here."""

    error = "invalid_token"
    counted_as = "invalid_token"
    words = "the token is not valid here"


class ScopeMissing(NotAdmitted):
    """A valid token lacks scopes."""

    status = 403
    error = "insufficient_scope"
    counted_as = "insufficient_scope"

    def __init__(self, caller: AccessToken, missing: Sequence[str]) -> None:
        lacks = f"lacks the scope {' '.join(missing)}"
        super().__init__(f"it {lacks}", f"it has {' '.join(caller.scopes) or 'none'}")
        self.words = f"the token {lacks}"
        self.caller = caller


class ProviderDown(NotAdmitted):
    """The provider cannot be asked, and what is needed of it is not known.

    With 401 a host would throw its token away and ask for a new sign-in.
    """

    status = 503
    counted_as = "provider_down"
    words = "the identity provider cannot be reached; try again"

    def __init__(self, problem: str | None) -> None:
        super().__init__("the identity provider cannot be asked", problem or "")
