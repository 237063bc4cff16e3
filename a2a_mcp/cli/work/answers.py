"""What an agent answered to the harmless message of `check --deep`. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from a2a_mcp.a2a.model import JSON


@dataclass(frozen=True, slots=True)
class Answer:
    """The state in which the message ended and how soon, or why there was no answer."""

    name: str
    is_good: bool
    state: str = ""
    milliseconds: int = 0
    problem: str | None = None
    step: str | None = None

    def told(self) -> str:
        """Return it for a person."""
        if self.problem is None:
            return f"{self.name} answered a message within {self.milliseconds} ms: {self.state}"
        step = f"\nWhat to do: {self.step}" if self.step else ""
        return f"{self.name} did not answer a message: {self.problem}{step}"

    def structured(self) -> dict[str, JSON]:
        """Return it for a script."""
        if self.problem is None:
            return {"state": self.state, "milliseconds": self.milliseconds}
        return {"problem": self.problem} | ({"what_to_do": self.step} if self.step else {})
