"""Both channels within their limit, and what a cut says about the rest."""

from __future__ import annotations

import json
import re

import pytest
from building import artifact, task, text
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a_mcp.a2a.model import (
    Artifact,
    Message,
    Part,
    Role,
    Task,
    TaskState,
    TaskStatus,
)
from a2a_mcp.presentation import budget, task_view
from a2a_mcp.presentation.agent_view import AgentsView
from a2a_mcp.presentation.task_list_view import TaskListView
from a2a_mcp.presentation.task_view import TaskView, UpdateView

LIMIT = 10_000


def sizes(view: TaskView) -> list[int]:
    structure = json.dumps(view.structured(), ensure_ascii=False, separators=(",", ":"))
    return [len(structure.encode()), len(view.prose().encode())]


def test_a_view_that_fits_is_returned_unchanged() -> None:
    view = task_view.of_task("agent", task(message="hi"))
    assert budget.fit_task(view, LIMIT) is view


@pytest.mark.parametrize("letter", ["a", "é", "日", "👩", '"', "\\", "\x00", "\n", "\t"], ids=repr)
def test_a_long_text_of_any_script_keeps_head_and_tail_within_the_limit(letter: str) -> None:
    words = f"BEGIN {letter * 60_000} END"
    view = budget.fit_task(task_view.of_task("agent", task(artifacts=(artifact(words),))), LIMIT)
    assert max(sizes(view)) <= LIMIT
    assert view.truncated
    assert view.text.startswith("BEGIN")
    assert view.text.endswith("END")
    assert "bytes left out" in view.text


def test_a_cut_uses_most_of_the_room() -> None:
    words = "".join(f"line {n}\n" for n in range(20_000))
    view = budget.fit_task(task_view.of_task("agent", task(artifacts=(artifact(words),))), LIMIT)
    assert max(sizes(view)) > LIMIT * 0.8


def test_a_cut_is_made_at_line_borders() -> None:
    rows = [f"row {n:05} of the table" for n in range(5000)]
    view = budget.fit_task(task_view.of_task("agent", task(message="\n".join(rows))), LIMIT)
    head, _, tail = view.text.partition("\n\n[… ")
    assert set(head.splitlines()) <= set(rows)
    assert set(tail.partition("…]\n\n")[2].splitlines()) <= set(rows)


def test_a_cut_counts_what_it_leaves_out() -> None:
    cut = budget.head_and_tail("a" * 1000 + "\n" + "b" * 1000, 900)
    kept = cut.partition("\n\n[…")[0].count("a") + cut.partition("…]")[2].count("b")
    counted = int(cut.partition("[… ")[2].partition(" ")[0])
    assert abs(2001 - kept - counted) <= 1


@pytest.mark.parametrize("channel", ["text", "structure"])
def test_a_cut_says_how_to_read_on(channel: str) -> None:
    known = task(artifacts=(artifact("x" * 30_000, artifact_id="report"),))
    view = budget.fit_task(task_view.of_task("agent", known), LIMIT)
    shown = view.prose() if channel == "text" else view.structured()["next_step"]
    assert 'get_artifact(task_id="t1", artifact_id="report"' in shown


def test_a_cut_of_many_artifacts_says_that_each_is_read_by_its_id() -> None:
    many = tuple(artifact(f"word{n} " * 500, artifact_id=f"a{n}") for n in range(12))
    view = budget.fit_task(task_view.of_task("agent", task(artifacts=many)), LIMIT)
    assert 'one by one, the largest with get_artifact(task_id="t1", artifact_id="a' in view.prose()


WORDS = artifact("word " * 9_000, artifact_id="w")
DATA = artifact(Part(kind="data", data=["x" * 99] * 900))
JSON_FILE = artifact(Part(kind="raw", raw=b"[%s1]" % (b"1, " * 30_000), filename="rows.json"))


@pytest.mark.parametrize(
    ("artifacts", "named"),
    [((DATA,), True), ((WORDS, DATA), True), ((WORDS, JSON_FILE), True), ((WORDS,), False)],
    ids=["data", "data beside a text", "a file of JSON beside a text", "a text"],
)
def test_a_cut_names_a_pointer_where_the_most_is_json(
    artifacts: tuple[Artifact, ...], named: bool
) -> None:
    view = budget.fit_task(task_view.of_task("agent", task(artifacts=artifacts)), LIMIT)
    assert view.truncated
    assert ("pointer= for a member" in (view.next_step or "")) is named


def test_a_cut_of_one_text_names_the_offset_of_the_rest() -> None:
    words = "".join(f"Zeile {n}: schön 👩\n" for n in range(5_000))
    known = task(artifacts=(artifact(words),))
    view = budget.fit_task(task_view.of_task("agent", known), LIMIT)
    found = re.search(r"offset=(\d+)\)", view.next_step or "")
    assert found
    head = view.text.partition("\n\n[… ")[0]
    assert head + words[int(found[1]) :] == words


@pytest.mark.parametrize(
    "known",
    [
        task(message="Both are done.", artifacts=(artifact("x" * 30_000),)),
        task(artifacts=(artifact("x" * 30_000), artifact("y", artifact_id="b"))),
        task(artifacts=(artifact(Part(kind="data", data=["x" * 99] * 300)),)),
    ],
    ids=["a message too", "two artifacts", "data"],
)
def test_a_cut_of_more_than_one_text_names_no_offset(known: Task) -> None:
    view = budget.fit_task(task_view.of_task("agent", known), LIMIT)
    assert "offset=" not in (view.next_step or "")
    assert re.search(r'get_artifact\(task_id="[^"]+", artifact_id="[^"]+"\)', view.next_step or "")


