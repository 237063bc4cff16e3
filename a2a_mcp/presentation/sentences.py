"""Every note and next step that a model reads, in one place: to change a wording, change it here.

Pure text and small functions that fill a name or an id into it. It decides nothing, and no text
that an agent controls is part of a sentence unless the caller has scrubbed it.
"""

from __future__ import annotations

from typing import Final


def join(*texts: str | None) -> str | None:
    """Return the texts that are set as one, with spaces between; None where none is set."""
    return " ".join(text for text in texts if text) or None


# --- tasks: sent, followed, read, cancelled ---

OFFSET_PLACEHOLDER: Final = ", offset=…"
"""Stands in `read_on` until it is known how much of the text is shown."""

TEXT_TOO_LONG: Final = "The text is too long to be shown whole; ask the agent for a shorter answer."
REST_IS_LOST: Final = (
    "The text is too long to be shown whole, and the rest cannot be read: the agent made no task "
    "of it, and the bridge keeps no results (keep_bytes or keep_days is 0). Ask for a shorter one."
)


def read_on(task_id: str, artifact_id: str) -> str:
    """Say how to read the rest of a text that was cut."""
    call = get_artifact_call(task_id, artifact_id)
    return f"The text is cut. Read on with {call}{OFFSET_PLACEHOLDER}), or search= for a phrase."


def get_artifact_call(task_id: str, artifact_id: str) -> str:
    """Return a call of get_artifact, without its closing parenthesis."""
    return f'get_artifact(task_id="{task_id}", artifact_id="{artifact_id}"'


def left_out(count: int) -> str:
    """Return the line that stands for `count` bytes left out of a text."""
    return f"[… {count} bytes left out …]"


# --- questions and the person who answers them ---

# --- artifacts and files ---

# --- agents ---


def skills_left_out(total: int, shown: int) -> str:
    """Say that not all skills of an agent are shown."""
    return f"{total} skills in all; the first {shown} are shown."


# --- lists and resources ---
