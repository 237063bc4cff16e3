"""What commands say instead of what a model is told: commands in the place of tools. Pure.

The notes and next steps of the bridge are written for a model. At the terminal each that names a
tool, or speaks of the user, is said in another way: whole sentences by a table, what remains by
rules over the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from a2a_mcp.presentation import (
    artifact_sentences,
    consent_sentences,
    error_sentences,
    push_sentences,
    registry_sentences,
    sentences,
    tenant_sentences,
)

GOES_ON: Final = "It goes on at the agent. See it: a2a-mcp tasks follow {task}"
SEE: Final = "See it: a2a-mcp tasks show {task}"
ANSWER: Final = "Answer: a2a-mcp send {agent} TEXT --task {task}"
LIST: Final = "The tasks are listed by: a2a-mcp tasks"
CHECK: Final = "See what is wrong: a2a-mcp check {agent}"

SENTENCES: Final[dict[str, str]] = {
    # tasks
    sentences.RUNNING: GOES_ON,
    sentences.NOTHING_HEARD: f"Nothing was heard from the agent yet. {GOES_ON}",
    sentences.STATE_UNKNOWN: f"The agent does not say how far it is. {SEE}",
    sentences.CONTACT_LOST_NEXT: f"Whether the agent still works on it is not known. {SEE}",
    sentences.BROKEN_OFF: (
        "The agent broke off its answer; this is the state it has reported since."
    ),
    sentences.ANSWERED_WITH_ERROR_NEXT: (
        "Whether the agent carried the message out is not known: send it again only if that does "
        "no harm."
    ),
    sentences.ANSWER_AFTER_END_NEXT: SEE,
    sentences.CONVERSATION_WAITS: (
        "The task {task_id} of this conversation still waits for an answer: "
        "a2a-mcp send {agent} TEXT --task {task_id}"
    ),
    sentences.TASK_HIDDEN_OR_LOST: (
        "The agent shows a task only when its work is done, so it may be at work or have lost it; "
        "this is what was last heard."
    ),
    sentences.ALREADY_ENDED_NEXT: SEE,
    sentences.ANSWERED_WITHOUT_TASK_NEXT: f"The answer is there: {SEE}",
    sentences.TASK_NOT_NAMED_NEXT: f"{SEE}; once it shows the task's own id, try again with that.",
    sentences.DELIVERY_UNKNOWN_NEXT: "Find out at the agent before you send it again.",
    sentences.UNKNOWN_TASK_NEXT: (
        f"{LIST}. For one that was not started on this machine, name its agent with --agent."
    ),
    sentences.UNKNOWN_TASK_AT_NEXT: LIST,
    sentences.KNOWN_ELSEWHERE_NEXT: "It is a task of {agents}: name that agent, or none.",
    sentences.NAME_ONE_AGENT_NEXT: "Name one of them with --agent: {agents}.",
    sentences.TASK_OF_OTHER_CONTEXT_NEXT: (
        "Leave --context out, or leave --task out to begin a new task."
    ),
    sentences.CONTEXT_OF_OTHER_AGENT_NEXT: (
        "Leave --context out to begin a new conversation with this agent."
    ),
    sentences.UNKNOWN_CONTEXT: "No conversation {context_id!r} is known.",
    sentences.UNKNOWN_CONTEXT_NEXT: "Leave --context out to begin a new one.",
    sentences.ONLY_FILES: "",
    sentences.FAILED: "",
    sentences.REJECTED: "The agent does not take this task.",
    sentences.CANCELED: "",
    # questions
    sentences.INPUT_REQUIRED: ANSWER,
    sentences.ANSWER_WITH_DATA: f"{ANSWER}; where it wants data, with --data JSON",
    sentences.ANSWER_FUNCTION_CALL: (
        "A function_call is answered with --data {{id, name, response}}."
    ),
    sentences.ANSWER_INTERRUPT: (
        "An interrupt is answered with --data {{interruptResponse: {{interruptId, response}}}}."
    ),
    sentences.AUTH_REQUIRED: (
        "The agent waits until you have signed in or agreed there. Then: "
        "a2a-mcp tasks follow {task}"
    ),
    sentences.SIGN_IN_NOT_SEEN: "The agent has not seen the sign-in yet.",
    sentences.SIGN_IN_NOT_SEEN_NEXT: "When it is done: a2a-mcp tasks follow {task}",
    sentences.STILL_NEEDS_ANSWER: f"The task still waits. {ANSWER}",
    sentences.STILL_NEEDS_SIGN_IN: (
        "The task still waits for you to sign in. Then: a2a-mcp tasks follow {task}"
    ),
    sentences.NO_FORM: "The question seems to ask for a secret: do not send passwords or tokens.",
    sentences.NO_FORM_STEP: (
        "Credentials of an agent belong into `auth` in agents.toml. What is no secret: "
        "a2a-mcp send {agent} TEXT --task {task}"
    ),
    # agents and lists
    "Use another agent, or ask the user to enable it.": "Enable it: a2a-mcp agents enable {agent}",
    sentences.AGENT_IS_FAILING: f"The last call to this agent failed. {CHECK}",
    sentences.LOOK_AT_AN_AGENT: "One agent with its skills: a2a-mcp agents show NAME",
    sentences.NO_AGENT_CONFIGURED: "No agent is configured. Add one: a2a-mcp agents add URL",
    sentences.more_agents(7001, 7002): "{n7001} agents in all: a2a-mcp agents",
    sentences.no_such_page(7001): "There is no page {n7001}. All are listed by: a2a-mcp agents",
    sentences.next_page("{cursor}"): "More: a2a-mcp tasks list --cursor {cursor}",
    sentences.LIST_WITHOUT_REMOTE: LIST,
    # artifacts
    artifact_sentences.read_on("{task}", "{artifact}", is_data=False): "The text is cut.",
    artifact_sentences.read_on(
        "{task}", "{artifact}", is_data=False, is_one_of_many=True
    ): "The text is cut.",
    artifact_sentences.read_on("{task}", "{artifact}", is_data=True): "The text is cut.",
    artifact_sentences.read_on(
        "{task}", "{artifact}", is_data=True, is_one_of_many=True
    ): "The text is cut.",
    artifact_sentences.get_artifact_call("{task}", "{artifact}") + ").": SEE,
    artifact_sentences.read_files("{task}", "{artifact}"): f"Its files are saved there: {SEE}",
    artifact_sentences.sound_not_shown(7001): "its sound comes as a file",
    artifact_sentences.more_media(7001): "{n7001} more pictures or sounds",
    artifact_sentences.more_files(7001): "and {n7001} more",
    artifact_sentences.too_large_to_read("{what}"): "{what} is too large to be read here",
    artifact_sentences.search_on(7001, 7002): "These are {n7001} of them.",
    # errors
    error_sentences.READ_TASK_LATER: f"The task may be going on all the same. {SEE}",
    error_sentences.CANCEL_AGAIN: (
        "It was not cancelled and may be going on. Again: a2a-mcp tasks cancel {task}"
    ),
    error_sentences.SEND_OTHER_CONTENT: (
        "Send another kind of content; what it takes is listed by: a2a-mcp agents show {agent}"
    ),
    error_sentences.TELL_WHAT_AGENT_SAID: "",
    error_sentences.TELL_USER: "",
    error_sentences.CHECK_SIGNATURE: (
        "Nothing was sent. Who runs the agent can sign its card with a known key; check the keys "
        "in `signature` of agents.toml."
    ),
    error_sentences.find_out_first(with_task=True): (
        f"It may have been carried out: find that out before you send anything again. {SEE}"
    ),
    error_sentences.find_out_first(with_task=False): (
        "It may have been carried out: find that out at the agent before you send it again."
    ),
    error_sentences.SET_CREDENTIALS: (
        "Set or correct `auth` of this agent in agents.toml. Which kind it wants: "
        "a2a-mcp check {agent}"
    ),
    error_sentences.READ_RESOURCE_METADATA: (
        "The page at resource_metadata, which was not opened, says who gives its tokens: if you "
        'trust that server, its address is the issuer of auth with type = "oauth".'
    ),
    error_sentences.CONFIGURE_EXTENSION: (
        "It wants a protocol extension. If your messages are to make use of it, write its URI into "
        "`extensions` of this agent in agents.toml."
    ),
    error_sentences.BRIDGE_FAILED: "That is a mistake of a2a-mcp; its log on stderr says more.",
    # consent, webhooks, registered agents, tenants
    consent_sentences.SENT_BEFORE_NEXT: LIST,
    consent_sentences.NOT_SENT_NEXT: "",
    push_sentences.NOT_SUPPORTED_NEXT: "Wait for the task: a2a-mcp tasks follow {task}",
    push_sentences.TARGET_UNREACHABLE: (
        "The agent {agent!r} is on another network and cannot reach this private URL. "
        "Nothing was sent."
    ),
    push_sentences.TARGET_NOT_ALLOWED_NEXT: (
        "Allow it: write its pattern into push_targets of [server] in agents.toml."
    ),
    push_sentences.target_not_allowed(()): (
        "No webhook is allowed: push_targets is empty. Nothing was sent."
    ),
    push_sentences.target_not_allowed(("{allowed}",)): (
        "This webhook is not allowed, only {allowed}. Nothing was sent."
    ),
    registry_sentences.TAKEN_NEXT: "Choose another name.",
    registry_sentences.TOO_MANY_NEXT: "Remove one that is no longer needed.",
    tenant_sentences.NOT_ALLOWED_NEXT: "Name one of them, or none.",
}
"""What is said at the terminal, by what a model is told; names in braces are filled in."""

RULES: Final[tuple[tuple[str, str], ...]] = (
    (r"Ask the user to give this server an agent: .*", "Add one: a2a-mcp agents add URL"),
    (r"\bagent_info lists them all\.", "All are listed by: a2a-mcp agents"),
    (r"\bagent_info says why\b", "a2a-mcp check says why"),
    (r"\bCall again with agent= one of: ", "Name one of them: "),
    (r"\b(?:[Cc]all|[Uu]se) get_task with this task_id\b", SEE),
    (r"\bsend_task to this agent shows them\b", "a message to this agent shows you"),
    (r" stay readable with get_task\b", " stay readable"),
    (r"\bget_task shows what the agent said\.", SEE),
    (r"; or if it is right, to ", "; or if it is right, "),
    (r",? or ask the user to ", ", or "),
    (r", ask the user to ", ", "),
    (r"\b[Aa]sk the user to (\w)", r"\a\1"),
    (r"\bask the user\b", "ask"),
    (r"\b[Tt]ell the user(?:, or use another agent\.?|[;:,.]?)\s*(\w?)", r"\a\1"),
    (r"\bthe user's\b", "your"),
    (r"\bThe user was\b", "You were"),
    (r"\b[Tt]he user (has|is|can)\b", r"you \1"),
    (r"\b[Tt]he user\b", "you"),
    (r"\bthis server's\b", "the bridge's"),
    (r"\b[Tt]his server\b", "the bridge"),
    (r"\b[Cc]all again\b", "try again"),
    (r"\btask_id\b", "task"),
    (r"\bcontext_id\b", "conversation"),
)
"""What is left: patterns and what stands in their place; `\\a` before a letter makes it large."""

_FIELD: Final = re.compile(r"\\\{(\w+)(?:!r)?\\\}|(?<!\d)(700\d)(?!\d)")
_LARGE: Final = re.compile(r"\a(\w?)")


def for_person(text: str, agent: str = "AGENT", task: str = "TASK") -> str:
    """Return a text of the bridge as a person at the terminal needs it."""
    known = {"agent": agent, "task": task}
    for pattern, told in _table():
        text = pattern.sub(_filled(told, known), text)
    for words, told in RULES:
        text = re.sub(words, told.replace("{task}", task), text)
    large = _LARGE.sub(lambda found: found[1].upper(), text)
    return large.strip() if large != text or not text.strip() else large


def _filled(told: str, known: dict[str, str]) -> Callable[[re.Match[str]], str]:
    def fill(found: re.Match[str]) -> str:
        return told.replace("!r}", "}").format(**known | found.groupdict())

    return fill


@cache
def _table() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the sentences as patterns, the longest first: some stand within others."""
    rows = sorted(SENTENCES.items(), key=lambda row: -len(row[0]))
    return tuple((_pattern(said), told) for said, told in rows)


def _pattern(sentence: str) -> re.Pattern[str]:
    seen: set[str] = set()

    def field(found: re.Match[str]) -> str:
        name = found[1] or f"n{found[2]}"
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>.+?)"

    return re.compile(_FIELD.sub(field, re.escape(sentence)))
