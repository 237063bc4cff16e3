"""The bridge's own errors: each message is written for the reader who must act.

BridgeError                    base: `message` says what happened, `next_step` what to do
├─ UnknownAgent                no agent has this name
├─ AgentDisabled               the agent is switched off, or its configuration has a fault
├─ AmbiguousAgent              no agent was named, and more than one is configured
├─ CredentialUnavailable       a credential command or a token server gave no credential
│  ├─ SignInNeeded             a person must sign in to the agent first
│  └─ CallerTokenNeeded        there is no token of the caller's own that becomes one for the agent
├─ StoreUnavailable            the database cannot be reached, or is a later version's
├─ UnknownTask                 the caller has no task with this id
├─ AmbiguousTask               two agents use this task id
└─ NotAllowed                  the request is understood and refused
   ├─ CallsTooFast             the caller makes more calls than are allowed
   ├─ ConsentNeeded            the person must agree first
   ├─ SentBefore               a reply was sent a second time
   └─ NothingThere             a pointer leads to nothing (presentation.json_pointer)
ConfigError                    the configuration cannot be used; for the person at the terminal

Errors of the A2A protocol are in `a2a.errors`.
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

    def reason(self) -> str:
        """Return what happened as a clause."""
        return self.message.rstrip(".")


class UnknownAgent(BridgeError):
    """No agent of that name is configured, or no agent at all."""


class AgentDisabled(BridgeError):
    """The agent is switched off, or its configuration has a fault."""


class AmbiguousAgent(BridgeError):
    """No agent was named, and more than one is configured."""


class CredentialUnavailable(BridgeError):
    """The command or the server that should give a credential did not; nothing was sent."""


class SignInNeeded(CredentialUnavailable):
    """A person must sign in before the agent can be called; nothing was sent to it."""


class CallerTokenNeeded(CredentialUnavailable):
    """The agent is called with what a caller's own token becomes; nothing was sent to it."""


class StoreUnavailable(BridgeError):
    """The database cannot be used now; nothing was sent."""


class StoreRefused(StoreUnavailable):
    """The database cannot be used by this process as it is configured, now or later."""


class UnknownTask(BridgeError):
    """The caller has no task with this id."""


class AmbiguousTask(BridgeError):
    """Two agents use the same task id."""


class NotAllowed(BridgeError):
    """The request is understood and refused."""


class CallsTooFast(NotAllowed):
    """The call comes too early; nothing was done. `seconds` later it is allowed."""

    def __init__(self, calls_a_minute: int, seconds: float) -> None:
        super().__init__(
            f"This caller may make {calls_a_minute} calls a minute; nothing was done.",
            f"Wait {max(1, round(seconds + 0.5))} seconds, then call again.",
        )
        self.seconds = seconds


class ConsentNeeded(NotAllowed):
    """The person must agree before a message leaves; nothing was sent."""

    def __init__(self, agent: str) -> None:
        super().__init__(
            f"The agent {agent!r} is used only with the user's consent to each message (confirm), "
            "and this host cannot ask its user. Nothing was sent.",
            "Tell the user, or use another agent.",
            agent=agent,
        )


class SentBefore(NotAllowed):
    """The reply has been sent before; nothing was sent this time."""

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
