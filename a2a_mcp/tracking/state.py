"""What is known of one followed message: its phase, and how each happening changes it. Pure.

`advance(state, happening)` is the only place where a phase changes; what an agent says goes through
`news`. No input or output, no clock, no waiting: those are the business of `tracked_task`.

    Sent      the message is on its way, and the agent has named no task
    Replied   the agent has sent a message that names a task, which must be read
    Running   a task is at work, or still shows the status it had before the message
    Waiting   the task has stopped at a new question or sign-in
    Ended     the agent has said its last word: a final state, or a message without a task
    Lost      this process no longer reads the task, which may go on at the agent

The table: a phase and a happening → the next phase. What is not named leaves the state as it is.

    Sent      Heard, Read      → Running, Waiting or Ended, by the state of the task. The stream may
                                 begin with a status instead of a task (agentstack, kagenti).
              Heard a message  → Ended: agents may answer without a task (A2A, section 3.1.1).
                                 Replied where it names a task: the state of that task decides.
              Passed, Released → Sent: the stop is known, or calls go without a word.
              Closed           → Lost without a task: the agent may have the message.
    Replied   Heard, Read      → Running, Waiting or Ended, by the state of the task.
              Heard a message  → Replied with one more.
              HungUp           → Replied; its task is `broken` like that of Running.
              Unfounded        → Ended with the message: agents may name a task that is in no store.
              Closed, Released → Ended with the message.
    Running   Heard, Read      → Running, Waiting or Ended. A stop that equals `past` is Running:
                                 a2a-js 1.x answers with the task as it was, and a2a-sdk 1.x first
                                 moves the question to the history, so neither is a new question.
                                 So is one that differs by its stamp alone, which some stores make
                                 at each read, until the agent has said anything else.
              Heard a message  → Running: one more thing said (Java servers). `spoken` keeps it.
              Heard the end    → Ended and `unread`, where the stream said nothing (FastA2A), or
                                 was joined late and may have repeated pieces (a2a-sdk 1.3).
              Heard a failure  → Ended, also under another id in the same conversation: a2a-js 0.3
                                 reports a crash so.
              ReadFailed       → Running with `contact`: gateways answer 5xx while the agent works.
              Broken, HungUp   → Running, `broken` until the task moves: a2a-sdk 0.x forgets tasks
                                 that crash, so a task may say "working" for ever.
              Settled          → Waiting at a question that is asked still, or again.
                                 Running and `stalled`, with a result for those who wait, where
                                 the agent has hung up: its executor may have raised.
              Refused          → Running; `refused` when the error is the agent's own. A gateway's
                                 504 is not: it gives up while the agent works.
              Faulted          → Running with `error`: some agents say only there why they fail.
              Passed           → Running that waits for what comes after the stop.
              Released         → Running with a result for those who wait.
              Closed           → Lost: too many tasks, silence, or an agent that forgot the task.
    Waiting   Heard a message  → Waiting: the question stands.
              Heard, Read      → Running, Waiting or Ended: after a sign-in the stream goes on, and
                                 some agents keep it open at a question too. Lost where it was
                                 closed: nobody here reads what the task does now.
              Passed           → Running where `stop` is this stop: its question is answered.
              Refused, Faulted → Waiting with `error`, in case the task fails later.
              Closed           → Waiting and `closed`: the question stands.
    Ended     Heard            → Ended unchanged by pieces and statuses: they are in the end that
                                 was read. A whole task replaces it only when it has ended too:
                                 stores may say "working" after a stream's end (PraisonAI).
              Heard a message  → Ended with one more thing said: it changes no state.
              Read, ReadFailed → Ended, no longer `unread`: it is as complete as it gets.
              Refused, Faulted → Ended with the error that says why the task failed.
              Closed, Released → Ended, no longer `unread`.
    Lost      Heard, Read      → Lost, Waiting or Ended: a caller has read the task.
              Passed           → Lost: what comes after the stop is read by another call.
              Closed           → Lost with the newer error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from a2a_mcp.a2a.errors import A2AError, AgentError
from a2a_mcp.a2a.model import Part, Task, TaskStatus
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
from a2a_mcp.tracking.news import after_news, confirmed
from a2a_mcp.tracking.phases import (
    Break,
    Ended,
    Error,
    Lost,
    Replied,
    Running,
    Sent,
    State,
    Waiting,
    become,
    is_in_doubt,
    is_past,
)

BETWEEN: Final = Part(kind="text", text="\n\n")


def advance(state: State, happening: Happening) -> State:
    """Return the state after a happening; the table is in the module's docstring."""
    match happening:
        case Heard() | Read():
            return after_news(state, happening)
        case HungUp() | Settled() | Unfounded():
            return _after_silence(state, happening)
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


def _after_silence(state: State, happening: HungUp | Settled | Unfounded) -> State:
    if isinstance(happening, HungUp):
        return _hung_up(state)
    if isinstance(state, Replied):
        return _answered(state) if isinstance(happening, Unfounded) else state
    return _settled(state) if isinstance(state, Running) else state


def _hung_up(state: State) -> State:
    if not isinstance(state, Replied | Running):
        return state
    return replace(state, broken=Break.UNREAD, hung_up=True)


def _answered(state: Replied) -> Ended:
    return become(Ended, state, message=state.spoken[-1])


def _settled(state: Running) -> State:
    """Return the state of a task that stands still: what it shows now is meant."""
    if is_in_doubt(state):
        return become(Waiting, state, task=_with_words(state), past=None)
    return replace(state, stalled=state.hung_up and state.broken is not None)


def _with_words(state: Running) -> Task:
    """Return a task whose question is preceded by what the agent said in reply to the answer."""
    said = tuple(part for message in state.spoken for part in (*message.parts, BETWEEN))
    asked = state.task.status.message
    if not said or asked is None:
        return state.task
    message = asked.model_copy(update={"parts": said + asked.parts})
    status = state.task.status.model_copy(update={"message": message})
    return state.task.model_copy(update={"status": status})


def _after_failure(state: State, happening: ReadFailed | Broken) -> State:
    if not isinstance(state, Running):
        return confirmed(state) if isinstance(happening, ReadFailed) else state
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
    state = replace(state, past=stop, moved=False)
    if not isinstance(state, Waiting) or not is_past(state, state.task):
        return state
    return become(Lost, state) if state.closed else become(Running, state)


def _released(state: State) -> State:
    if isinstance(state, Replied):
        return _answered(state)
    if isinstance(state, Sent | Running | Waiting):
        return replace(state, released=True)
    return confirmed(state)


def _closed(state: State, reason: Error | None) -> State:
    error = reason or state.error
    if isinstance(state, Ended):
        return replace(state, error=error, closed=True, unread=False)
    if isinstance(state, Waiting):
        return replace(state, error=error, closed=True)
    if isinstance(state, Replied):
        return replace(_answered(state), closed=True)
    return become(Lost, state, error=error)
