"""What can go wrong between this client and an agent, and the tables of A2A's error codes.

    A2AError                         base; says whether the message may have reached the agent
    ├─ AgentUnreachable              no answer: connection, time, TLS
    │  └─ TooManyStreams             the limit of open streams; nothing was sent
    ├─ InvalidAgentResponse          an answer that is not A2A: HTML, bad JSON, too large
    │  └─ CardRefused                a card whose signature is required, and not verified
    ├─ NoCommonInterface             the card offers nothing we speak
    │  └─ ExtraMissing               what it offers is an extra that is not installed
    ├─ UrlRefused                    a URL that may not be called
    └─ AgentError                    the agent refused or failed; `code` is the A2A code
       ├─ TaskNotFound -32001  TaskNotCancelable -32002  PushNotificationNotSupported -32003
       ├─ UnsupportedOperation -32004  ContentTypeNotSupported -32005
       ├─ AgentFailure -32006, -32603  ExtendedCardNotConfigured -32007
       ├─ ExtensionRequired -32008  VersionNotSupported -32009
       ├─ InvalidRequest -32600, -32602  MethodNotFound -32601
       └─ AuthenticationRequired     HTTP 401 and 403

An error holds the agent's words as they came. What a model reads is written elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from enum import StrEnum
from typing import Final, Self

from a2a_mcp.a2a.model import JSON

TOO_MANY_REQUESTS: Final = 429
NOT_CARRIED_OUT_CODES: Final = frozenset({-32001, -32004, -32005, -32008, -32602})
"""The codes after which a message was certainly not carried out; any other leaves that open."""

QUOTE: Final = '"'
INNER_QUOTE: Final = "'"
LONGEST_MESSAGE: Final = 20_000
"""Characters kept of an error, far more than is ever shown.

The text is masked before it is cut for showing: a cut inside a secret would leave a half that the
mask does not find.
"""


class Delivery(StrEnum):
    """What is known of whether the agent acted on the request."""

    NEVER = "never"  # no byte left, or the answer proves that it was refused before the agent
    UNKNOWN = "unknown"
    YES = "yes"


class A2AError(Exception):
    """Base of this library's errors.

    `message` may hold the agent's own words, as they came. `delivery` says whether a send may have
    been executed; `url` where it went, without query. `message_id` and `handle` find its task
    later; `with_ids` sets them.
    """

    def __init__(
        self, message: str, *, delivery: Delivery = Delivery.UNKNOWN, url: str | None = None
    ) -> None:
        super().__init__(message[:LONGEST_MESSAGE])
        self.message = message[:LONGEST_MESSAGE]
        self.delivery = delivery
        self.url = url
        self.message_id: str | None = None
        self.handle: str | None = None

    @property
    def may_have_acted(self) -> bool:
        """Return whether the agent may have carried out what it was asked."""
        return self.delivery is not Delivery.NEVER

    def reason(self, show: Callable[[str], str] = str) -> str:
        """Return what went wrong as a clause; `show` makes its words fit for a reader."""
        return show(self.message).rstrip(".")

    def with_delivery(self, delivery: Delivery) -> Self:
        """Return a copy of this error with another `delivery`."""
        error = copy(self)
        error.delivery = delivery
        return error

    def with_ids(self, message_id: str | None, handle: str | None) -> Self:
        """Return a copy of this error with the ids by which its task may be found later."""
        error = copy(self)
        error.message_id, error.handle = message_id, handle
        return error


class AgentUnreachable(A2AError):
    """No answer came: refused, not found, broken off, or too late."""


class TooManyStreams(AgentUnreachable):
    """Nothing was sent: one more stream would leave no connection for other calls."""


class InvalidAgentResponse(A2AError):
    """An answer came, but it is not A2A, or breaks a limit."""


class CardRefused(InvalidAgentResponse):
    """The configuration requires a signed card, and this one is not verified."""


class NoCommonInterface(A2AError):
    """The card offers no interface that this library speaks, or none that is allowed."""

    def __init__(
        self, message: str, *, delivery: Delivery = Delivery.NEVER, url: str | None = None
    ) -> None:
        super().__init__(message, delivery=delivery, url=url)


class ExtraMissing(NoCommonInterface):
    """What the agent offers needs packages that are an extra, and are not installed."""


class UrlRefused(A2AError):
    """An agent named a URL that may not be called."""


def without_reason(status: int | None) -> str:
    """Return what stands for the words of an agent that gave only a status."""
    return f"HTTP {status} without a reason"


class AgentError(A2AError):
    """The agent refused or failed; `code` is the JSON-RPC code where one is known."""

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        status: int | None = None,
        data: JSON = None,
        delivery: Delivery = Delivery.UNKNOWN,
        url: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, delivery=delivery, url=url)
        self.code = code
        self.status = status
        self.data = data
        self.retry_after = retry_after

    @property
    def may_have_acted(self) -> bool:
        """Return whether the agent may have carried out what it was asked."""
        return super().may_have_acted and self.code not in NOT_CARRIED_OUT_CODES

    def reason(self, show: Callable[[str], str] = str) -> str:
        """Return the agent's words in quotes, with the code or the status of its answer."""
        words = super().reason(show)
        if self.code is None and self.status is None:
            return words
        if self.message == without_reason(self.status):
            return words
        answered = f"HTTP {self.status}" if self.code is None else f"code {self.code}"
        return f'"{words.replace(QUOTE, INNER_QUOTE)}" ({answered})'

    @property
    def tries_next(self) -> bool:
        """Return whether another interface of the agent may be tried."""
        return self.delivery is Delivery.NEVER and self.status != TOO_MANY_REQUESTS


