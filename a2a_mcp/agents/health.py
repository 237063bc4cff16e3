"""How one agent fares: the outcome of its last calls, as agent_info shows it.

It only records. No call is made or refused because of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.errors import BridgeError


@dataclass(slots=True)
class Health:
    """What the last calls showed.

    `last_success` is in Unix seconds, `last_fault` the class of the last error; the other fields
    are sentences. `note` says that an old card is in use, `detour` that another interface than the
    card's first is.
    """

    last_success: float | None = None
    last_error: str | None = None
    last_fault: str | None = None
    note: str | None = None
    detour: str | None = None

    def succeeded(self) -> None:
        """Record that the agent answered."""
        self.last_success = time.time()
        self.last_error = self.last_fault = None

    def failed(self, error: A2AError | BridgeError) -> None:
        """Record that a call failed."""
        self.last_error, self.last_fault = error.reason(), type(error).__name__
