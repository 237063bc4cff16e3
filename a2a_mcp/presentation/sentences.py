"""Every note and next step that a model reads of tasks, questions, agents and lists.

Pure text and small functions that fill a name or an id into it. It decides nothing, and no text
that an agent controls is part of a sentence unless the caller has scrubbed it. What is said after
an error is in `error_sentences`, of artifacts and cut text in `artifact_sentences`.
"""

from __future__ import annotations

from typing import Final


def join(*texts: str | None) -> str | None:
    """Return the texts that are set as one, with spaces between; None where none is set."""
    return " ".join(text for text in texts if text) or None


# --- tasks: sent, followed, read, cancelled (names in braces are filled in with `format`) ---

NOTHING_HEARD: Final = (
    "Nothing was heard from the agent yet. The message is on its way or being worked on: do not "
    "send it again. Call subscribe with this task_id to wait for it."
)
CONTACT_LOST: Final = (
    "Contact with the agent was lost; this is what was last known of the task: {reason}."
)
CONTACT_LOST_NEXT: Final = (
    "Whether the agent still works on it is not known. Call get_task with this task_id later; do "
    "not send the message again."
)
BROKEN_OFF: Final = (
    "The agent broke off its answer; this is the state it has reported since. If it stays so, tell "
    "the user."
)
ANSWERED_WITH_ERROR: Final = (
    "The agent answered this message with an error, and its task stands as it did before: {reason}"
)
ANSWERED_WITH_ERROR_NEXT: Final = (
    "Whether the agent carried the message out is not known. Tell the user; send it again only if "
    "that does no harm."
)
MESSAGE_REFUSED: Final = "The agent did not take the message: {reason}"
SENT_TO_RUNNING_TASK: Final = "The task {task_id} was at work already; the message went to it."
SENT_AFTER_END: Final = (
    "The task {task_id} had ended ({state}), so this is a new task in the same conversation."
)
ANSWER_AFTER_END: Final = "The task {task_id} has ended ({state}); the answer was not sent."
ANSWER_AFTER_END_NEXT: Final = "Call get_task with this task_id."
CONVERSATION_WAITS: Final = (
    "The task {task_id} of this conversation still waits for an answer; to answer it, give its "
    "task_id."
)
TAKEN_IN_NEW_TASK: Final = (
    "The agent took this message in a new task, {new}: go on with that one. The task {meant} stays "
    "as it was at the agent."
)
CONVERSATION_WENT_ON: Final = "The conversation went on with the task {task_id}."
CONVERSATION_WENT_ON_NEXT: Final = "If that was the answer, see that task. Otherwise: {otherwise}"
UPDATES_MISSED: Final = "{count} updates are not shown: more came than are kept."

TASK_HIDDEN_WHILE_RUNNING: Final = (
    "The agent does not show this task while it works on it; this is what it has said so far."
)
TASK_HIDDEN_OR_LOST: Final = (
    "The agent shows a task only when its work is done, so it may be at work or have lost it; this "
    "is what was last heard. If it stays so for long, tell the user."
)
TASK_FORGOTTEN: Final = (
    "The agent does not know this task any more; this is what it last said of it."
)
RESULT_KEPT_TASK_FORGOTTEN: Final = "{age}; the agent does not know this task any more."
RESULT_KEPT_AGENT_NOT_ASKED: Final = "{age}; the agent could not be asked: {reason}."
RESULT_NOT_KEPT: Final = "{said}; this server has kept no result of it (any more)"
ENDED_OTHERWISE: Final = (
    "The agent now reports this task as {now}, but it was seen to end: {then}. {end}"
)
KEPT_SINCE: Final = "Kept by this server since {since}, {ago} ago"
END_NOT_KEPT: Final = "What it said at its end is not kept (any more)."

ALREADY_ENDED: Final = "The task had already ended ({state}); nothing was cancelled."
ALREADY_ENDED_NEXT: Final = "get_task with this task_id shows what it ended with."
CANCELLATION_WANTED: Final = "Its cancellation was asked for."
CANCELLATION_CONFIRMED: Final = "Cancelled: the agent confirms it."
CANCELLATION_UNCONFIRMED: Final = "The agent was asked to cancel; this is the state it reports."
CANCELLATION_REFUSED: Final = "The agent did not cancel: {reason}"
CANCELLATION_UNREAD: Final = (
    "The agent was asked to cancel; its state could not be read since: {reason}"
)

