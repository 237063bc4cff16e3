"""Pieces that each hold the whole text so far, although they are to be appended."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from a2a_mcp.a2a.cumulative import with_whole_texts
from a2a_mcp.a2a.decoding.events import decode_task
from a2a_mcp.a2a.model import (
    Artifact,
    Message,
    Part,
    Role,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from a2a_mcp.a2a.updates import apply

WORDS = st.text("ab \n", min_size=1, max_size=4)


def parts(*texts: str) -> tuple[Part, ...]:
    return tuple(Part(kind="text", text=text) for text in texts)


def ended(*texts: str, said: str = "", state: TaskState = TaskState.COMPLETED) -> Task:
    message = Message(message_id="m", role=Role.AGENT, parts=parts(said)) if said else None
    artifact = Artifact(artifact_id="a", parts=parts(*texts))
    return Task(id="t", status=TaskStatus(state=state, message=message), artifacts=(artifact,))


def told(task: Task) -> str:
    return "".join(part.text for part in task.artifacts[0].parts)


@given(st.lists(WORDS, min_size=2, max_size=6), st.sampled_from(["", "\n", " \n\n"]))
def test_cumulative_pieces_that_the_status_confirms_are_told_once(
    words: list[str], after: str
) -> None:
    whole = "".join(words)
    assume(whole.strip())
    task = with_whole_texts(ended(*accumulate(words), said=whole + after))
    assert told(task).split() == whole.split()


@given(st.lists(WORDS.filter(str.strip), min_size=3, max_size=6))
def test_pieces_that_grow_three_times_are_told_once(words: list[str]) -> None:
    assert told(with_whole_texts(ended(*accumulate(words)))) == "".join(words)


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_pieces_that_the_status_tells_as_a_whole_are_all_kept(words: list[str]) -> None:
    whole = "".join(words)
    assert told(with_whole_texts(ended(*words, said=f"{whole}!"))) == whole or _grow(words)


def _grow(words: list[str]) -> bool:
    """Return whether the pieces happen to repeat each other, as no prose does."""
    bare = ["".join(word.split()) for word in words if word.strip()]
    return len(bare) > 2 and all(a != b and b.startswith(a) for a, b in pairwise(bare))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("ha", "ha", "ha"), "hahaha"),
        (("ha", "ha", "ha"), ""),
        (("1", "10"), ""),
        (("1", "10"), "110"),
        (("one ", "two "), "one two "),
        (("one ", "one two ", "three"), ""),
        (("one",), "one"),
    ],
)
def test_pieces_in_doubt_are_all_kept(texts: tuple[str, ...], said: str) -> None:
    assert told(with_whole_texts(ended(*texts, said=said))) == "".join(texts)


def test_a_task_at_work_keeps_its_pieces() -> None:
    task = ended("one", "one two", "one two three", state=TaskState.WORKING)
    assert with_whole_texts(task) == task


def test_an_empty_last_piece_ends_no_text() -> None:
    assert told(with_whole_texts(ended("one", "one two", "", said="one two"))) == "one two"


def test_an_artifact_with_other_parts_is_left_as_it_is() -> None:
    task = ended("one", "one two", said="one two")
    data = Part(kind="data", data={"a": 1})
    artifact = task.artifacts[0].model_copy(update={"parts": (*task.artifacts[0].parts, data)})
    mixed = task.model_copy(update={"artifacts": (artifact,)})
    assert with_whole_texts(mixed) == mixed


def test_a_stream_and_a_read_tell_cumulative_pieces_once() -> None:
    task = ended("one", "one two", said="one two")
    known: Task | None = None
    for part in task.artifacts[0].parts:
        piece = Artifact(artifact_id="a", parts=(part,))
        known = apply(known, TaskArtifactUpdateEvent(task_id="t", artifact=piece, append=True))
    known = apply(known, TaskStatusUpdateEvent(task_id="t", status=task.status))
    assert known
    assert told(known) == "one two"
    said = {"role": "agent", "messageId": "m", "parts": [{"kind": "text", "text": "one two"}]}
    artifact = {
        "artifactId": "a",
        "parts": [{"kind": "text", "text": text} for text in ("one", "one two")],
    }
    status = {"state": "completed", "message": said}
    read = decode_task({"id": "t", "status": status, "artifacts": [artifact]})
    assert read
    assert told(read) == "one two"
