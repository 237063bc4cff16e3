"""The answer of an agent: found wherever it is, and shown once."""

from __future__ import annotations

import json

import pytest
from building import artifact, said, task

from a2a_mcp.a2a.model import (
    Part,
    Role,
    Task,
    TaskState,
)
from a2a_mcp.presentation import sentences, task_view


def viewed(known: Task) -> str:
    return task_view.of_task("agent", known).text


@pytest.mark.parametrize(
    "known",
    [
        task(artifacts=(artifact("It is 5."),)),
        task(message="It is 5."),
        task(history=(said("How much?", role=Role.USER), said("It is 5."))),
        task(message="It is 5.", artifacts=(artifact("It is 5."),)),
        task(message=" It is 5.\n", artifacts=(artifact("It is 5."),), history=(said("It is 5."),)),
    ],
    ids=["artifact", "status", "history", "artifact and status", "all three"],
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


def test_a_file_beside_text_adds_no_text() -> None:
    picture = artifact(Part(kind="raw", raw=b"PNG"), artifact_id="p")
    assert viewed(task(artifacts=(picture, artifact("A dot.")))) == "[answer]\nA dot."
