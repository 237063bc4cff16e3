"""The pieces that an open stream may repeat."""

from __future__ import annotations

from a2a_mcp.a2a.model import (
    Artifact,
    Part,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
)
from a2a_mcp.tracking.replay import after_repeat, all_parts, with_read


def parts(*texts: str) -> tuple[Part, ...]:
    return tuple(Part(kind="text", text=text) for text in texts)


def task(*texts: str) -> Task:
    artifact = Artifact(artifact_id="a", parts=parts(*texts))
    return Task(id="t1", status=TaskStatus(state=TaskState.WORKING), artifacts=(artifact,))


def piece(text: str, *, append: bool = True) -> TaskArtifactUpdateEvent:
    artifact = Artifact(artifact_id="a", parts=parts(text))
    return TaskArtifactUpdateEvent(task_id="t1", artifact=artifact, append=append)


def test_a_piece_of_the_whole_task_is_repeated_once() -> None:
    tails = after_repeat(all_parts(task("ha ")), piece("ha "))
    assert tails == (("a", ()),)
    assert after_repeat(tails, piece("ha ")) is None


def test_a_repeated_piece_ends_what_may_be_repeated_before_it() -> None:
    tails = after_repeat(all_parts(task("one ", "two ", "three")), piece("two "))
    assert tails == (("a", parts("three")),)


def test_an_artifact_that_is_sent_as_a_whole_repeats_nothing() -> None:
    assert after_repeat(all_parts(task("one ")), piece("one ", append=False)) is None


def test_a_read_beside_a_stream_adds_what_the_stream_has_not_told() -> None:
    assert with_read((), task("one "), task("one ", "two ")) == (("a", parts("two ")),)


def test_a_read_that_does_not_begin_with_what_was_told_adds_nothing() -> None:
    """The agent may store its pieces joined; then they cannot be compared."""
    assert with_read((), task("one ", "two "), task("one two three")) == ()
