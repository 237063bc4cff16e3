"""The caller on whose behalf a token is asked for: what it has shown to the bridge. Values only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Subject:
    """The token of a caller, which was verified; `expires_at` are Unix seconds."""

    token: str = field(repr=False)
    expires_at: float | None = None

    @property
    def name(self) -> str:
        """What tells tokens apart, without keeping them."""
        return hashlib.sha256(self.token.encode()).hexdigest()


SubjectOf = Callable[[str], Subject | None]
"""Returns what an owner has shown in the call that is under way; None where it is another's."""


def nobody(_owner: str) -> None:
    """Return None: where callers do not sign in, there is nothing to exchange."""
