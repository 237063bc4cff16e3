"""How what an agent says of a task changes what is known of it. Pure.

`after_news` takes an event of a stream or a read, which leads to the next phase by the table in
`state`. What was known already is no news: a repeated piece, or a question that was answered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from a2a_mcp.a2a.model import (
    Message,
    StreamEvent,
    Task,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from a2a_mcp.a2a.updates import apply, belongs, with_said
from a2a_mcp.tracking.happenings import Heard, Read
from a2a_mcp.tracking.phases import (
    Break,
    Ended,
    Lost,
    Replied,
    Running,
    Sent,
    State,
    Waiting,
    asks_again,
    become,
    is_past,
    spoken_in,
)
from a2a_mcp.tracking.replay import Tails, after_repeat, all_parts, with_read
from a2a_mcp.tracking.sameness import is_unchanged

KEPT_SPOKEN: Final = 20
WORKING: Final = TaskState.WORKING


def concerns(state: State, event: StreamEvent) -> bool:
    """Return whether an event is news: it is of this task, and was not read before."""
    if not isinstance(state, Ended):
        return belongs(state.task, event) and after_repeat(_tails(state), event) is None
    if state.message is not None:
        return False
    return isinstance(event, Message) or (isinstance(event, Task) and belongs(state.task, event))


def as_told(state: State, event: StreamEvent) -> StreamEvent:
    """Return an event as waiting calls are told it.

    An answered question is not asked again, and a message beside a task is a step of the task.
    """
    if isinstance(event, Message) and state.task:
        past = is_past(state, state.task)
        status = TaskStatus(state=WORKING if past else state.task.state, message=event)
        return TaskStatusUpdateEvent(task_id=state.task.id, status=status)
    if isinstance(event, Task) and asks_again(state, event.status):
        return at_work(event)
    if isinstance(event, TaskStatusUpdateEvent) and asks_again(state, event.status):
        return event.model_copy(update={"status": TaskStatus(state=WORKING)})
    return event


def at_work(task: Task) -> Task:
    """Return a task whose question is answered as one that works: it asks nothing any more."""
    return task.model_copy(update={"status": TaskStatus(state=WORKING)})


def after_news(state: State, happening: Heard | Read) -> State:
    """Return the state after an event of a stream or a read."""
    after = _after_event(state, happening)
    if isinstance(happening, Read):
        return confirmed(after)
    return _mended(state, after) if happening.late else after


def confirmed(state: State) -> State:
    """Return the state after a read: an end is then as complete as it gets."""
    return replace(state, unread=False) if isinstance(state, Ended) else state


def _after_event(state: State, happening: Heard | Read) -> State:
    event = happening.event
    if not concerns(state, event):
        return _after_repeat(state, event)
    if isinstance(event, Message):
        return _after_message(state, event)
    task = apply(state.task, event)
    return state if task is None else _after_reaction(_shown(state, happening, task), event)


def _after_repeat(state: State, event: StreamEvent) -> State:
    """Return the state after an event that tells nothing new: a piece is repeated only once."""
    tails = after_repeat(_tails(state), event)
    if tails is None or not isinstance(state, Running | Waiting):
        return state
    return replace(state, tails=tails)


def _after_message(state: State, message: Message) -> State:
    """Return the state after a message: an answer, or one more thing said beside a task."""
    said = (*spoken_in(state), message)[-KEPT_SPOKEN:]
    if isinstance(state, Replied):
        return replace(state, spoken=said)
    if isinstance(state, Sent) and message.task_id:
        return become(Replied, state, spoken=said)
    if isinstance(state, Sent) or state.task is None:
        return become(Ended, state, message=message, unread=False)
    beside = replace(state, spoken=said, task=with_said(state.task, said))
    return _after_reaction(beside, message)


def _after_reaction(state: State, event: StreamEvent) -> State:
    """Return the state of a task whose agent may have reacted to the message with an event."""
    if not isinstance(state, Running | Waiting | Lost) or state.past is None:
        return state
    if isinstance(event, Task | TaskStatusUpdateEvent):
        return state if asks_again(state, event.status) else replace(state, moved=True)
    task = state.task
    if task and is_past(state, task) and task.state.stop:
        state = replace(state, task=at_work(task))
    return replace(state, moved=True)


def _shown(state: State, happening: Heard | Read, task: Task) -> State:
    """Return the phase of a task that has just shown itself."""
    late = _is_late(state, happening)
    task = with_said(task, spoken_in(state))
    if task.state.terminal:
        unread = not _lets_go(state) and _in_doubt(happening.event, task, late=late)
        return become(Ended, state, task=task, unread=unread)
    tails = _next_tails(state, happening)
    if task.state.stop and not is_past(state, task):
        return become(Waiting, state, task=task, late=late, tails=tails)
    facts = {"task": task, "late": late, "contact": None, "broken": _since_break(state, task)}
    if state.closed:
        return become(Lost, state, **facts)
    return become(Running, state, **facts, stalled=False, tails=tails)


def _is_late(state: State, happening: Heard | Read) -> bool:
    """Return whether what a stream says may have been read already."""
    if getattr(state, "late", False):
        return True
    return happening.late if isinstance(happening, Heard) else happening.beside


def _tails(state: State) -> Tails:
    return state.tails if isinstance(state, Running | Waiting) else ()


def _next_tails(state: State, happening: Heard | Read) -> Tails:
    """Return which pieces the open stream may repeat; without a stream none are repeated."""
    if isinstance(happening, Read):
        known = _tails(state)
        return with_read(known, state.task, happening.task) if happening.beside else ()
    if happening.late and isinstance(happening.event, Task):
        return all_parts(happening.event)
    return _tails(state)


def _in_doubt(event: StreamEvent, task: Task, *, late: bool) -> bool:
    """Return whether the agent's own store must be asked for the text of an ended task.

    Pieces that came late may have been in the whole task already; some streams carry no text.
    """
    return not isinstance(event, Task) and (late or not _said_anything(task))


def _said_anything(task: Task) -> bool:
    return bool(task.artifacts or (task.status.message and task.status.message.parts))


def _lets_go(state: State) -> bool:
    """Return whether nobody waits for a read: the task is closed, or all calls are released."""
    return state.closed or getattr(state, "released", False)


def _since_break(state: State, task: Task) -> Break | None:
    """Return what is known of a break after a task has shown itself.

    What the agent said before the break may come only now, so the first look is no sign of life.
    """
    known, before = getattr(state, "broken", None), state.task
    if known is Break.UNMOVED and before:
        return known if is_unchanged(task, before) else None
    return Break.UNMOVED if known else None


def _mended(before: State, state: State) -> State:
    """Return the state of a task whose agent speaks of it again, live.

    An agent that has hung up does so only with something new, not by showing the task once more.
    """
    if not isinstance(state, Running):
        return state
    if state.hung_up and before.task and is_unchanged(state.task, before.task):
        return state
    return replace(state, broken=None, hung_up=False)