# Errors of messages that have no task, or none yet.
ANSWERED_WITHOUT_TASK: Final = "The agent {agent!r} answered with a message: there is no task."
ANSWERED_WITHOUT_TASK_NEXT: Final = (
    "get_task with this task_id shows the answer; to go on, call send_task with the context_id "
    "that stands there."
)
TASK_NOT_NAMED: Final = (
    "The agent {agent!r} has not named the task yet: until it does, the task can be neither "
    "continued nor cancelled."
)
TASK_NOT_NAMED_NEXT: Final = (
    "Call get_task with this task_id later; once it shows the task's own task_id, try again with "
    "that."
)
ANSWER_NOT_KEPT: Final = (
    "The agent {agent!r} answered with a message, which is not kept (any more)."
)
ANSWER_NOT_KEPT_NEXT: Final = "Ask again if the answer is still wanted."
NO_TASK_MADE: Final = "The agent {agent!r} did not take the message: there is no task."
NO_TASK_MADE_NEXT: Final = "Send it again if the work is still wanted."
DELIVERY_UNKNOWN: Final = (
    "Delivery unknown: contact was lost before the agent {agent!r} named a task, and no task of "
    "the message (message_id {message_id}) can be found there. It may have been carried out."
)
DELIVERY_UNKNOWN_NEXT: Final = "Tell the user, and send it again only if they want that."

# Errors of ids that lead nowhere.
BAD_ID: Final = "That is no id: it is longer than {most} bytes, or not Unicode."
BAD_ID_NEXT: Final = "Give the id exactly as it was returned."
UNKNOWN_TASK: Final = "No task {task_id!r} is known."
UNKNOWN_TASK_NEXT: Final = (
    "Check the id with list_tasks; for a task that was not started here, name its agent with "
    "agent=."
)
UNKNOWN_TASK_AT: Final = "No task {task_id!r} is known at {agent}."
UNKNOWN_TASK_AT_NEXT: Final = "Check the id with list_tasks."
KNOWN_ELSEWHERE_NEXT: Final = "It is a task of {agents}: call again with that agent, or with none."
TASK_AT_MANY_AGENTS: Final = "More than one agent has a task {task_id!r}."
CONTEXT_AT_MANY_AGENTS: Final = "More than one agent has a conversation {context_id!r}."
NAME_ONE_AGENT_NEXT: Final = "Call again with agent= one of: {agents}."
TASK_OF_OTHER_CONTEXT: Final = (
    "The task {task_id!r} belongs to the context {own!r}, not to {named!r}."
)
TASK_OF_OTHER_CONTEXT_NEXT: Final = (
    "Leave context_id out, or leave task_id out to begin a new task."
)
CONTEXT_OF_OTHER_AGENT: Final = (
    "The context {context_id!r} belongs to the agent {own!r}, not to {named!r}."
)
CONTEXT_OF_OTHER_AGENT_NEXT: Final = (
    "Leave context_id out to begin a new conversation with this agent."
)
UNKNOWN_CONTEXT: Final = "No conversation with context_id {context_id!r} is known."
UNKNOWN_CONTEXT_NEXT: Final = (
    "Leave context_id out to begin a new one, or name its agent with agent=."
)

NO_CONTENT: Final = "(no content)"
ONLY_FILES: Final = "(no text; read the artifacts with get_artifact)"
NO_REASON: Final = "(the agent gave no reason)"

RUNNING: Final = (
    "The agent is not done yet. Call subscribe with this task_id to wait for it; do not send the "
    "message again."
)
STATE_UNKNOWN: Final = (
    "The agent does not say how far it is. Call get_task with this task_id later; do not send the "
    "message again."
)
FAILED: Final = "Tell the user, or send a corrected request as a new task."
REJECTED: Final = "The agent does not take this task. Change the request, or try another."
CANCELED: Final = "The task was stopped. Send a new task if it is still wanted."


def updates_left_out(count: int) -> str:
    """Return the line that stands for the earlier updates that a result does not hold."""
    return f"({count} earlier updates are left out)"


# --- questions and the person who answers them ---

INPUT_REQUIRED: Final = (
    "The agent asks for input. Answer with send_task and this task_id; ask the user if you do not "
    "know the answer, but never for a password."
)
AUTH_REQUIRED: Final = (
    "The agent waits for the user to sign in or approve. Show the user its words and link; never "
    "ask for a password. Then call get_task with this task_id."
)
ANSWER_WITH_DATA: Final = (
    "The agent asks for input with data, and may want data back: answer with send_task, this "
    'task_id, message "" and data, a list of {data, metadata}, in the form it asks for and with '
    "its ids; ask the user if you do not know the answer, but never for a password."
)
ANSWER_FUNCTION_CALL: Final = (
    "A function_call is answered with data {id, name, response} and its metadata, where "
    "function_call becomes function_response."
)
ANSWER_INTERRUPT: Final = (
    "An interrupt is answered with data {interruptResponse: {interruptId, response}} alone."
)

