"""Every note and next step about artifacts and files, and about text that is cut or read in pieces.

Like `sentences`: pure text, and functions that fill in names, numbers and ids. No text of an agent
enters unless the caller has scrubbed it.
"""

from __future__ import annotations

from typing import Final

# --- text that is cut ---

OFFSET_PLACEHOLDER: Final = ", offset=…"
"""Stands in `read_on` until it is known how much of the text is shown."""

TEXT_TOO_LONG: Final = "The text is too long to be shown whole; ask the agent for a shorter answer."
REST_IS_LOST: Final = (
    "The text is too long to be shown whole, and the rest cannot be read: the agent made no task "
    "of it, and this server keeps no results (keep_bytes or keep_days is 0). Ask for a shorter one."
)


def saved_whole(path: str) -> str:
    """Say which file on the host's machine holds a text that was cut."""
    return f"The whole text is saved as {path}."


def read_on(task_id: str, artifact_id: str, *, is_data: bool, is_one_of_many: bool = False) -> str:
    """Say how to read the rest of a text that was cut; of many artifacts one is the example."""
    call = get_artifact_call(task_id, artifact_id)
    ways = "search= for a phrase"
    if is_data:
        ways += " or pointer= for a member"
    how = "Read the artifacts one by one, the largest" if is_one_of_many else "Read on"
    return f"The text is cut. {how} with {call}{OFFSET_PLACEHOLDER}), or {ways}."


def get_artifact_call(task_id: str, artifact_id: str) -> str:
    """Return a call of get_artifact, without its closing parenthesis."""
    return f'get_artifact(task_id="{task_id}", artifact_id="{artifact_id}"'


def left_out(count: int) -> str:
    """Return the line that stands for `count` bytes left out of a text."""
    return f"[… {count} bytes left out …]"


# --- artifacts and files ---

FILES_NOT_KEPT: Final = (
    "Its files cannot be read again: the agent made no task of this answer, and this server keeps "
    "no results (keep_bytes or keep_days is 0)."
)
NO_ITEMS: Final = "no items"


def sound_not_shown(part: int) -> str:
    """Say how to get a sound as audio; `part` is its place among the parts, counted from 0."""
    return f"its sound comes as a file; as audio with part={part}"


def read_files(task_id: str, artifact_id: str) -> str:
    """Say how to read the files of an answer without a task."""
    return f"Read its files with {get_artifact_call(task_id, artifact_id)})."


def note_before(note: str | None) -> str:
    """Return a note as it stands before a text; empty where there is none."""
    return f"Note: {note}\n\n" if note else ""


def artifacts_not_listed(total: int, listed: int) -> str:
    """Say that not all artifacts of a task are listed."""
    return f"{total} artifacts in all; the first {listed} are listed."


def more_media(count: int) -> str:
    """Say that some pictures or sounds did not fit into one result."""
    return f"{count} more pictures or sounds: read them one by one with part="


def more_files(count: int) -> str:
    """Say that some files did not fit into one result."""
    return f"and {count} more: read them one by one with part="


def which_range(unit: str, start: int, end: int, total: int) -> str:
    """Say which units are shown; `end` is exclusive."""
    return f"{unit} {start} to {end - 1} of {total}, counted from 0"


def line_is_too_long(number: int, size: int, offset: int) -> str:
    """Say how to read a line of `size` bytes that begins at character `offset`."""
    return f"line {number} is {size} bytes long: read it by characters, from offset={offset}"


def item_is_too_long(number: int, pointer: str) -> str:
    """Say how to read an item of a list that does not fit into one line."""
    return f"item {number} is too long for a list: read it with the pointer {pointer}/{number}"


def or_read_a_member(members: str) -> str:
    """Say that a large value can also be read by its members."""
    return f"Or read a member by pointer: {members}."


def phrase_does_not_occur(phrase: str, lines: int) -> str:
    """Say that a search found nothing."""
    return f"{phrase!r} does not occur in its {lines} lines."


def phrase_occurs_before(phrase: str, start: int, before: int) -> str:
    """Say that a search that was gone on with found nothing more."""
    return f"{phrase!r} does not occur from line {start} on; {before} lines before hold it."


def lines_hold_phrase(phrase: str, found: int, total: int) -> str:
    """Say how many lines a search found."""
    return f"{found} of {total} lines hold {phrase!r}; line numbers count from 0."


def search_on(shown: int, offset: int) -> str:
    """Say how to see the other hits of a search."""
    return f"These are {shown} of them; for more, search again with offset={offset}."


def too_large_to_read(what: str) -> str:
    """Say that a part is too large for one resource."""
    return f"{what} is too large to be read here; use get_artifact"
