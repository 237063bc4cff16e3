"""The state of a followed message, for any order of what happens to it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.a2a.errors import AgentError, AgentUnreachable
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
from a2a_mcp.tracking.happenings import (
    Broken,
    Closed,
    Faulted,
    Happening,
    Heard,
    HungUp,
    Passed,
    Read,
    ReadFailed,
    Refused,
    Released,
    Settled,
    Unfounded,
)
from a2a_mcp.tracking.news import as_told, concerns
from a2a_mcp.tracking.phases import (
    Ended,
    Lost,
    Replied,
    Running,
    Sent,
    State,
    Waiting,
    awaits_reaction,
    is_broken_off,
    is_unanswered,
)
from a2a_mcp.tracking.state import advance

MOMENT = "2026-11-21T10:00:00Z"
OWN_ERROR = AgentError("wrong order", code=-32603)
GATEWAY_ERROR = AgentError("gateway timeout", status=504)
CUT = AgentUnreachable("cut")


def said(text: str, message_id: str = "", task_id: str | None = None) -> Message:
    return Message(
        message_id=message_id or text,
        role=Role.AGENT,
        parts=(Part(kind="text", text=text),),
        task_id=task_id,
    )


def status(state: TaskState, text: str = "", stamp: str | None = MOMENT) -> TaskStatus:
    message = said(text, message_id=f"{text} {stamp}") if text else None
    return TaskStatus(state=state, message=message, timestamp=stamp)


def task(at: TaskStatus, *pieces: str) -> Task:
    parts = tuple(Part(kind="text", text=text) for text in pieces)
    artifacts = (Artifact(artifact_id="a", parts=parts),) if parts else ()
    return Task(id="t1", context_id="c1", status=at, artifacts=artifacts)


def piece(text: str, *, append: bool = True) -> TaskArtifactUpdateEvent:
    artifact = Artifact(artifact_id="a", parts=(Part(kind="text", text=text),))
    return TaskArtifactUpdateEvent(task_id="t1", artifact=artifact, append=append)


def moved(to: TaskStatus) -> TaskStatusUpdateEvent:
    return TaskStatusUpdateEvent(task_id="t1", context_id="c1", status=to)


def after(state: State, *happenings: Happening) -> State:
    for happening in happenings:
        state = advance(state, happening)
    return state


def text_of(state: State) -> str:
    artifacts = state.task.artifacts if state.task else ()
    return "".join(part.text or "" for artifact in artifacts for part in artifact.parts)


WORKING = status(TaskState.WORKING)
QUESTION = status(TaskState.INPUT_REQUIRED, "Which?")
TAKEN = status(TaskState.INPUT_REQUIRED)
SIGN_IN = status(TaskState.AUTH_REQUIRED, "Sign in")
STAMPED_AGAIN = status(TaskState.INPUT_REQUIRED, "Which?", "2026-11-21T10:00:09Z")
TAKEN_AND_STAMPED = status(TaskState.INPUT_REQUIRED, "", "2026-11-21T10:00:09Z")
UNSTAMPED = status(TaskState.INPUT_REQUIRED, "Which?", None)
OTHER = status(TaskState.INPUT_REQUIRED, "Which size?", "2026-11-21T10:00:09Z")
DONE = status(TaskState.COMPLETED)
FAILED = status(TaskState.FAILED)

# --- any order of happenings ---

STATUSES = st.sampled_from([WORKING, QUESTION, TAKEN, SIGN_IN, DONE, FAILED])
GOING_ON = st.sampled_from([WORKING, QUESTION, TAKEN, SIGN_IN])
ERRORS = st.sampled_from([OWN_ERROR, GATEWAY_ERROR, CUT])


def tasks(at: st.SearchStrategy[TaskStatus]) -> st.SearchStrategy[Task]:
    return st.builds(lambda it, texts: task(it, *texts), at, st.lists(st.sampled_from("xyz")))


def events(at: st.SearchStrategy[TaskStatus]) -> st.SearchStrategy[StreamEvent]:
    return st.one_of(tasks(at), st.builds(moved, at), st.builds(piece, st.sampled_from("xyz")))


def happenings(at: st.SearchStrategy[TaskStatus]) -> st.SearchStrategy[Happening]:
    return st.one_of(
        st.builds(Heard, events(at), st.booleans()),
        st.builds(Read, tasks(at), st.booleans()),
        st.builds(ReadFailed, ERRORS),
        st.builds(Broken, ERRORS),
        st.sampled_from([HungUp(), Settled(), Unfounded()]),
        st.builds(Refused, ERRORS),
        st.builds(Faulted, ERRORS),
        st.builds(Passed, st.sampled_from([QUESTION, SIGN_IN])),
        st.builds(Released),
        st.builds(Closed, st.none() | ERRORS),
    )


ANY = st.lists(happenings(STATUSES), max_size=12)
BEFORE = st.sampled_from([None, QUESTION, SIGN_IN])


@given(past=BEFORE, order=ANY, more=ANY)
def test_an_ended_task_stays_ended(
    past: TaskStatus | None, order: list[Happening], more: list[Happening]
) -> None:
    ended = after(Sent(past=past), *order, Heard(moved(DONE)))
    had_result = ended.has_result
    for happening in more:
        ended = advance(ended, happening)
        assert isinstance(ended, Ended)
        assert ended.task
        assert ended.task.state.terminal
        assert ended.has_result or not had_result
        had_result = ended.has_result


@given(order=ANY, more=ANY)
def test_a_task_that_nobody_reads_any_more_stays_so(
    order: list[Happening], more: list[Happening]
) -> None:
    state = after(Sent(), *order, Closed())
    for happening in more:
        if isinstance(happening, Passed):
            continue
        state = advance(state, happening)
        assert state.closed
        assert state.has_result


@given(
    past=BEFORE, order=ANY, more=st.lists(happenings(GOING_ON)), end=st.sampled_from([DONE, FAILED])
)
def test_the_last_word_is_never_lost(
    past: TaskStatus | None, order: list[Happening], more: list[Happening], end: TaskStatus
) -> None:
    """The end may come on a stream or in a read, and anything but an end may come after it."""
    before = after(Sent(past=past), *order)
    last = end.model_copy(update={"message": said("the last word")})
    if isinstance(before, Ended):
        return
    for word in (Heard(moved(last)), Heard(task(last)), Read(task(last)), Read(task(last), True)):
        state = after(before, word, *more, Closed())
        assert isinstance(state, Ended)
        assert state.task
        assert state.task.status == last
        assert state.has_result


@given(past=BEFORE, order=ANY, more=ANY)
def test_an_answer_without_a_task_is_the_last_word(
    past: TaskStatus | None, order: list[Happening], more: list[Happening]
) -> None:
    before = after(Sent(past=past), *order)
    state = advance(before, Heard(said("hi")))
    if before.task:
        assert not (isinstance(state, Ended) and state.message)
        return
    first = state.message if isinstance(state, Ended) else None
    assert first is not None
    state = after(state, Heard(said("too late")), *more)
    assert isinstance(state, Ended)
    assert state.message == first
    assert state.has_result


@given(
    past=BEFORE,
    order=ANY,
    words=st.lists(st.builds(said, st.sampled_from("ab"), task_id=st.sampled_from([None, "t1"]))),
    more=ANY,
)
def test_a_message_beside_a_task_decides_nothing(
    past: TaskStatus | None, order: list[Happening], words: list[Message], more: list[Happening]
) -> None:
    """Without the messages, the task would have come to the same state."""
    before = after(Sent(past=past), *order)
    if before.task is None:
        return
    spoken_to = after(before, *map(Heard, words))
    assert type(spoken_to) is type(before)
    assert spoken_to.has_result == before.has_result
    ends = (Heard(moved(FAILED)), Read(task(FAILED)))
    for end in ends:
        with_words, without = after(spoken_to, *more, end), after(before, *more, end)
        assert with_words.task
        assert without.task
        assert with_words.task.state is without.task.state


@given(more=ANY)
def test_a_message_that_names_a_task_is_the_answer_only_where_there_is_none(
    more: list[Happening],
) -> None:
    replied = after(Sent(), Heard(said("hi", task_id="t1")))
    assert not replied.has_result
    for last in (Unfounded(), Closed(CUT), Released()):
        answered = advance(replied, last)
        assert isinstance(answered, Ended)
        assert answered.message == said("hi", task_id="t1")
        assert answered.has_result
    read = after(replied, Read(task(WORKING)), *more)
    assert not (isinstance(read, Ended) and read.message)


@given(
    order=st.lists(happenings(st.sampled_from([WORKING, QUESTION, TAKEN]))),
    late=st.booleans(),
)
def test_an_answered_question_is_not_asked_again(order: list[Happening], late: bool) -> None:
    """Neither the question nor what its agent leaves of it is a stop, or told as one."""
    state: State = Sent(past=QUESTION)
    for happening in order:
        if isinstance(happening, Passed):
            continue
        if isinstance(happening, Heard | Read):
            told = as_told(state, happening.event)
            assert not (isinstance(told, Task) and told.state.stop)
        state = advance(state, happening)
        assert not isinstance(state, Waiting | Ended)


SAME_QUESTION = st.sampled_from([QUESTION, TAKEN, STAMPED_AGAIN, TAKEN_AND_STAMPED, UNSTAMPED])
PASTS = st.sampled_from([QUESTION, STAMPED_AGAIN, UNSTAMPED])


@given(past=PASTS, looks=st.lists(SAME_QUESTION, min_size=1), beside=st.booleans())
def test_a_question_that_is_only_stamped_again_is_old(
    past: TaskStatus, looks: list[TaskStatus], beside: bool
) -> None:
    """Some stores make ids and time stamps at each read; some agents send neither."""
    state: State = Sent(past=past)
    for look in looks:
        for happening in (Read(task(look), beside), Heard(task(look)), Heard(moved(look))):
            told = as_told(state, happening.event)
            assert not (isinstance(told, Task) and told.state.stop)
            state = advance(state, happening)
            assert isinstance(state, Running)
            assert awaits_reaction(state)


@given(past=PASTS, anything=st.sampled_from([moved(WORKING), piece("x"), said("hm"), moved(OTHER)]))
def test_the_same_question_is_new_once_anything_else_was_heard(
    past: TaskStatus, anything: StreamEvent
) -> None:
    again = status(TaskState.INPUT_REQUIRED, "Which?", "2026-11-21T10:00:20Z")
    state = after(Sent(past=past), Read(task(STAMPED_AGAIN)), Heard(anything))
    for look in (Heard(moved(again)), Read(task(again))):
        asked = advance(state, look)
        assert isinstance(asked, Waiting)
        assert asked.task.status.message == again.message


@given(past=PASTS, look=st.sampled_from([STAMPED_AGAIN, UNSTAMPED]))
def test_the_same_question_is_new_when_it_stands_for_some_seconds(
    past: TaskStatus, look: TaskStatus
) -> None:
    state = after(Sent(past=past), Read(task(look)), Settled())
    certainly_old = look == past and past.timestamp is not None
    assert isinstance(state, Running if certainly_old else Waiting)
    if isinstance(state, Waiting):
        assert isinstance(advance(state, Read(task(look), beside=True)), Waiting)


def test_a_sign_in_is_not_asked_for_again_because_it_takes_long() -> None:
    past, look = (status(TaskState.AUTH_REQUIRED, "Sign in", stamp) for stamp in ("1", "2"))
    state = after(Sent(past=past), Read(task(look)), Settled())
    assert isinstance(state, Running)
    assert isinstance(advance(state, Read(task(DONE))), Ended)


@given(order=ANY, stop=st.sampled_from([QUESTION, SIGN_IN]))
def test_a_stop_that_was_dealt_with_is_not_waited_at(
    order: list[Happening], stop: TaskStatus
) -> None:
    state = after(Sent(), *order, Passed(stop))
    assert not (isinstance(state, Waiting) and state.task.status == stop)


# --- an agent that tells its pieces once, and a bridge that loses its stream ---


@dataclass
class Listener:
    """A call that hears what is told; it takes from a whole task what it has not heard yet."""

    text: str = ""
    pieces: list[str] = field(default_factory=list)

    def hear(self, event: StreamEvent) -> None:
        if isinstance(event, TaskArtifactUpdateEvent):
            told = event.artifact.parts[0].text or ""
            self.pieces.append(told)
            self.text += told
        elif isinstance(event, Task):
            whole = "".join(part.text or "" for it in event.artifacts for part in it.parts)
            self.text += whole[len(self.text) :]


@dataclass
class Reading:
    """A task read from an agent whose work has `size` pieces, all different."""

    size: int
    state: State = field(default_factory=Sent)
    told: int = 0
    shown: int = 0
    attached: bool = False
    listener: Listener = field(default_factory=Listener)

    def whole(self, count: int, at: TaskStatus = WORKING) -> Task:
        return task(at, *(f"<{n}>" for n in range(count)))

    def take(self, happening: Heard | Read) -> None:
        if concerns(self.state, happening.event):
            self.listener.hear(as_told(self.state, happening.event))
        self.state = advance(self.state, happening)

    def next_piece(self) -> None:
        if self.told < self.size:
            event = piece(f"<{self.told}>", append=self.told > 0)
            self.take(Heard(event, late=self.attached))
            self.told += 1

    def look_beside(self, ahead: int) -> None:
        """Read the task, which holds up to `ahead` pieces that the stream has not told."""
        if self.told:
            self.take(Read(self.whole(self.stored(ahead)), beside=True))

    def stored(self, ahead: int) -> int:
        """Return how many pieces the agent has stored: never fewer than it has shown."""
        self.shown = max(self.shown, min(self.told + ahead, self.size))
        return self.shown

    def attach_again(self, ahead: int, repeated: int) -> None:
        """Lose the stream; the next begins with the whole task and repeats its last pieces."""
        if not self.told:
            return
        self.state = advance(self.state, Broken(CUT))
        count = self.stored(ahead)
        self.attached = True
        self.take(Heard(self.whole(count), late=True))
        for n in range(max(count - repeated, 1), count):
            self.take(Heard(piece(f"<{n}>"), late=True))
        self.told = count

    def finish(self) -> None:
        while self.told < self.size:
            self.next_piece()
        self.take(Heard(moved(DONE), late=self.attached))
        if not self.state.has_result:
            self.take(Read(self.whole(self.size, DONE)))


STEPS = st.one_of(
    st.tuples(st.just("piece")),
    st.tuples(st.just("look"), st.integers(0, 3)),
    st.tuples(st.just("attach"), st.integers(0, 3), st.integers(0, 3)),
)


@given(size=st.integers(1, 8), steps=st.lists(STEPS, max_size=12))
def test_nothing_is_told_twice(size: int, steps: list[tuple[str, ...]]) -> None:
    reading = Reading(size)
    does = {
        "piece": reading.next_piece,
        "look": reading.look_beside,
        "attach": reading.attach_again,
    }
    for name, *numbers in steps:
        does[name](*numbers)  # type: ignore[operator]
    reading.finish()
    whole = "".join(f"<{n}>" for n in range(size))
    assert isinstance(reading.state, Ended)
    assert reading.state.has_result
    assert text_of(reading.state) == whole
    assert reading.listener.text == whole
    assert len(set(reading.listener.pieces)) == len(reading.listener.pieces)


@given(order=ANY, event=events(STATUSES))
def test_what_an_ended_task_hears_is_told_only_as_a_whole(
    order: list[Happening], event: StreamEvent
) -> None:
    ended = after(Sent(), *order, Read(task(DONE)))
    assert concerns(ended, event) is isinstance(event, Task)


# --- single cells of the table ---

BEGUN = Running(task=task(WORKING))
REPLIED = Replied(spoken=(said("hi", task_id="t1"),))


@pytest.mark.parametrize(
    ("state", "happening", "phase"),
    [
        (Sent(), Heard(moved(WORKING)), Running),
        (Sent(), Heard(moved(QUESTION)), Waiting),
        (Sent(), Heard(said("hi")), Ended),
        (Sent(past=QUESTION), Read(task(QUESTION)), Running),
        (Sent(past=QUESTION), Read(task(TAKEN)), Running),
        (Sent(past=QUESTION), Read(task(SIGN_IN)), Waiting),
        (Sent(), Heard(said("hi", task_id="t1")), Replied),
        (Sent(past=QUESTION), Read(task(STAMPED_AGAIN)), Running),
        (Sent(past=QUESTION), Read(task(OTHER)), Waiting),
        (REPLIED, Heard(said("and so on")), Replied),
        (REPLIED, Heard(moved(WORKING)), Running),
        (REPLIED, Read(task(QUESTION)), Waiting),
        (REPLIED, Read(task(FAILED)), Ended),
        (REPLIED, HungUp(), Replied),
        (REPLIED, Unfounded(), Ended),
        (REPLIED, Closed(CUT), Ended),
        (REPLIED, Released(), Ended),
        (Sent(), Broken(CUT), Sent),
        (BEGUN, Heard(said("hm")), Running),
        (BEGUN, HungUp(), Running),
        (BEGUN, Settled(), Running),
        (Waiting(task=task(QUESTION)), Heard(said("hm")), Waiting),
        (Ended(task=task(FAILED)), Heard(said("hm")), Ended),
        (Sent(), Closed(CUT), Lost),
        (BEGUN, Heard(moved(SIGN_IN)), Waiting),
        (BEGUN, Closed(), Lost),
        (Waiting(task=task(SIGN_IN)), Heard(moved(WORKING)), Running),
        (Waiting(task=task(SIGN_IN)), Passed(SIGN_IN), Running),
        (Waiting(task=task(SIGN_IN)), Passed(QUESTION), Waiting),
        (Waiting(task=task(SIGN_IN)), Closed(), Waiting),
        (Waiting(task=task(SIGN_IN), closed=True), Read(task(WORKING)), Lost),
        (Lost(), Read(task(WORKING)), Lost),
        (Lost(), Read(task(QUESTION)), Waiting),
        (Lost(), Read(task(DONE)), Ended),
    ],
)
def test_a_happening_leads_to_the_phase_that_the_table_names(
    state: State, happening: Happening, phase: type[State]
) -> None:
    assert type(advance(state, happening)) is phase


def test_an_end_of_which_the_stream_says_nothing_is_read() -> None:
    """FastA2A streams neither words nor results."""
    silent = advance(BEGUN, Heard(moved(DONE)))
    assert not silent.has_result
    assert advance(silent, Read(task(DONE, "x"))).has_result
    assert advance(silent, ReadFailed(CUT)).has_result
    assert advance(silent, Released()).has_result


def test_an_end_with_words_needs_no_read() -> None:
    assert after(BEGUN, Heard(piece("x")), Heard(moved(DONE))).has_result


def test_an_end_on_a_stream_that_was_joined_late_is_read() -> None:
    assert not after(BEGUN, Heard(piece("x"), late=True), Heard(moved(DONE))).has_result


def test_a_release_lets_calls_go_in_every_phase() -> None:
    for state in (Sent(), BEGUN, Waiting(task=task(QUESTION)), Ended(unread=True), Lost()):
        assert advance(state, Released()).has_result


def test_a_task_is_broken_off_until_it_moves() -> None:
    broken = advance(BEGUN, Broken(CUT))
    unmoved = after(broken, Read(task(WORKING, "x")), Read(task(WORKING, "x")))
    assert is_broken_off(broken)
    assert is_broken_off(unmoved)
    assert not is_broken_off(advance(unmoved, Read(task(WORKING, "x", "y"))))
    assert not is_broken_off(advance(broken, Heard(piece("x"), late=True)))


def test_a_failed_read_is_forgotten_when_the_agent_speaks_again() -> None:
    silent = advance(BEGUN, ReadFailed(CUT))
    assert isinstance(silent, Running)
    assert silent.contact is CUT
    assert advance(silent, Read(task(WORKING))) == BEGUN


def test_only_the_agents_own_error_is_a_refusal() -> None:
    asked = advance(Sent(past=QUESTION), Read(task(QUESTION)))
    assert awaits_reaction(asked)
    assert is_unanswered(advance(asked, Refused(OWN_ERROR)))
    assert not is_unanswered(advance(asked, Refused(GATEWAY_ERROR)))
    assert not is_unanswered(advance(asked, Faulted(OWN_ERROR)))


def test_a_refusal_stays_known_when_the_reading_ends() -> None:
    refused = after(Sent(past=QUESTION), Read(task(QUESTION)), Refused(OWN_ERROR), Closed())
    assert is_unanswered(refused)
    assert refused.error is OWN_ERROR


def test_why_a_task_failed_is_kept_when_only_its_stream_says_it() -> None:
    failed = after(BEGUN, Faulted(OWN_ERROR), Read(task(FAILED)))
    assert isinstance(failed, Ended)
    assert failed.error is OWN_ERROR
    assert advance(Ended(task=task(FAILED)), Refused(OWN_ERROR)).error is OWN_ERROR


def test_an_end_that_equals_the_status_before_the_message_is_an_end() -> None:
    """The message may have begun a new task because the old one had ended."""
    assert after(Sent(past=DONE), Read(task(DONE, "x"))).has_result


def test_an_end_is_told_as_an_end_though_it_equals_the_status_before_the_message() -> None:
    end = task(DONE, "x")
    assert as_told(Sent(past=DONE), end) is end


def test_what_was_said_beside_a_task_is_the_answer_of_an_end_without_words() -> None:
    words = said("42", task_id="t1")
    for end in (Heard(moved(DONE)), Read(task(DONE))):
        state = after(BEGUN, Heard(words), end, Read(task(DONE)))
        assert state.task
        assert state.task.history[-1] == words
        assert state.task.status.message is None


def test_what_was_said_beside_a_task_precedes_the_question_that_it_did_not_end() -> None:
    asked = after(Sent(past=QUESTION), Heard(said("Neither.", task_id="t1")), Read(task(QUESTION)))
    assert isinstance(asked, Running)
    settled = advance(asked, Settled())
    assert isinstance(settled, Waiting)
    message = settled.task.status.message
    assert message
    assert "".join(part.text for part in message.parts) == "Neither.\n\nWhich?"


def test_an_agent_that_hung_up_lets_calls_go_once_its_task_stands_still() -> None:
    hung_up = advance(BEGUN, HungUp())
    assert not hung_up.has_result
    assert not after(hung_up, Read(task(WORKING, "x")), Read(task(WORKING)), Settled()).has_result
    stalled = after(hung_up, Read(task(WORKING)), Settled())
    assert stalled.has_result
    assert is_broken_off(stalled)
    assert not advance(stalled, Read(task(WORKING))).has_result
    assert not advance(BEGUN, Settled()).has_result


def test_an_agent_that_has_hung_up_is_back_only_with_something_new() -> None:
    hung_up = advance(BEGUN, HungUp())
    assert is_broken_off(advance(hung_up, Heard(task(WORKING), late=True)))
    assert not is_broken_off(advance(hung_up, Heard(piece("x"), late=True)))
