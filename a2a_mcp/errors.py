"""The bridge's own errors: each message is written for the reader who must act.

BridgeError                    base; `message` says what happened, `next_step` what to do
├─ UnknownAgent  AgentDisabled  AmbiguousAgent
├─ UnknownTask  AmbiguousTask
└─ NotAllowed                  the request is understood and refused
   └─ SentBefore               an answer that came twice
ConfigError                    the configuration cannot be used; for the person at the terminal
"""

from __future__ import annotations

from collections.abc import Sequence


class BridgeError(Exception):
    """Base of errors that a model reads: what happened, and what to do next."""

    def __init__(
        self,
        message: str,
        next_step: str,
        *,
        agent: str | None = None,
        task_id: str | None = None,
        context_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.agent = agent
        self.task_id = task_id
        self.context_id = context_id


class UnknownAgent(BridgeError):
    """No agent of that name is configured, or none at all."""


class AgentDisabled(BridgeError):
    """The agent is configured with a mistake, or switched off."""


class AmbiguousAgent(BridgeError):
    """No agent was named and there is more than one."""


class UnknownTask(BridgeError):
    """No such task is known for this caller."""


class AmbiguousTask(BridgeError):
    """Two agents use the same id."""


class NotAllowed(BridgeError):
    """The request is understood and refused."""


class SentBefore(NotAllowed):
    """An answer that comes twice has been taken up before; nothing was sent."""

    def __init__(self, agent: str, task_id: str | None) -> None:
        super().__init__(
            "The answer was taken up before; nothing was sent again.",
            "Call get_task with this task_id.",
            agent=agent,
            task_id=task_id,
        )


class ConfigError(Exception):
    """The configuration cannot be used; `faults` are lines of `file: key: reason`."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)
