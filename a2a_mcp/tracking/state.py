"""What is known of one followed message: its phase, and how each happening changes it. Pure.

`advance(state, happening)` is the only place where a phase changes. No input or output, no clock,
no waiting: those are the business of `tracked_task`, which holds the value.

    Sent      the message is on its way, and the agent has named no task
    Running   a task is at work, or still shows the status it had before the message
    Waiting   the task has stopped at a new question or sign-in
    Ended     the agent has said its last word: a final state, or a message without a task
    Lost      this process no longer reads the task, which may go on at the agent

The table: a phase and a happening → the next phase. What is not named leaves the state as it is.

    Sent      Heard, Read      → Running, Waiting or Ended, by the state of the task. The stream may
                                 begin with a status instead of a task (agentstack, kagenti).
              Heard a message  → Ended: agents may answer without a task (A2A, section 3.1.1).
              Passed, Released → Sent: the stop is known, or calls go without a word.
              Closed           → Lost without a task: the agent may have the message.
    Running   Heard, Read      → Running, Waiting or Ended. A stop that equals `past` is Running:
                                 a2a-js 1.x answers with the task as it was, and a2a-sdk 1.x first
                                 moves the question to the history, so neither is a new question.
              Heard the end    → Ended and `unread`, where the stream said nothing (FastA2A), or
                                 was joined late and may have repeated pieces (a2a-sdk 1.3).
              Heard a failure  → Ended, also under another id in the same conversation: a2a-js 0.3
                                 reports a crash so.
              ReadFailed       → Running with `contact`: gateways answer 5xx while the agent works.
              Broken           → Running, `broken` until the task moves: a2a-sdk 0.x forgets tasks
                                 that crash, so a task may say "working" for ever.
              Refused          → Running; `refused` when the error is the agent's own. A gateway's
                                 504 is not: it gives up while the agent works.
              Faulted          → Running with `error`: some agents say only there why they fail.
              Passed           → Running that waits for what comes after the stop.
              Released         → Running with a result for those who wait.
              Closed           → Lost: too many tasks, silence, or an agent that forgot the task.
    Waiting   Heard, Read      → Running, Waiting or Ended: after a sign-in the stream goes on, and
                                 some agents keep it open at a question too. Lost where it was
                                 closed: nobody here reads what the task does now.
              Passed           → Running where `stop` is this stop: its question is answered.
              Refused, Faulted → Waiting with `error`, in case the task fails later.
              Closed           → Waiting and `closed`: the question stands.
    Ended     Heard            → Ended unchanged by pieces and statuses: they are in the end that
                                 was read. A whole task replaces it only when it has ended too:
                                 stores may say "working" after a stream's end (PraisonAI).
              Heard a message  → Ended with that message, which is the answer.
              Read, ReadFailed → Ended, no longer `unread`: it is as complete as it gets.
              Refused, Faulted → Ended with the error that says why the task failed.
              Closed, Released → Ended, no longer `unread`.
    Lost      Heard, Read      → Lost, Waiting or Ended: a caller has read the task.
              Passed           → Lost: what comes after the stop is read by another call.
              Closed           → Lost with the newer error.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

from a2a_mcp.a2a.errors import A2AError, AgentError
from a2a_mcp.a2a.model import Message, StreamEvent, Task, TaskState, TaskStatus
from a2a_mcp.a2a.updates import apply, belongs
from a2a_mcp.tracking.happenings import (
    Broken,
    Closed,
    Faulted,
    Happening,
    Heard,
    Passed,
    Read,
    ReadFailed,
    Refused,
    Released,
)
from a2a_mcp.tracking.phases import (
    Break,
    Ended,
    Error,
    Lost,
    Running,
    Sent,
    State,
    Waiting,
    is_past,
)
from a2a_mcp.tracking.replay import Tails, after_repeat, all_parts, with_read

_Phase = TypeVar("_Phase", Running, Waiting, Ended, Lost)


def advance(state: State, happening: Happening) -> State:
    """Return the state after a happening; the table is in the module's docstring."""
    match happening:
        case Heard() | Read():
            return _after_news(state, happening)
        case ReadFailed() | Broken():
            return _after_failure(state, happening)
        case Refused() | Faulted():
            return _after_error(state, happening)
        case Passed(stop):
            return _after_stop(state, stop)
        case Released():
            return _released(state)
        case Closed(error):
            return _closed(state, error)