USER_ANSWERED: Final = "The user was asked, and answered."
ANSWER_SENT_BEFORE: Final = (
    "The user's answer to this question was sent before; nothing was sent again. If the task still "
    "waits, ask the user again."
)
ASKED_AGAIN: Final = (
    "The agent asks again what the user has answered in this call already, so the user was not "
    "asked a second time."
)
ANSWER_INCOMPLETE: Final = "The user left out a part of the answer, so nothing was sent."
SIGN_IN_NOT_SEEN: Final = "The user was shown the link, but the agent has not seen the sign-in yet."
SIGN_IN_NOT_SEEN_NEXT: Final = (
    "Call subscribe or get_task with this task_id once the user is done, or cancel_task."
)
TASK_UNREADABLE_NOW: Final = "The task could not be read just now."
USER_DECLINED: Final = "The user was asked and declined to answer."
QUESTION_CLOSED: Final = (
    "The question was closed without an answer; whether the user saw it is not known."
)
USER_LATE: Final = "The user was asked and did not answer in time."
QUESTION_NOT_SHOWN: Final = "The question could not be shown to the user."
STILL_NEEDS_ANSWER: Final = (
    "The task still waits. Go on as the user wants: send_task with this task_id and the answer, or "
    "cancel_task."
)
STILL_NEEDS_SIGN_IN: Final = (
    "The task still waits. Show the user its words and link; never ask for a password. Then call "
    "get_task with this task_id, or cancel_task."
)
NO_FORM: Final = (
    "The question seems to ask for a secret, so it was not shown to the user as a form. Do not "
    "send passwords, tokens or the like in a message."
)
NO_FORM_STEP: Final = (
    "Tell the user. Credentials of an agent belong into this server's configuration (auth). Answer "
    "with send_task and this task_id only what is no secret, or call cancel_task."
)


def too_many_questions(count: int) -> str:
    """Return the note for a call in which the user has answered `count` questions."""
    return f"The user has answered {count} questions in this call already."


# --- agents ---

AGENT_IS_FAILING: Final = (
    "The last call to this agent failed; the next one tries again. If it goes on, use another "
    "agent, or ask the user to check this one's URL and credentials (auth) in the configuration."
)
LOOK_AT_AN_AGENT: Final = "agent_info(agent=NAME) looks at an agent and shows its skills."
NO_AGENT_CONFIGURED: Final = (
    "No agent is configured: give this server a URL, A2A_AGENTS or agents.toml."
)


def more_agents(total: int, page: int) -> str:
    """Say how to see the next page of the list of agents."""
    return f'{total} agents in all; more with agent_info(agent="page={page}").'


def no_such_page(page: int) -> str:
    """Say that the list of agents ends before a page."""
    return f"There is no page {page}; agent_info without agent shows the first."


def skills_left_out(total: int, shown: int) -> str:
    """Say that not all skills of an agent are shown."""
    return f"{total} skills in all; the first {shown} are shown."


# --- lists and resources ---

NO_TASKS: Final = "No tasks."


def next_page(cursor: str) -> str:
    """Say how to list the next page of tasks."""
    return f'More with cursor="{cursor}".'


STATES_AS_LAST_SEEN: Final = "States are as last seen."
LIST_WITHOUT_REMOTE: Final = (
    "Leave out remote: list_tasks then lists those started through this server."
)
NEXT_PAGE_UNUSABLE: Final = "The agent's mark of the next page is too long to be used."
MESSAGE_WITHOUT_TASK: Final = {
    "submitted": "on its way, or lost at a restart",
    "completed": "answered without a task",
    "failed": "not taken",
    "unknown": "delivery unknown",
}
"""What is known of a message without a task, by its state."""
NO_TASK_KNOWN: Final = "no task is known"


def total_at_agent(total: int, agent: str) -> str:
    """Say how many tasks an agent has in all."""
    return f"{total} tasks in all at {agent}."


def more_rows_than_asked(count: int, limit: int) -> str:
    """Say that an agent sent more tasks than asked for, and that the rest was cut."""
    return f"{count} came although {limit} were asked for; cut."


def task_as_last_seen(reason: str) -> str:
    """Say that a task is shown from memory, and why."""
    return f"This state is as last seen; the agent could not be asked: {reason}."
