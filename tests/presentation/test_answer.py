"""The answer of an agent: found wherever it is, and shown once."""

from __future__ import annotations

import json

import pytest
from building import artifact, said, task

from a2a_mcp.a2a.model import (
    Message,
    Part,
    Role,
    Task,
    TaskState,
    TaskStatus,
)
from a2a_mcp.presentation import sentences, task_view

PNG = b"\x89PNG"


def file(words: bytes, media_type: str | None = "text/markdown", name: str | None = None) -> Part:
    return Part(kind="raw", raw=words, media_type=media_type, filename=name)


sent_file = Message(message_id="m", role=Role.AGENT, parts=(file(b"# Five\n\nIt is 5."),))


def viewed(known: Task) -> str:
    return task_view.of_task("agent", known).text


@pytest.mark.parametrize(
    "known",
    [
        task(artifacts=(artifact("It is 5."),)),
        task(message="It is 5."),
        task(history=(said("How much?", role=Role.USER), said("It is 5."))),
        task(message="It is 5.", artifacts=(artifact("It is 5."),)),
        task(message="It\nis  5.\n", artifacts=(artifact("It is 5."),)),
        task(message=" It is 5.\n", artifacts=(artifact("It is 5."),), history=(said("It is 5."),)),
    ],
    ids=[
        "artifact",
        "status",
        "history",
        "artifact and status",
        "other white space",
        "all three",
    ],
)
def test_an_answer_is_shown_once_wherever_the_agent_puts_it(known: Task) -> None:
    assert viewed(known).strip() == "It is 5."


def test_different_words_are_all_shown_with_results_before_closing_words() -> None:
    known = task(message="Anything else?", artifacts=(artifact("It is 5."),))
    assert viewed(known) == "It is 5.\n\nAnything else?"


def test_history_before_the_users_last_message_is_not_the_answer() -> None:
    known = task(history=(said("old answer"), said("new question", role=Role.USER)))
    assert viewed(known) == sentences.NO_CONTENT


def test_the_last_words_of_history_are_the_last_that_are_not_empty() -> None:
    question = said("question", role=Role.USER)
    assert viewed(task(history=(question, said("answer"), said("")))) == "answer"


def test_history_is_not_the_answer_of_a_running_task() -> None:
    assert viewed(task(TaskState.WORKING, history=(said("thinking"),))) == ""


def test_pieces_of_one_artifact_are_joined_without_a_separator() -> None:
    assert viewed(task(artifacts=(artifact("Ber", "lin", "", " wall"),))) == "Berlin wall"


def test_several_artifacts_are_named() -> None:
    first = artifact("Sunny.", artifact_id="a1", name="weather")
    second = artifact("Green.", artifact_id="a2")
    assert viewed(task(artifacts=(first, second))) == "[weather]\nSunny.\n\n[a2]\nGreen."


def test_one_artifact_is_not_labelled() -> None:
    assert viewed(task(artifacts=(artifact("Sunny.", name="weather"),))) == "Sunny."


def test_an_artifact_that_repeats_another_is_not_shown_twice() -> None:
    known = task(artifacts=(artifact("Same.", artifact_id="a"), artifact("Same.", artifact_id="b")))
    assert viewed(known).count("Same.") == 1


def test_data_repeated_in_another_order_is_not_shown_twice() -> None:
    first_order, other_order = ({"city": "Rome", "nights": 2}, {"nights": 2, "city": "Rome"})
    first, second = (
        artifact(Part(kind="data", data=data), artifact_id=name)
        for name, data in (("a", first_order), ("b", other_order))
    )
    assert viewed(task(artifacts=(first, second))) == f"[a]\n{json.dumps(first_order)}"


def test_closing_words_are_kept_if_a_result_only_looks_labelled() -> None:
    known = task(message="Total: 5", artifacts=(artifact("[draft]\nTotal: 5"),))
    assert viewed(known) == "[draft]\nTotal: 5\n\nTotal: 5"


@pytest.mark.parametrize(
    "answer",
    [
        task(artifacts=(artifact(file(b"# Five\n\nIt is 5.")),)),
        task(artifacts=(artifact(file(b"\xef\xbb\xbf# Five\n\nIt is 5.", None, "five.txt")),)),
        Task(id="t1", status=TaskStatus(state=TaskState.COMPLETED, message=sent_file)),
        task(history=(said("How much?", role=Role.USER), sent_file)),
        task(message="# Five\n\nIt is 5.", artifacts=(artifact(file(b"# Five\n\nIt is 5.")),)),
    ],
    ids=["artifact", "by its name", "status", "history", "said twice"],
)
def test_a_small_text_file_is_shown_as_the_answer(answer: Task) -> None:
    assert viewed(answer) == "# Five\n\nIt is 5."


def test_a_text_file_among_other_parts_stands_below_its_name() -> None:
    known = task(artifacts=(artifact("See:", file(b"5", "text/csv", "a.csv"), "That is all."),))
    assert viewed(known) == "See:\n[file 'a.csv': text/csv, 1 bytes]\n5\nThat is all."


def test_a_file_within_a_text_is_mentioned_where_it_stands() -> None:
    known = task(artifacts=(artifact("The chart:", Part(kind="raw", raw=PNG, filename="c.png")),))
    assert viewed(known) == "The chart:\n[file 'c.png': image/png, 4 bytes]"


@pytest.mark.parametrize(
    "unshown",
    [
        file(b"x" * 6_001),
        file(b"\xff\xfe", "text/plain"),
        file(b"PK\x03\x04", "application/zip"),
        file(b"", "text/plain"),
    ],
    ids=["too long", "not UTF-8", "no text", "empty"],
)
@pytest.mark.parametrize("words", [(), ("Done.",)], ids=["alone", "with text"])
def test_a_file_that_the_text_does_not_hold_is_named_with_its_id_in_both_channels(
    unshown: Part, words: tuple[str, ...]
) -> None:
    view = task_view.of_task("agent", task(artifacts=(artifact(*words, unshown),)))
    for channel in (view.prose(), json.dumps(view.structured())):
        assert "artifact_id" in channel
        assert "answer" in channel


def test_a_file_in_an_earlier_message_is_named_although_it_would_be_short_enough() -> None:
    asked = said("How much?", role=Role.USER)
    view = task_view.of_task("agent", task(message="Done.", history=(asked, sent_file)))
    assert "- artifact_id message-" in view.prose()


def test_a_file_beside_text_adds_no_text() -> None:
    picture = artifact(Part(kind="raw", raw=b"PNG"), artifact_id="p")
    assert viewed(task(artifacts=(picture, artifact("A dot.")))) == "[answer]\nA dot."


def test_what_several_artifacts_say_together_is_not_said_again_by_the_status() -> None:
    artifacts = (artifact("One.", artifact_id="a"), artifact("Two.", artifact_id="b"))
    assert viewed(task(message="One.\n\nTwo.", artifacts=artifacts)) == "[a]\nOne.\n\n[b]\nTwo."
