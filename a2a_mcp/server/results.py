"""The one place where views and errors become MCP results.

Errors are returned, not raised, so that both channels hold the whole message (hosts 3.2).
Everything that leaves is masked here: an agent may echo a credential (threats C1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import mcp.types as t

from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AgentFailure,
    AgentUnreachable,
    AuthenticationRequired,
    ContentTypeNotSupported,
    Delivery,
    ExtensionRequired,
    InvalidAgentResponse,
    InvalidRequest,
    MethodNotFound,
    NoCommonInterface,
    TaskNotFound,
    UnsupportedOperation,
    UrlRefused,
    VersionNotSupported,
)
from a2a_mcp.a2a.model import JSON
from a2a_mcp.errors import BridgeError, CredentialUnavailable
from a2a_mcp.presentation.budget import fit_task
from a2a_mcp.presentation.task_view import TaskView, UpdateView
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

Mask = Callable[[str], str]
ERROR_WORDS: Final = 800
REFUSAL_WORDS: Final = 4_000  # they may quote an agent in the middle
CHALLENGE_WORDS: Final = 200
UPDATE_BYTES: Final = 500
TURN_BYTES: Final = 1_000

# What a model does about each kind of failure; the first match counts.
NEXT_STEPS: Final[tuple[tuple[type[A2AError], str], ...]] = (
    (
        AuthenticationRequired,
        "Ask the user to set or correct the credentials of this agent in the bridge's "
        "configuration (auth); agent_info shows which kind it wants and whether one is set.",
    ),
    (TaskNotFound, "Send a new task if the work is still wanted."),
    (ContentTypeNotSupported, "Send another kind of content; agent_info lists what it takes."),
    (
        ExtensionRequired,
        "Ask the user: this agent wants a protocol extension. If messages are to make use of it, "
        "its URI belongs into `extensions` of the agent's configuration.",
    ),
    (
        NoCommonInterface,
        "Use another agent, or ask the user to correct this one's card or configuration.",
    ),
    (UrlRefused, "Ask the user to check this agent's address in the configuration."),
    (
        VersionNotSupported,
        "Ask the user to check the version pinned for this agent, or its card; use another agent.",
    ),
    (
        MethodNotFound,
        "The agent speaks another version of A2A than its card says; ask the user to set version "
        "for it in the configuration, or use another agent.",
    ),
    (UnsupportedOperation, "Use another way: this agent cannot do it."),
    (InvalidRequest, "Correct the request, or use another agent."),
    (
        InvalidAgentResponse,
        "Ask the user to check this agent's URL in the configuration; it may not be an A2A agent.",
    ),
    (AgentUnreachable, "Try again later, or use another agent."),
    (AgentFailure, "Tell the user what the agent said; try another agent or request."),
    (A2AError, "Tell the user, or use another agent."),
)


LATER: Final = (
    "The task may be going on all the same: call get_task with this task_id later, and do not send "
    "it again."
)
NOT_CANCELLED: Final = (
    "It was not cancelled and may be going on: call cancel_task with this task_id again later."
)
LOST: Final = (
    "Tell the user that it may have been carried out; find out {where} before anything is sent "
    "again."
)
CHECK_URL: Final = " If every answer is like this, ask the user to check this agent's URL."
# Failures on the way back: what was sent may have been carried out all the same.
ON_THE_WAY_BACK: Final = (AgentUnreachable, InvalidAgentResponse, AgentFailure)


# Codes that say by themselves what became of a message; of the others nothing is certain.
ANSWERED_CODES: Final = frozenset({-32001, -32004, -32005, -32008, -32602})


class Joining(Protocol):
    """A mask that also knows texts which their reader may join."""

    def __call__(self, text: str, /) -> str:
        """Mask one text."""
        ...

    def pieces(self, texts: Sequence[str], /) -> list[str]:
        """Mask texts that may be joined, the last of which may go on."""
        ...


class View(Protocol):
    """What has both channels."""

    def structured(self) -> dict[str, JSON]:
        """Give the structure."""
        ...

    def prose(self) -> str:
        """Give the text."""
        ...


def of_task_view(view: TaskView, mask: Joining, limit: int) -> t.CallToolResult:
    """Make the result of a task; each channel holds at most `limit` bytes.

    What an agent said is masked before it is cut: half a secret would pass.
    """
    goes_on = view.state is not None and not view.state.stop
    text = mask.pieces([view.text])[0] if goes_on else mask(view.text)
    if text is view.text and not (view.updates or view.history or view.error):
        return of_view(fit_task(view, limit, mask), mask, is_error=view.failed)
    pieces = mask.pieces([update.text for update in view.updates])
    said = replace(
        view,
        text=text,
        error=mask(view.error) if view.error else None,
        updates=tuple(
            replace(update, text="" if _is_answer(update, view) else told(piece))
            for update, piece in zip(view.updates, pieces, strict=True)
        ),
        history=tuple(
            replace(turn, text=shorten(mask(turn.text), TURN_BYTES)) for turn in view.history
        ),
    )
    return of_view(fit_task(said, limit, mask), mask, is_error=view.failed)


def _is_answer(update: UpdateView, view: TaskView) -> bool:
    """Whether an update's words are all that the text says: they stand there, once."""
    stopped = view.state is not None and view.state.stop
    return stopped and update.state == view.state and update.text == view.text