def test_a_cut_message_with_a_file_names_one_call_that_reads_both() -> None:
    file = Part(kind="raw", raw=b"%PDF", filename="r.pdf")
    said = Message(message_id="m", role=Role.AGENT, parts=(text("x" * 30_000), file))
    view = budget.fit_task(task_view.of_message("agent", said, "pending-1"), LIMIT)
    assert (view.next_step or "").count("get_artifact(") == 1
    assert 'get_artifact(task_id="pending-1", artifact_id="message-' in (view.next_step or "")


def test_a_question_that_is_cut_still_says_how_to_answer_it() -> None:
    known = task(TaskState.INPUT_REQUIRED, "Which? " * 5000)
    view = budget.fit_task(task_view.of_task("agent", known), LIMIT)
    assert "Answer with send_task" in (view.next_step or "")


def test_ids_and_state_survive_any_cut() -> None:
    known = task(artifacts=tuple(artifact("x" * 900, artifact_id=f"a{n}") for n in range(60)))
    view = budget.fit_task(task_view.of_task("agent", known, note="n" * 500), 1_500)
    assert (view.agent, view.task_id, view.context_id) == ("agent", "t1", "c1")
    assert view.state is TaskState.COMPLETED
    assert max(sizes(view)) <= 1_500


@pytest.mark.parametrize("field", ["name", "artifact_id", "media_type"])
def test_a_view_fits_however_long_an_agents_names_are(field: str) -> None:
    long = "w" * 50_000
    part = Part(kind="raw", raw=b"x", media_type=long if field == "media_type" else None)
    made = Artifact(
        artifact_id=long if field == "artifact_id" else "a",
        name=long if field == "name" else None,
        parts=(part,),
    )
    view = budget.fit_task(task_view.of_task("agent", task(artifacts=(made, artifact("x")))), LIMIT)
    assert max(sizes(view)) <= LIMIT


def test_a_long_reason_or_note_fits_too() -> None:
    view = task_view.of_task("agent", task(TaskState.FAILED), reason="r" * 40_000, note="n" * 1_200)
    assert max(sizes(budget.fit_task(view, LIMIT))) <= LIMIT


def test_many_updates_fit() -> None:
    updates = tuple(UpdateView("working", f"{n} " + "u" * 490) for n in range(100))
    view = task_view.of_task("agent", task(message="x" * 50_000))
    fitted = budget.fit_task(TaskView("agent", "t1", text=view.text, updates=updates), LIMIT)
    assert max(sizes(fitted)) <= LIMIT
    assert fitted.truncated


repeated = st.builds(lambda words, times: words * times, st.text(max_size=20), st.integers(0, 900))


large_parts = st.builds(Part, kind=st.just("text"), text=repeated) | st.builds(
    Part, kind=st.just("url"), url=repeated, filename=repeated
)


large_artifacts = st.builds(
    Artifact,
    artifact_id=st.text(min_size=1, max_size=20).map(lambda words: words * 9),
    name=st.none() | repeated,
    parts=st.lists(large_parts, max_size=3).map(tuple),
)


large_tasks = st.builds(
    Task,
    id=st.text(min_size=1, max_size=50),
    context_id=st.none() | st.text(min_size=1, max_size=50),
    status=st.builds(
        TaskStatus,
        state=st.sampled_from(TaskState),
        message=st.none()
        | st.builds(
            Message,
            message_id=st.just(""),
            role=st.just(Role.AGENT),
            parts=st.lists(large_parts, max_size=3).map(tuple),
        ),
    ),
    artifacts=st.lists(large_artifacts, max_size=25).map(tuple),
)


@given(large_tasks, st.sampled_from([3_000, 10_000, 40_000]))
@settings(max_examples=60)
def test_any_task_fits_both_channels(known: Task, limit: int) -> None:
    assert max(sizes(budget.fit_task(task_view.of_task("agent", known), limit))) <= limit


# --- lists and agents ---


def test_as_many_rows_of_a_list_are_counted_as_fit_into_both_channels() -> None:
    rows = tuple(
        {"agent": "it", "task_id": f"t{n}", "state": "working", "context_id": "c" * 50}
        for n in range(40)
    )
    view = TaskListView(rows)
    count = budget.count_fitting_rows(view, 2_000)
    assert 0 < count < 40
    assert budget.fits(TaskListView(rows[:count]), 2_000)
    assert not budget.fits(TaskListView(rows[: count + 1]), 2_000)
    assert budget.count_fitting_rows(view, 100_000) == 40
    assert budget.count_fitting_rows(view, 20) == 0


def test_an_agent_shows_as_many_skills_as_fit_and_counts_them_all() -> None:
    skills = [{"name": f"skill {n}", "description": "d" * 100} for n in range(30)]
    view = AgentsView(({"name": "it", "state": "ready", "credentials": "-", "skills": skills},), 1)
    assert budget.fit_agent(view, 100_000) is view
    fitted = budget.fit_agent(view, 2_000)
    assert budget.fits(fitted, 2_000)
    shown = fitted.agents[0]["skills"]
    assert 0 < len(shown) < 30
    assert fitted.note == f"30 skills in all; the first {len(shown)} are shown."
