"""Messages of agents as artifacts: which are listed, which ids they have, how they are found."""

from __future__ import annotations

from typing import Any

import pytest

from a2a_mcp.a2a.model import Artifact, Message, Part, Role, Task, TaskState, TaskStatus
from a2a_mcp.presentation import message_artifacts, task_view
from a2a_mcp.presentation.budget import fit_task

PNG = Part(kind="raw", raw=b"\x89PNG\r\n\x1a\n", filename="dot.png", media_type="image/png")
PDF = Part(kind="raw", raw=b"%PDF-1.7", filename="r.pdf", media_type="application/pdf")
LINK = Part(kind="url", url="https://example.com/r.pdf")


def text(words: str) -> Part:
    return Part(kind="text", text=words)


def data(value: Any) -> Part:
    return Part(kind="data", data=value)


def said(*parts: Part, role: Role = Role.AGENT, message_id: str = "m") -> Message:
    return Message(message_id=message_id, role=role, parts=parts)


def task(
    *history: Message, status: Message | None = None, artifacts: tuple[Artifact, ...] = ()
) -> Task:
    standing = TaskStatus(state=TaskState.COMPLETED, message=status)
    return Task(id="t", status=standing, history=history, artifacts=artifacts)


def named(known: Task) -> list[str | None]:
    return [made.name for made in message_artifacts.with_files(known)]


QUESTION = said(text("Draw"), role=Role.USER)


# --- which are listed ---


@pytest.mark.parametrize("file", [PNG, LINK])
def test_a_message_with_a_file_is_listed_from_status_and_history(file: Part) -> None:
    spoken = said(text("Look."), file)
    for known in (task(QUESTION, spoken), task(QUESTION, status=spoken), task(status=spoken)):
        (made,) = message_artifacts.with_files(known)
        assert made.parts == spoken.parts


def test_messages_are_listed_in_the_order_in_which_they_were_said() -> None:
    assert named(task(QUESTION, said(PNG), said(text("and")), status=said(PDF))) == [
        "dot.png",
        "r.pdf",
    ]


def test_messages_without_files_are_not_listed() -> None:
    known = task(QUESTION, said(text("a")), status=said(text("b"), data({"c": 1})))
    assert message_artifacts.with_files(known) == ()
    assert task_view.of_task("it", known).artifacts == ()


def test_a_file_that_an_artifact_holds_is_not_listed_again() -> None:
    made = Artifact(artifact_id="a", parts=(PNG,))
    assert named(task(QUESTION, status=said(text("Done."), PNG), artifacts=(made,))) == []
    assert named(task(QUESTION, status=said(PNG, PDF), artifacts=(made,))) == ["dot.png, r.pdf"]


def test_messages_of_the_user_and_of_earlier_turns_are_not_listed() -> None:
    before = said(PDF), said(text("Again"), PNG, role=Role.USER)
    assert named(task(*before, status=said(text("Done.")))) == []


def test_a_repeated_message_is_listed_once() -> None:
    assert named(task(QUESTION, said(PNG, message_id="a"), status=said(PNG, message_id="b"))) == [
        "dot.png"
    ]


def test_the_first_of_many_messages_are_listed_and_all_are_counted() -> None:
    many = tuple(said(Part(kind="raw", raw=bytes([n]))) for n in range(25))
    view = task_view.of_task("it", task(QUESTION, *many))
    assert len(view.artifacts) == 20
    assert "25 artifacts in all" in (view.note or "")


# --- their ids ---


def only_id(known: Task) -> str:
    (made,) = message_artifacts.with_files(known)
    return made.artifact_id


def test_an_id_stays_when_the_message_moves_and_its_data_changes_order() -> None:
    now = said(data({"a": 1, "b": {"c": 2, "d": 3}}), PNG, message_id="one")
    later = said(data({"b": {"d": 3, "c": 2}, "a": 1}), PNG, message_id="another")
    first = only_id(task(QUESTION, status=now))
    moved = task(QUESTION, later, said(text("Next?"), role=Role.USER), status=said(text("Done.")))
    found = message_artifacts.find(moved, first)
    assert found
    assert found.parts == later.parts


def test_messages_with_different_content_have_different_ids() -> None:
    parts = [(PNG,), (PDF,), (PNG, PDF), (text("a"), PNG), (data("a"), PNG), (LINK,)]
    assert len({only_id(task(status=said(*each))) for each in parts}) == len(parts)


def test_an_artifact_with_that_id_keeps_it_and_the_message_gets_another() -> None:
    spoken = said(text("\ud800"), PNG)
    theirs = Artifact(artifact_id=only_id(task(status=spoken)), parts=(PDF,))
    known = task(status=spoken, artifacts=(theirs,))
    ours = only_id(known)
    assert ours != theirs.artifact_id
    found = message_artifacts.find(known, ours)
    assert found
    assert found.parts == spoken.parts
    assert message_artifacts.find(known, theirs.artifact_id) is None


def test_a_message_of_the_user_is_not_found() -> None:
    own = said(text("Draw"), PNG, role=Role.USER)
    asked = only_id(task(status=said(text("Draw"), PNG)))
    assert message_artifacts.find(task(own), asked) is None


# --- long texts ---

LINES = "".join(f"line {number}\n" for number in range(2_000))


@pytest.mark.parametrize(
    "known",
    [
        task(QUESTION, status=said(text(LINES))),
        task(QUESTION, said(text(LINES))),
        task(QUESTION, said(text(LINES)), status=said(text("Task completed successfully"))),
    ],
)
def test_a_message_that_is_cut_is_listed_with_the_offset_of_its_rest(
    known: Task,
) -> None:
    view = fit_task(task_view.of_task("it", known), 2_000)
    (listed,) = view.artifacts
    found = message_artifacts.find(known, listed.artifact_id)
    assert found
    assert found.parts == (text(LINES),)
    offset = len(view.text.partition("\n\n[…")[0])
    assert f'artifact_id="{listed.artifact_id}", offset={offset})' in (view.next_step or "")
    assert fit_task(task_view.of_task("it", known), 100_000).artifacts == ()


def test_a_message_that_repeats_an_artifact_is_not_listed_beside_it() -> None:
    made = Artifact(artifact_id="a", parts=(text(LINES),))
    known = task(QUESTION, status=said(text(LINES)), artifacts=(made,))
    view = fit_task(task_view.of_task("it", known), 2_000)
    assert [listed.artifact_id for listed in view.artifacts] == ["a"]


def test_an_earlier_message_that_is_not_shown_is_not_listed_for_a_cut_text() -> None:
    made = Artifact(artifact_id="a", parts=(text(LINES[:9_000]),))
    known = task(QUESTION, said(text(LINES[::-1])), artifacts=(made,))
    view = fit_task(task_view.of_task("it", known), 2_000)
    assert [listed.artifact_id for listed in view.artifacts] == ["a"]


def test_the_longer_of_an_artifact_and_a_message_is_named_and_both_are_listed() -> None:
    made = Artifact(artifact_id="a", parts=(text("short\n" * 100),))
    known = task(QUESTION, status=said(text(LINES)), artifacts=(made,))
    view = fit_task(task_view.of_task("it", known), 2_000)
    assert len(view.artifacts) == 2
    assert f'artifact_id="{view.artifacts[1].artifact_id}"' in (view.next_step or "")


def test_a_cut_answer_that_is_not_kept_says_that_the_rest_is_lost() -> None:
    view = fit_task(task_view.of_message("it", said(text(LINES))), 2_000)
    assert view.artifacts == ()
    assert "the rest cannot be read" in (view.next_step or "")
