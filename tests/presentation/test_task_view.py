"""What a model reads of a task: complete in both channels, without repeats, within its bounds."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from a2a_mcp.presentation import budget, sentences, task_view
from a2a_mcp.presentation.task_view import ArtifactView, TaskView, UpdateView

LIMIT = 10_000
PNG = b"\x89PNG\r\n\x1a\n" + bytes(62)


def text(words: str) -> Part:
    return Part(kind="text", text=words)


def said(*words: str, role: Role = Role.AGENT) -> Message:
    return Message(message_id="m", role=role, parts=tuple(map(text, words)))


def artifact(*parts: Part | str, artifact_id: str = "answer", name: str | None = None) -> Artifact:
    made = tuple(text(part) if isinstance(part, str) else part for part in parts)
    return Artifact(artifact_id=artifact_id, name=name, parts=made)


def task(state: TaskState = TaskState.COMPLETED, message: str | None = None, **more: Any) -> Task:
    status = TaskStatus(state=state, message=said(message) if message is not None else None)
    return Task(id="t1", context_id="c1", status=status, **more)


def viewed(known: Task) -> str:
    return task_view.of_task("agent", known).text


# --- where the answer is ---


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


def test_words_that_differ_are_all_shown_results_before_closing_words() -> None:
    known = task(message="Anything else?", artifacts=(artifact("It is 5."),))
    assert viewed(known) == "It is 5.\n\nAnything else?"


def test_history_of_before_the_users_last_message_is_not_the_answer() -> None:
    known = task(history=(said("old answer"), said("new question", role=Role.USER)))
    assert viewed(known) == sentences.NO_CONTENT


def test_the_last_words_of_history_are_the_last_that_say_anything() -> None:
    question = said("question", role=Role.USER)
    assert viewed(task(history=(question, said("answer"), said("")))) == "answer"


def test_words_on_the_way_are_not_taken_for_the_answer_of_a_running_task() -> None:
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


def test_data_told_again_in_another_order_is_not_shown_twice() -> None:
    told, retold = ({"city": "Rome", "nights": 2}, {"nights": 2, "city": "Rome"})
    first, second = (
        artifact(Part(kind="data", data=data), artifact_id=name)
        for name, data in (("a", told), ("b", retold))
    )
    assert viewed(task(artifacts=(first, second))) == f"[a]\n{json.dumps(told)}"


def test_closing_words_are_kept_when_a_result_merely_begins_with_brackets() -> None:
    known = task(message="Total: 5", artifacts=(artifact("[draft]\nTotal: 5"),))
    assert viewed(known) == "[draft]\nTotal: 5\n\nTotal: 5"


def test_data_is_shown_as_json_beside_text() -> None:
    data = Part(kind="data", data={"city": "Zürich", "rows": [1, 2.5, None]})
    assert viewed(task(artifacts=(artifact("Found:", data),))) == (
        'Found:\n{"city": "Zürich", "rows": [1, 2.5, null]}'
    )


def test_a_link_is_shown_with_where_it_leads() -> None:
    link = Part(kind="url", url="https://example.com/a.pdf", filename="a.pdf")
    assert viewed(task(artifacts=(artifact(link),))) == "[link 'a.pdf': https://example.com/a.pdf]"


def test_the_bytes_of_a_file_stand_nowhere_and_its_name_and_size_in_the_list() -> None:
    picture = artifact(Part(kind="raw", raw=PNG, media_type="image/png"), name="dot.png")
    view = task_view.of_task("agent", task(artifacts=(picture,)))
    assert view.text == sentences.ONLY_FILES
    assert view.artifacts == (ArtifactView("answer", "dot.png", "image/png", len(PNG)),)
    assert "artifact_id answer: dot.png, image/png, 70 bytes" in view.prose()
    assert "iVBOR" not in view.prose() + json.dumps(view.structured())


def test_files_beside_text_do_not_disturb_it() -> None:
    picture = artifact(Part(kind="raw", raw=PNG), artifact_id="p")
    assert viewed(task(artifacts=(picture, artifact("A dot.")))) == "[answer]\nA dot."


def test_an_unreadable_part_says_why() -> None:
    broken = Part(kind="empty", problem="the file's base64 could not be read", filename="x.png")
    assert viewed(task(artifacts=(artifact(broken),))) == (
        "[empty part 'x.png': the file's base64 could not be read]"
    )


def test_more_artifacts_than_are_listed_are_counted() -> None:
    many = tuple(
        artifact(Part(kind="raw", raw=b"x"), artifact_id=f"file-{n}")
        for n in range(task_view.SHOWN_ARTIFACTS + 5)
    )
    view = task_view.of_task("agent", task(artifacts=many))
    for channel in (view.prose(), json.dumps(view.structured())):
        assert str(len(many)) in channel


# --- states ---


@pytest.mark.parametrize("state", sorted(task_view.FAILURES))
def test_a_failure_is_an_error_with_the_agents_words(state: TaskState) -> None:
    view = task_view.of_task("agent", task(state, "no such city"))
    assert view.failed
    assert view.text == "no such city"
    assert view.next_step


@pytest.mark.parametrize("state", sorted(task_view.FAILURES))
def test_a_failure_without_words_says_so(state: TaskState) -> None:
    assert viewed(task(state)) == sentences.NO_REASON


def test_a_failure_takes_its_words_from_the_error_that_ended_the_stream() -> None:
    view = task_view.of_task("agent", task(TaskState.FAILED), reason="boom\x1b[31m")
    assert view.text == "boom\\u001b[31m"


def test_words_in_the_task_win_over_those_of_the_stream() -> None:
    view = task_view.of_task(
        "agent", task(TaskState.FAILED, "no such city"), reason="internal error"
    )
    assert view.text == "no such city"


@pytest.mark.parametrize("state", sorted(set(TaskState) - task_view.FAILURES))
def test_no_other_state_is_an_error(state: TaskState) -> None:
    assert not task_view.of_task("agent", task(state)).failed


@pytest.mark.parametrize("state", sorted(set(TaskState) - {TaskState.COMPLETED}))
def test_every_state_but_completed_says_what_to_do_next(state: TaskState) -> None:
    assert task_view.of_task("agent", task(state)).next_step


def test_an_empty_completion_is_said_and_not_an_empty_text() -> None:
    assert viewed(task()) == sentences.NO_CONTENT
    assert viewed(task(message="", artifacts=(artifact(""),))) != ""


def test_a_message_reply_is_completed_and_has_no_task() -> None:
    message = Message(message_id="m", role=Role.AGENT, parts=(text("hi"),), context_id="c9")
    view = task_view.of_message("agent", message)
    assert view.structured() == {
        "agent": "agent",
        "context_id": "c9",
        "state": "completed",
        "text": "hi",
    }
    assert task_view.of_message("agent", said()).text == sentences.NO_CONTENT


def test_text_of_an_agent_cannot_steer_a_terminal_or_a_reader() -> None:
    hostile = "a\x1b[2Jb\u202ec\ud800d\U000e0041e\r\nf\tg"
    part = artifact(hostile, artifact_id="id\u202e", name="n\x07")
    view = task_view.of_task("agent", task(message=hostile + "!", artifacts=(part, artifact("x"))))
    for channel in (view.prose(), json.dumps(view.structured(), ensure_ascii=False)):
        channel.encode()
        assert not set("\x1b\u202e\x07\U000e0041\r") & set(channel)


def test_letters_that_languages_and_emoji_need_stay() -> None:
    words = "می‌خواهم 👩‍👩‍👧 é🏴󠁧󠁢󠁳󠁣󠁴󠁿 עברית\u200f 日本"
    assert viewed(task(message=words)) == words


# --- events ---


def test_an_event_that_says_nothing_new_shows_only_its_state() -> None:
    event = TaskStatusUpdateEvent(task_id="t1", status=TaskStatus(state=TaskState.WORKING))
    assert task_view.of_event(TaskState.WORKING, event) == UpdateView("working", "")


def test_a_chunk_is_shown_whole_with_the_tasks_state() -> None:
    event = TaskArtifactUpdateEvent(task_id="t1", artifact=artifact("a\n", "b\n"))
    update = task_view.of_event(TaskState.WORKING, event)
    assert update
    assert (update.state, update.text) == ("working", "a\nb\n")


# --- both channels ---

names = st.text(max_size=40)
parts = st.one_of(
    st.builds(Part, kind=st.just("text"), text=st.text(max_size=300)),
    st.builds(Part, kind=st.just("raw"), raw=st.binary(max_size=20), media_type=st.none() | names),
    st.builds(Part, kind=st.just("url"), url=st.text(max_size=80), filename=st.none() | names),
    st.builds(
        Part,
        kind=st.just("data"),
        data=st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
            max_leaves=8,
        ),
    ),
    st.builds(Part, kind=st.just("empty"), problem=st.none() | names),
)
lists_of_parts = st.lists(parts, max_size=4).map(tuple)
messages = st.builds(Message, message_id=names, role=st.sampled_from(Role), parts=lists_of_parts)
artifacts = st.builds(
    Artifact, artifact_id=names.filter(bool), name=st.none() | names, parts=lists_of_parts
)
tasks = st.builds(
    Task,
    id=st.text(min_size=1, max_size=60),
    context_id=st.none() | st.text(min_size=1, max_size=60),
    status=st.builds(TaskStatus, state=st.sampled_from(TaskState), message=st.none() | messages),
    artifacts=st.lists(artifacts, max_size=25).map(tuple),
    history=st.lists(messages, max_size=3).map(tuple),
)


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [str(value)] if not isinstance(value, bool) else []


@given(tasks, st.none() | names)
@settings(max_examples=60, deadline=None)
def test_every_fact_of_the_structure_stands_in_the_text_too(known: Task, note: str | None) -> None:
    view = task_view.of_task("agent", known, note=note and note.strip())
    structure, prose = view.structured(), view.prose()
    if len(view.artifacts) == 1:  # shown whole as the text, it needs no entry of its own
        del structure["artifacts"]
    missing = [leaf for leaf in leaves(structure) if leaf.rstrip() not in prose]
    assert not missing


def test_the_text_begins_with_what_a_follow_up_needs() -> None:
    prose = task_view.of_task("weather", task(TaskState.WORKING)).prose()
    assert prose.startswith("weather · working · task_id t1 · context_id c1\n\n")


def test_the_structure_has_no_empty_members() -> None:
    assert task_view.of_task("agent", task(message="hi")).structured() == {
        "agent": "agent",
        "task_id": "t1",
        "context_id": "c1",
        "state": "completed",
        "text": "hi",
    }


def test_a_short_answer_costs_few_bytes_beside_its_text() -> None:
    ids = {"id": "0" * 36, "context_id": "1" * 36}
    view = task_view.of_task("echo", task(artifacts=(artifact("hello"),)).model_copy(update=ids))
    structure = json.dumps(view.structured(), separators=(",", ":"))
    assert len(view.prose().encode()) - len("hello") <= 250
    assert len(structure.encode()) - len("hello") <= 450


# --- fit ---


def sizes(view: TaskView) -> list[int]:
    structure = json.dumps(view.structured(), ensure_ascii=False, separators=(",", ":"))
    return [len(structure.encode()), len(view.prose().encode())]


def test_a_view_that_fits_is_left_as_it_is() -> None:
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
    told = int(cut.partition("[… ")[2].partition(" ")[0])
    assert abs(2001 - kept - told) <= 1


@pytest.mark.parametrize("channel", ["text", "structure"])
def test_a_cut_says_how_to_read_on(channel: str) -> None:
    known = task(artifacts=(artifact("x" * 30_000, artifact_id="report"),))
    view = budget.fit_task(task_view.of_task("agent", known), LIMIT)
    shown = view.prose() if channel == "text" else view.structured()["next_step"]
    assert 'get_artifact(task_id="t1", artifact_id="report"' in shown


def test_a_cut_says_where_the_rest_of_a_lone_text_begins() -> None:
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
def test_a_cut_of_more_than_a_lone_text_does_not_guess_where_its_rest_begins(known: Task) -> None:
    view = budget.fit_task(task_view.of_task("agent", known), LIMIT)
    assert "offset=" not in (view.next_step or "")
    assert re.search(r'get_artifact\(task_id="[^"]+", artifact_id="[^"]+"\)', view.next_step or "")


def test_a_cut_message_with_a_file_names_one_call_that_brings_both() -> None:
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
def test_no_word_of_an_agent_is_so_long_that_the_view_does_not_fit(field: str) -> None:
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
@settings(max_examples=60, deadline=None)
def test_any_task_fits_both_channels(known: Task, limit: int) -> None:
    assert max(sizes(budget.fit_task(task_view.of_task("agent", known), limit))) <= limit