def told(piece: str) -> str:
    """Give an update's words, masked already, as they are shown: short."""
    return shorten(piece, UPDATE_BYTES)


def of_view(view: View, mask: Mask, *, is_error: bool = False) -> t.CallToolResult:
    """Make the result of a view."""
    return t.CallToolResult(
        content=[t.TextContent(type="text", text=mask(view.prose()))],
        structured_content=_masked(view.structured(), mask),
        is_error=is_error,
    )


def of_bridge_error(error: BridgeError, mask: Mask) -> t.CallToolResult:
    """Make the result of an error of ours."""
    said = error.message
    if isinstance(error, CredentialUnavailable):
        said = f"The agent {error.agent!r} cannot be called: {said}."
    view = TaskView(
        agent=error.agent,
        task_id=error.task_id,
        context_id=error.context_id,
        error=shorten(scrub(said), REFUSAL_WORDS, mask),
        next_step=shorten(scrub(error.next_step), REFUSAL_WORDS, mask),
    )
    return _error(view, mask)


@dataclass(frozen=True, slots=True)
class FailedCall:
    """What a failed call was about; `sent` says that it carried a message."""

    agent: str | None = None
    task_id: str | None = None
    sent: bool = False
    cancels: bool = False


def of_agent_error(error: A2AError, call: FailedCall, mask: Mask) -> t.CallToolResult:
    """Make the result of a failed call to an agent."""
    task_id = call.task_id or error.handle
    view = TaskView(
        agent=call.agent,
        task_id=scrub(task_id) if task_id else None,
        error=f"{_what(error, call.agent, mask)}{_delivery(error) if call.sent else ''}",
        next_step=_next_step(error, call, task_id),
    )
    return _error(view, mask)


def _next_step(error: A2AError, call: FailedCall, task_id: str | None) -> str:
    """Say what to do now; what may have been carried out is not sent elsewhere before it is known.

    Where nothing was delivered, a task of the call is not at work on it either.
    """
    delivered = call.sent and error.delivery is not Delivery.NEVER
    if task_id and isinstance(error, AgentUnreachable) and (delivered or not call.sent):
        return NOT_CANCELLED if call.cancels else LATER
    if delivered and (isinstance(error, ON_THE_WAY_BACK) or type(error) is AgentError):
        lost = LOST.format(where="by get_task with this task_id" if task_id else "with the agent")
        return lost + CHECK_URL if isinstance(error, InvalidAgentResponse) else lost
    return next(step for kind, step in NEXT_STEPS if isinstance(error, kind))


def _error(view: TaskView, mask: Mask) -> t.CallToolResult:
    structure = view.structured()
    words = " ".join(part for part in (view.error, view.next_step) if part)
    ids = (("agent", view.agent), ("task_id", view.task_id), ("context_id", view.context_id))
    missing = " · ".join(f"{name} {value}" for name, value in ids if value and value not in words)
    text = f"{missing}\n\n{words}" if missing else words
    return t.CallToolResult(
        content=[t.TextContent(type="text", text=mask(text))],
        structured_content=_masked(structure, mask),
        is_error=True,
    )


def _what(error: A2AError, agent: str | None, mask: Mask) -> str:
    who = f"The agent {agent!r}" if agent else "The agent"
    said = shorten(mask(scrub(error.message)), ERROR_WORDS).rstrip(".")
    where = f" ({error.url})" if error.url else ""
    match error:
        case AuthenticationRequired():
            wants = (
                f", it wants: {shorten(mask(scrub(error.challenge)), CHALLENGE_WORDS)}"
                if error.challenge
                else ""
            )
            return f"{who} refused the credentials{where}: HTTP {error.status}{wants}."
        case AgentUnreachable():
            reached = error.delivery is not Delivery.NEVER
            how = "did not answer in full" if reached else "could not be reached"
            return f"{who} {how}{where}: {said}."
        case InvalidAgentResponse():
            return f"{who} gave no valid A2A answer{where}: {said}."
        case NoCommonInterface() | UrlRefused() | ExtensionRequired(code=None):
            return f"{who} cannot be called: {said}."
        case AgentError(code=int()):
            return f"{who} answered with an error{where}: {said} (code {error.code})."
        case AgentError(status=int()):
            return f"{who} answered with an error{where}: {said} (HTTP {error.status})."
        case _:
            return f"{who} failed{where}: {said}."


def _delivery(error: A2AError) -> str:
    if error.delivery is Delivery.NEVER:
        return " The message was not delivered."
    if isinstance(error, AgentError) and error.code in ANSWERED_CODES:
        return ""
    named = f" (message_id {error.message_id})" if error.message_id else ""
    return f" Whether the message{named} was carried out is unknown: do not simply send it again."


def _masked(value: JSON, mask: Mask) -> JSON:
    """Mask every text of a structure."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        # A state is a word of ours, and the schema lists which: it is never a secret.
        return {
            name: item if name == "state" else _masked(item, mask) for name, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, mask) for item in value]
    return value
