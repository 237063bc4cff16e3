"""An error as an MCP tool result: what happened, whether the message arrived, what to do next.

Errors are returned and not raised, so that both channels of the result hold them. Words of an agent
are scrubbed, masked and cut here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import mcp.types as t

from a2a_mcp.a2a.errors import (
    TOO_MANY_REQUESTS,
    A2AError,
    AgentError,
    AgentFailure,
    AgentUnreachable,
    AuthenticationRequired,
    CardRefused,
    ContentTypeNotSupported,
    Delivery,
    ExtensionRequired,
    ExtraMissing,
    InvalidAgentResponse,
    InvalidRequest,
    MethodNotFound,
    NoCommonInterface,
    TaskNotFound,
    UnsupportedOperation,
    UrlRefused,
    VersionNotSupported,
)
from a2a_mcp.errors import BridgeError, CredentialUnavailable
from a2a_mcp.presentation import error_sentences, sentences
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.results import Mask, of_channels
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub, scrub_line

AGENT_WORDS_BYTES: Final = 800
BRIDGE_WORDS_BYTES: Final = 4_000  # they may quote an agent in the middle
CHALLENGE_BYTES: Final = 200

RESOURCE_METADATA: Final = "resource_metadata="
"""Where a challenge says where the agent describes its authorization servers (RFC 9728, 5.1)."""

NEXT_STEPS: Final[tuple[tuple[type[A2AError], str], ...]] = (
    (AuthenticationRequired, error_sentences.SET_CREDENTIALS),
    (TaskNotFound, error_sentences.SEND_NEW_TASK),
    (ContentTypeNotSupported, error_sentences.SEND_OTHER_CONTENT),
    (ExtensionRequired, error_sentences.CONFIGURE_EXTENSION),
    (ExtraMissing, error_sentences.INSTALL_EXTRA),
    (NoCommonInterface, error_sentences.CORRECT_CARD),
    (UrlRefused, error_sentences.CHECK_ADDRESS),
    (VersionNotSupported, error_sentences.CHECK_PINNED_VERSION),
    (MethodNotFound, error_sentences.SET_VERSION),
    (UnsupportedOperation, error_sentences.USE_ANOTHER_WAY),
    (InvalidRequest, error_sentences.CORRECT_REQUEST),
    (CardRefused, error_sentences.CHECK_SIGNATURE),
    (InvalidAgentResponse, error_sentences.CHECK_URL),
    (AgentUnreachable, error_sentences.TRY_LATER),
    (AgentFailure, error_sentences.TELL_WHAT_AGENT_SAID),
    (A2AError, error_sentences.TELL_USER),
)
"""The next step for each kind of error; the first match counts."""

# The HTTP statuses of a server that has nothing to call at an address.
NOTHING_THERE: Final = frozenset({404, 405})


def of_bridge_error(error: BridgeError, mask: Mask) -> t.CallToolResult:
    """Return the result of an error of the bridge itself."""
    message = error.message
    if isinstance(error, CredentialUnavailable):
        message = f"The agent {error.agent!r} cannot be called: {message}."
    view = TaskView(
        agent=error.agent,
        task_id=error.task_id,
        context_id=error.context_id,
        error=shorten(scrub(message), BRIDGE_WORDS_BYTES, mask),
        next_step=shorten(scrub(error.next_step), BRIDGE_WORDS_BYTES, mask),
    )
    return _of_error_view(view, mask)


@dataclass(frozen=True, slots=True)
class FailedCall:
    """What a failed call was about: `sent` if it carried a message, `cancels` if it cancelled."""

    agent: str | None = None
    task_id: str | None = None
    sent: bool = False
    cancels: bool = False


def of_agent_error(error: A2AError, call: FailedCall, mask: Mask) -> t.CallToolResult:
    """Return the result of a failed call to an agent."""
    task_id = call.task_id or error.handle
    delivery = _delivery(error) if call.sent else ""
    view = TaskView(
        agent=call.agent,
        task_id=scrub_line(task_id) if task_id else None,
        error=_what_happened(error, call.agent, mask) + delivery,
        next_step=_next_step(error, call, task_id),
    )
    return _of_error_view(view, mask)


def _of_error_view(view: TaskView, mask: Mask) -> t.CallToolResult:
    words = sentences.join(view.error, view.next_step) or ""
    ids = (("agent", view.agent), ("task_id", view.task_id), ("context_id", view.context_id))
    unnamed = " · ".join(f"{name} {value}" for name, value in ids if value and value not in words)
    text = f"{unnamed}\n\n{words}" if unnamed else words
    return of_channels(text, view.structured(), mask, is_error=True)


def _next_step(error: A2AError, call: FailedCall, task_id: str | None) -> str:
    """Return what to do now.

    A message that may have been carried out must not be sent to another agent before that is known.
    """
    if task_id and _may_go_on(error, call):
        return error_sentences.CANCEL_AGAIN if call.cancels else error_sentences.READ_TASK_LATER
    if call.sent and error.may_have_acted:
        return _find_out(error, task_id)
    if isinstance(error, AgentError) and error.status == TOO_MANY_REQUESTS:
        return error_sentences.try_after(error.retry_after)
    if isinstance(error, AgentError) and error.code is None and error.status in NOTHING_THERE:
        return error_sentences.CHECK_CARD_ADDRESS
    if isinstance(error, AuthenticationRequired) and RESOURCE_METADATA in (error.challenge or ""):
        return f"{error_sentences.SET_CREDENTIALS} {error_sentences.READ_RESOURCE_METADATA}"
    return next(step for kind, step in NEXT_STEPS if isinstance(error, kind))


def _may_go_on(error: A2AError, call: FailedCall) -> bool:
    """Return whether the task of a call may be at work, although this call failed."""
    if call.sent:
        return isinstance(error, AgentUnreachable) and error.delivery is not Delivery.NEVER
    if isinstance(error, AgentUnreachable | AgentFailure):
        return True
    # Any other kind of AgentError says what is wrong with the call.
    return type(error) is AgentError and error.status not in NOTHING_THERE


def _find_out(error: A2AError, task_id: str | None) -> str:
    step = error_sentences.find_out_first(with_task=task_id is not None)
    if isinstance(error, InvalidAgentResponse):
        return f"{step} {error_sentences.CHECK_URL_IF_REPEATED}"
    return step


def _what_happened(error: A2AError, agent: str | None, mask: Mask) -> str:
    who = f"The agent {agent!r}" if agent else "The agent"
    said = error.reason(lambda words: shorten(mask(scrub_line(words)), AGENT_WORDS_BYTES))
    where = f" ({error.url})" if error.url else ""
    match error:
        case AuthenticationRequired():
            status = f"HTTP {error.status}{_challenge(error, mask)}"
            return f"{who} refused the credentials{where}: {status}."
        case AgentUnreachable(delivery=Delivery.NEVER):
            return f"{who} could not be reached{where}: {said}."
        case AgentUnreachable():
            return f"{who} did not answer in full{where}: {said}."
        case NoCommonInterface() | UrlRefused() | CardRefused() | ExtensionRequired(code=None):
            return f"{who} cannot be called: {said}."
        case InvalidAgentResponse():
            return f"{who} gave no valid A2A answer{where}: {said}."
        case AgentError(code=int()) | AgentError(status=int()):
            return f"{who} answered with an error{where}: {said}."
        case _:
            return f"{who} failed{where}: {said}."


def _challenge(error: AuthenticationRequired, mask: Mask) -> str:
    if not error.challenge:
        return ""
    return f", it wants: {shorten(mask(scrub_line(error.challenge)), CHALLENGE_BYTES)}"


def _delivery(error: A2AError) -> str:
    """Return what is known of the message's delivery, as a sentence that follows another."""
    if error.delivery is Delivery.NEVER:
        return f" {error_sentences.NOT_DELIVERED}"
    if not error.may_have_acted:
        return ""
    return f" {error_sentences.delivery_unknown(error.message_id)}"
