"""What an authorization server answers when it gives no token.

The words are the server's, therefore untrusted: they are scrubbed, masked and cut where they are
shown.
"""

from __future__ import annotations

from typing import Final

MOST_WORDS: Final = 200

SERVER_FAULTS: Final = frozenset({"server_error", "temporarily_unavailable", "slow_down"})


class OAuthRefused(Exception):
    """The authorization server refused; `error` is its code, such as invalid_client."""

    def __init__(self, error: str, description: str = "", *, server_time: float | None = None):
        super().__init__(error)
        self.error = error[:MOST_WORDS]
        self.description = description[:MOST_WORDS]
        self.server_time = server_time
        """Unix seconds of the server's clock, where it says so."""

    def __str__(self) -> str:
        return f"{self.error}: {self.description}" if self.description else self.error

    @property
    def may_pass(self) -> bool:
        """Return whether the same request may be answered another time."""
        return self.error in SERVER_FAULTS
