"""The sentences that a model reads after an error: what is known of the message, what to do next.

To change a wording, change it here. Which sentence fits which error is decided in `server`; no text
that an agent controls is part of a sentence unless the caller has scrubbed it.
"""

from __future__ import annotations

from typing import Final

# --- delivery, and the task of the call ---

NOT_DELIVERED: Final = "The message was not delivered."
READ_TASK_LATER: Final = (
    "The task may be going on all the same: call get_task with this task_id later, and do not send "
    "it again."
)
CANCEL_AGAIN: Final = (
    "It was not cancelled and may be going on: call cancel_task with this task_id again later."
)
SEND_NEW_TASK: Final = "Send a new task if the work is still wanted."
SEND_OTHER_CONTENT: Final = "Send another kind of content; agent_info lists what it takes."
USE_ANOTHER_WAY: Final = "Use another way: this agent cannot do it."
CORRECT_REQUEST: Final = "Correct the request, or use another agent."
TRY_LATER: Final = "Try again later, or use another agent."
LONGEST_WAIT_NAMED: Final = 86_400
TELL_WHAT_AGENT_SAID: Final = "Tell the user what the agent said; try another agent or request."
TELL_USER: Final = "Tell the user, or use another agent."


def delivery_unknown(message_id: str | None) -> str:
    """Say that a message may have been carried out."""
    named = f" (message_id {message_id})" if message_id else ""
    return f"Whether the message{named} was carried out is unknown: do not simply send it again."


def find_out_first(*, with_task: bool) -> str:
    """Say what comes before a message is sent again that may have been carried out."""
    if with_task:
        return (
            "Tell the user that it may have been carried out; find out by get_task with this "
            "task_id before anything is sent again."
        )
    return (
        "Tell the user that it may have been carried out, and send it again only if they want that."
    )


def try_after(seconds: float | None) -> str:
    """Say when an agent takes calls again; `seconds` are those that it named."""
    if seconds is None or seconds > LONGEST_WAIT_NAMED:
        return TRY_LATER
    return f"Try again in {seconds:.0f} s, or use another agent."


# --- the agent and its configuration ---

SET_CREDENTIALS: Final = (
    "Ask the user to set or correct the credentials of this agent in this server's "
    "configuration (auth); agent_info shows which kind it wants and whether one is set."
)
READ_RESOURCE_METADATA: Final = (
    "The page at resource_metadata, which was not opened, says who gives its tokens: if the user "
    'trusts that server, its address is the issuer of auth with type = "oauth".'
)
CONFIGURE_EXTENSION: Final = (
    "Ask the user: this agent wants a protocol extension. If messages are to make use of it, "
    "its URI belongs into `extensions` of the agent's configuration."
)
CORRECT_CARD: Final = (
    "Use another agent, or ask the user to correct this one's card or configuration."
)
INSTALL_EXTRA: Final = (
    "Ask the user to install what is missing and to restart this server, or use another agent."
)
CHECK_ADDRESS: Final = "Ask the user to check this agent's address in the configuration."
CHECK_CARD_ADDRESS: Final = (
    "Nothing can be called at this address, which comes from the agent's card. Ask the user to "
    "correct the card, or to set endpoint for this agent to the URL that takes calls."
)
CHECK_URL: Final = (
    "Ask the user to check this agent's URL in the configuration; it may not be an A2A agent."
)
CHECK_URL_IF_REPEATED: Final = (
    "If every answer is like this, ask the user to check this agent's URL."
)
CHECK_SIGNATURE: Final = (
    "Tell the user: nothing was sent. Who runs the agent can sign its card with a known key; the "
    "user can check keys in the configuration (signature). Until then use another agent."
)
CHECK_PINNED_VERSION: Final = (
    "Ask the user to check the version pinned for this agent, or its card; use another agent."
)
SET_VERSION: Final = (
    "The agent speaks another version of A2A than its card says; ask the user to set version "
    "for it in the configuration, or use another agent."
)

# --- calls that are refused ---

CORRECT_ARGUMENTS: Final = "Correct the arguments and call again."
BRIDGE_FAILED: Final = (
    "This server failed inside; that is its mistake, not one of the call. "
    "Tell the user; its log on stderr says more."
)


def no_such_argument(tool: str, given: str, meant: str) -> str:
    """Say that an argument is probably a mistyped one."""
    return f"{tool} has no argument {given!r}. Did you mean {meant!r}?"


def arguments_ignored(names: str) -> str:
    """Say that some arguments have no effect."""
    return f"Ignored arguments that this tool does not have: {names}."