def concerns(state: State, event: StreamEvent) -> bool:
    """Return whether an event is news: it is of this task, and was not read before."""
    if not isinstance(state, Ended):
        return belongs(state.task, event) and after_repeat(_tails(state), event) is None
    if state.message is not None:
        return False
    return isinstance(event, Message) or (isinstance(event, Task) and belongs(state.task, event))


def as_told(state: State, event: StreamEvent) -> StreamEvent:
    """Return an event as waiting calls are told it: an answered question is not asked again."""
    if isinstance(event, Task) and event.state.stop and is_past(state, event):
        return at_work(event)
    return event


def at_work(task: Task) -> Task:
    """Return a task whose question is answered as one that works: it asks nothing any more."""
    return task.model_copy(update={"status": TaskStatus(state=TaskState.WORKING)})


def _after_news(state: State, happening: Heard | Read) -> State:
    after = _after_event(state, happening)
    if isinstance(happening, Read):
        return _confirmed(after)
    return _mended(after) if happening.late else after


def _after_event(state: State, happening: Heard | Read) -> State:
    event = happening.event
    if not concerns(state, event):
        return _after_repeat(state, event)
    if isinstance(event, Message):
        return _become(Ended, state, message=event, unread=False)
    task = apply(state.task, event)
    return state if task is None else _shown(state, happening, task)


def _after_repeat(state: State, event: StreamEvent) -> State:
    """Return the state after an event that tells nothing new: a piece is repeated only once."""
    tails = after_repeat(_tails(state), event)
    if tails is None or not isinstance(state, Running | Waiting):
        return state
    return replace(state, tails=tails)


def _shown(state: State, happening: Heard | Read, task: Task) -> State:
    """Return the phase of a task that has just shown itself."""
    late = _is_late(state, happening)
    if task.state.terminal:
        unread = not _lets_go(state) and _in_doubt(happening.event, task, late=late)
        return _become(Ended, state, task=task, unread=unread)
    tails = _next_tails(state, happening)
    if task.state.stop and not is_past(state, task):
        return _become(Waiting, state, task=task, late=late, tails=tails)
    facts = {"task": task, "late": late, "contact": None, "broken": _since_break(state, task)}
    return (
        _become(Lost, state, **facts)
        if state.closed
        else _become(Running, state, **facts, tails=tails)
    )


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
        moved = (task.status, task.artifacts) != (before.status, before.artifacts)
        return None if moved else known
    return Break.UNMOVED if known else None


def _mended(state: State) -> State:
    """Return the state of a task whose agent speaks of it again, live."""
    return replace(state, broken=None) if isinstance(state, Running) else state


def _confirmed(state: State) -> State:
    """Return the state after a read: an end is then as complete as it gets."""
    return replace(state, unread=False) if isinstance(state, Ended) else state


def _after_failure(state: State, happening: ReadFailed | Broken) -> State:
    if not isinstance(state, Running):
        return _confirmed(state) if isinstance(happening, ReadFailed) else state
    broken = Break.UNREAD if isinstance(happening, Broken) else state.broken
    return replace(state, contact=happening.error, broken=broken)


def _after_error(state: State, happening: Refused | Faulted) -> State:
    error = happening.error
    if isinstance(state, Ended):
        return replace(state, error=error)
    if not isinstance(state, Running | Waiting):
        return state
    own = isinstance(happening, Refused) and _is_own(error)
    return replace(state, error=error, refused=own or state.refused)


def _is_own(error: A2AError) -> bool:
    """Return whether an error is the agent's own: a gateway's has no JSON-RPC code."""
    return isinstance(error, AgentError) and error.code is not None


def _after_stop(state: State, stop: TaskStatus) -> State:
    if isinstance(state, Ended):
        return state
    state = replace(state, past=stop)
    if not isinstance(state, Waiting) or not is_past(state, state.task):
        return state
    return _become(Lost, state) if state.closed else _become(Running, state)


def _released(state: State) -> State:
    if isinstance(state, Sent | Running | Waiting):
        return replace(state, released=True)
    return _confirmed(state)


def _closed(state: State, reason: Error | None) -> State:
    error = reason or state.error
    if isinstance(state, Ended):
        return replace(state, error=error, closed=True, unread=False)
    if isinstance(state, Waiting):
        return replace(state, error=error, closed=True)
    return _become(Lost, state, error=error)


def _become(phase: type[_Phase], state: State, **facts: Any) -> _Phase:
    """Return a phase with the facts it shares with the one before, and new ones."""
    names = (field.name for field in fields(phase))
    shared = {name: getattr(state, name) for name in names if hasattr(state, name)}
    return phase(**(shared | facts))
