from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.a2a.model import (
    Artifact,
    Message,
    Part,
    Role,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from a2a_mcp.a2a.updates import after_replay, apply, belongs


def task(state: TaskState = TaskState.WORKING, *artifacts: Artifact) -> Task:
    return Task(id="t", status=TaskStatus(state=state), artifacts=artifacts)


def message(text: str, message_id: str = "") -> Message:
    return Message(message_id=message_id, role=Role.AGENT, parts=(Part(kind="text", text=text),))


def status(state: TaskState, said: Message | None = None, **more: str) -> TaskStatusUpdateEvent:
    has_result = TaskStatus(state=state, message=said)
    return TaskStatusUpdateEvent(**{"task_id": "t", "status": has_result, **more})


def artifact(*texts: str, artifact_id: str = "a") -> Artifact:
    parts = tuple(Part(kind="text", text=text) for text in texts)
    return Artifact(artifact_id=artifact_id, parts=parts)


def piece(given: Artifact, *, append: bool = False) -> TaskArtifactUpdateEvent:
    return TaskArtifactUpdateEvent(task_id="t", artifact=given, append=append)


def fold(*events: StreamEvent) -> Task:
    folded: Task | None = None
    for event in events:
        folded = apply(folded, event)
    assert folded is not None
    return folded


def texts(folded: Task) -> dict[str, list[str]]:
    return {a.artifact_id: [part.text for part in a.parts] for a in folded.artifacts}


def test_a_whole_task_replaces_what_was_known() -> None:
    folded = fold(task(TaskState.WORKING, artifact("old")), task(TaskState.WORKING))
    assert folded.artifacts == ()


def test_a_snapshot_after_a_resubscription_does_not_double_the_text() -> None:
    snapshot = task(TaskState.WORKING, artifact("one", "two"))
    chunks = [piece(artifact(text), append=True) for text in ("one", "two", "three")]
    folded = fold(task(), *chunks[:2], snapshot, chunks[2])
    assert texts(folded) == {"a": ["one", "two", "three"]}


def test_chunks_extend_their_artifact_and_others_stay() -> None:
    folded = fold(
        task(TaskState.WORKING, artifact("x", artifact_id="b")),
        piece(artifact("one")),
        piece(artifact("two"), append=True),
    )
    assert texts(folded) == {"b": ["x"], "a": ["one", "two"]}


def test_a_chunk_of_an_artifact_never_seen_begins_it() -> None:
    assert texts(fold(task(), piece(artifact("two"), append=True))) == {"a": ["two"]}


def test_an_artifact_without_append_replaces_the_one_of_its_id() -> None:
    assert texts(fold(task(), piece(artifact("one")), piece(artifact("two")))) == {"a": ["two"]}


def test_a_chunk_keeps_the_name_and_adds_its_metadata() -> None:
    named = Artifact(artifact_id="a", name="report", metadata={"x": 1})
    more = Artifact(artifact_id="a", name="other", metadata={"y": 2})
    (found,) = fold(task(), piece(named), piece(more, append=True)).artifacts
    assert (found.name, found.metadata) == ("report", {"x": 1, "y": 2})


def test_the_earlier_status_message_moves_to_the_history() -> None:
    folded = fold(
        task(),
        status(TaskState.WORKING, message("thinking", "m1")),
        status(TaskState.WORKING, message("searching", "m2")),
        status(TaskState.COMPLETED, message("done", "m3")),
    )
    assert [item.message_id for item in folded.history] == ["m1", "m2"]
    assert folded.status.message is not None
    assert folded.status.message.message_id == "m3"


def test_a_status_that_comes_twice_is_in_the_history_once() -> None:
    thinking = status(TaskState.WORKING, message("thinking", "m1"))
    folded = fold(task(), thinking, thinking, status(TaskState.COMPLETED))
    assert [item.message_id for item in folded.history] == ["m1"]


def test_messages_without_ids_are_kept_as_long_as_they_differ() -> None:
    folded = fold(
        task(),
        status(TaskState.WORKING, message("thinking")),
        status(TaskState.WORKING, message("thinking")),
        status(TaskState.WORKING, message("searching")),
        status(TaskState.COMPLETED),
    )
    assert [item.parts[0].text for item in folded.history] == ["thinking", "searching"]


def test_of_a_long_history_the_last_messages_stay_and_those_with_files() -> None:
    file = Part(kind="raw", raw=b"x", filename="a")
    said = [message(f"step {n}", f"m{n}") for n in range(200)]
    said[5] = said[5].model_copy(update={"parts": (file,)})
    folded = fold(task(), *(status(TaskState.WORKING, each) for each in (*said, message("end"))))
    assert [item.message_id for item in folded.history] == [
        "m5",
        *(f"m{n}" for n in range(190, 200)),
    ]
    whole = task().model_copy(update={"history": tuple(said)})
    assert fold(whole).history == folded.history


def test_files_from_before_a_message_of_the_user_that_is_dropped_are_dropped_too() -> None:
    file = message("", "file").model_copy(update={"parts": (Part(kind="raw", raw=b"x"),)})
    asked = message("now another", "user").model_copy(update={"role": Role.USER})
    said = (file, asked, *(message(f"step {n}", f"m{n}") for n in range(20)))
    folded = fold(task().model_copy(update={"history": said}))
    assert [item.message_id for item in folded.history] == [f"m{n}" for n in range(10, 20)]


def test_a_history_of_large_files_keeps_its_end() -> None:
    large = Part(kind="raw", raw=b"x" * 3_000_000)
    said = tuple(message("", f"m{n}").model_copy(update={"parts": (large,)}) for n in range(5))
    folded = fold(task().model_copy(update={"history": said}))
    assert [item.message_id for item in folded.history] == ["m3", "m4"]


def test_nothing_moves_a_task_out_of_a_terminal_state() -> None:
    for state in (TaskState.WORKING, TaskState.CANCELED, TaskState.INPUT_REQUIRED):
        folded = fold(task(TaskState.COMPLETED), status(state))
        assert folded.state is TaskState.COMPLETED
    assert fold(task(TaskState.COMPLETED), task(TaskState.WORKING)).state is TaskState.COMPLETED


def test_an_artifact_that_comes_after_the_end_is_kept() -> None:
    assert texts(fold(task(TaskState.COMPLETED), piece(artifact("late")))) == {"a": ["late"]}


def test_a_stream_without_a_whole_task_begins_one() -> None:
    folded = fold(status(TaskState.WORKING, context_id="c"), piece(artifact("one")))
    assert (folded.id, folded.context_id, folded.state) == ("t", "c", TaskState.WORKING)
    assert apply(None, piece(artifact("one"))) is not None


def test_an_event_that_names_no_task_begins_none() -> None:
    nameless = TaskStatusUpdateEvent(task_id=None, status=TaskStatus(state=TaskState.WORKING))
    assert apply(None, nameless) is None
    assert apply(None, message("hi")) is None


def test_a_context_that_comes_late_is_kept_and_a_known_one_stays() -> None:
    late = fold(task(), status(TaskState.WORKING, context_id="c"))
    assert late.context_id == "c"
    assert fold(late, status(TaskState.WORKING, context_id="other")).context_id == "c"


def test_an_event_of_another_task_does_not_belong() -> None:
    foreign = TaskStatusUpdateEvent(task_id="x", status=TaskStatus(state=TaskState.FAILED))
    nameless = TaskStatusUpdateEvent(task_id=None, status=TaskStatus(state=TaskState.FAILED))
    assert belongs(task(), status(TaskState.WORKING))
    assert belongs(task(), nameless)
    assert belongs(task(), message("hi"))
    assert belongs(None, foreign)
    assert not belongs(task(), foreign)
    assert not belongs(task(), Task(id="x", status=TaskStatus(state=TaskState.WORKING)))


@given(st.lists(st.text(max_size=5), min_size=1, max_size=10))
def test_chunks_give_the_whole_text_in_order(chunks: list[str]) -> None:
    folded = fold(task(), *(piece(artifact(text), append=True) for text in chunks))
    assert "".join(texts(folded)["a"]) == "".join(chunks)


ids = st.sampled_from(["a", "b", "c"])
changes = st.lists(
    st.tuples(ids, st.lists(st.text(max_size=5), max_size=3), st.booleans()), max_size=12
)


@given(changes)
def test_any_pieces_of_any_artifacts_are_merged_as_they_were_meant(
    told: list[tuple[str, list[str], bool]],
) -> None:
    meant: dict[str, list[str]] = {}
    for artifact_id, words, append in told:
        meant[artifact_id] = (meant.get(artifact_id, []) if append else []) + words
    events = [piece(artifact(*words, artifact_id=of), append=append) for of, words, append in told]
    folded = fold(task(), *events)
    assert texts(folded) == meant
    assert [a.artifact_id for a in folded.artifacts] == list(meant)


@given(changes, changes)
def test_a_snapshot_in_between_stands_for_all_before_it(
    before: list[tuple[str, list[str], bool]], after: list[tuple[str, list[str], bool]]
) -> None:
    first = [piece(artifact(*words, artifact_id=of), append=add) for of, words, add in before]
    then = [piece(artifact(*words, artifact_id=of), append=add) for of, words, add in after]
    snapshot = fold(task(), *first)
    assert fold(task(), *first, snapshot, *then) == fold(task(), *first, *then)


# --- what is told again after a snapshot ---

ONE, TWO, THREE = (Part(kind="text", text=word) for word in ("one ", "two ", "three "))


def test_a_piece_that_the_snapshot_holds_is_told_again_and_the_next_is_not() -> None:
    assert after_replay((ONE, TWO), (TWO,)) == ()
    assert after_replay((), (THREE,)) is None


def test_several_pieces_are_told_again_in_order() -> None:
    rest = after_replay((ONE, TWO, THREE), (TWO,))
    assert rest == (THREE,)
    assert after_replay(rest, (THREE,)) == ()


def test_an_event_without_pieces_leaves_the_others_to_be_told_again() -> None:
    assert after_replay((ONE, TWO), ()) == (ONE, TWO)


def test_a_new_piece_is_not_told_again() -> None:
    assert after_replay((ONE, TWO), (THREE,)) is None
    assert after_replay((ONE,), (ONE, TWO)) is None