class TaskNotFound(AgentError):
    """The agent does not know the task (any more)."""


class TaskNotCancelable(AgentError):
    """The task is in a state in which it cannot be cancelled."""


class PushNotificationNotSupported(AgentError):
    """The agent has no webhooks."""


class UnsupportedOperation(AgentError):
    """The agent cannot do this; in 1.0 also: the task has ended."""


class ContentTypeNotSupported(AgentError):
    """The agent does not take or make these media types."""


class AgentFailure(AgentError):
    """The agent failed inside."""


class ExtendedCardNotConfigured(AgentError):
    """The agent has no extended card."""


class ExtensionRequired(AgentError):
    """The agent requires an extension of the protocol that the request did not name."""


class VersionNotSupported(AgentError):
    """The agent speaks another version."""


class InvalidRequest(AgentError):
    """The agent did not accept the request's form or parameters."""


class MethodNotFound(AgentError):
    """The agent does not know the method: usually another version of the protocol."""


class AuthenticationRequired(AgentError):
    """HTTP 401 or 403: credentials are missing, wrong or not enough."""

    challenge: str | None = None

    @property
    def tries_next(self) -> bool:
        """Return False: another interface wants the same credentials."""
        return False


# JSON-RPC code -> error; anything else is an AgentError.
BY_CODE: Final[dict[int, type[AgentError]]] = {
    -32001: TaskNotFound,
    -32002: TaskNotCancelable,
    -32003: PushNotificationNotSupported,
    -32004: UnsupportedOperation,
    -32005: ContentTypeNotSupported,
    -32006: AgentFailure,
    -32007: ExtendedCardNotConfigured,
    -32008: ExtensionRequired,
    -32009: VersionNotSupported,
    -32600: InvalidRequest,
    -32601: MethodNotFound,
    -32602: InvalidRequest,
    -32603: AgentFailure,
    -32700: InvalidRequest,
}

# google.rpc ErrorInfo reason, or the last word of an RFC 9457 type -> code.
CODE_BY_REASON: Final[dict[str, int]] = {
    "TASK_NOT_FOUND": -32001,
    "TASK_NOT_CANCELABLE": -32002,
    "PUSH_NOTIFICATION_NOT_SUPPORTED": -32003,
    "UNSUPPORTED_OPERATION": -32004,
    "CONTENT_TYPE_NOT_SUPPORTED": -32005,
    "INVALID_AGENT_RESPONSE": -32006,
    "EXTENDED_AGENT_CARD_NOT_CONFIGURED": -32007,
    "EXTENSION_SUPPORT_REQUIRED": -32008,
    "VERSION_NOT_SUPPORTED": -32009,
    "INVALID_REQUEST": -32600,
    "INVALID_PARAMS": -32602,
}
