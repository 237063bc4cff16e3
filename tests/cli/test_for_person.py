"""What a model is told is said at the terminal without tools, and without a user beside it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import pytest

from a2a_mcp import errors, presentation
from a2a_mcp.agents import credential_faults, name_errors
from a2a_mcp.cli.for_person import SENTENCES, for_person
from a2a_mcp.presentation import sentences

SAMPLES: Final[dict[str, Any]] = {
    "int": 7,
    "float | None": 7,
    "bool": True,
    "str": "sample",
    "str | None": "sample",
}
FOR_MODELS: Final = re.compile(
    r"\b(agent_info|send_task|get_task|get_artifact|cancel_task|list_tasks|subscribe"
    r"|(un)?register_agent|task_id|context_id|artifact_id|webhook_url|[Tt]he user|[Tt]his server"
    r"|[Cc]all again)\b|\b(cursor|agent|offset|part|search|pointer)="
)
NEVER_AT_THE_TERMINAL: Final = (
    "join",
    "item_is_too_long",
    "line_is_too_long",
    "get_artifact_call",
    "OFFSET_PLACEHOLDER",
)
"""Pieces of an artifact are read by a model only: a person gets its files. `join` says nothing."""


def modules() -> list[ModuleType]:
    names = [each.name for each in pkgutil.iter_modules(presentation.__path__)]
    of_tools = "skill_sentences"  # about tools that hosts call; no command has them
    chosen = [name for name in names if name.endswith("sentences") and name != of_tools]
    return [importlib.import_module(f"a2a_mcp.presentation.{name}") for name in chosen]


def said(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield every sentence of a module with its name."""
    for name, value in vars(module).items():
        if isinstance(value, str) and name.isupper() and name not in NEVER_AT_THE_TERMINAL:
            yield name, value
        elif isinstance(value, dict) and name.isupper():
            yield from ((f"{name}.{key}", text) for key, text in value.items())
        elif inspect.isfunction(value) and name not in NEVER_AT_THE_TERMINAL:
            yield from ((name, text) for text in filled(value))


def filled(function: Any) -> Iterator[str]:
    """Yield what a function says, for either value of what may be true or not."""
    parameters = inspect.signature(function).parameters.values()
    for truth in (False, True):
        values = {
            each.name: truth if each.annotation == "bool" else SAMPLES.get(each.annotation, ["x"])
            for each in parameters
        }
        text = function(**values)
        if isinstance(text, str):
            yield text


def everything() -> list[tuple[str, str]]:
    return [
        (f"{module.__name__.rpartition('.')[2]}.{name}", text)
        for module in modules()
        for name, text in said(module)
    ]


def test_no_sentence_speaks_of_a_tool_at_the_terminal() -> None:
    assert len(everything()) > 200
    left = {
        name: told for name, text in everything() if FOR_MODELS.search(told := for_person(text))
    }
    assert left == {}


def test_no_row_of_the_table_stands_for_a_sentence_that_is_gone() -> None:
    assert [told for told in SENTENCES.values() if FOR_MODELS.search(for_person(told))] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (sentences.RUNNING, "It goes on at the agent. See it: a2a-mcp tasks follow t1"),
        (
            sentences.CONVERSATION_WENT_ON_NEXT.format(otherwise=sentences.INPUT_REQUIRED),
            "If that was the answer, see that task. Otherwise: "
            "Answer: a2a-mcp send it TEXT --task t1",
        ),
        (sentences.CONVERSATION_WAITS.format(task_id="t7"), "--task t7"),
        (sentences.UNKNOWN_TASK.format(task_id="x"), "No task 'x' is known."),
        (sentences.next_page("abc="), "--cursor abc="),
        ("Use another agent, or ask the user to enable it.", "a2a-mcp agents enable it"),
        ("If it is right, ask the user to set x, or add y.", "If it is right, set x, or add y."),
        (name_errors.none_configured().next_step, "Add one: a2a-mcp agents add URL"),
        ("Ask the user to check flow in auth.", "Check flow in auth."),
        ("Plain words stay as they are.\n", "Plain words stay as they are.\n"),
    ],
)
def test_advice_names_the_command_the_agent_and_the_task(text: str, told: str) -> None:
    assert told in for_person(text, "it", "t1")


def test_errors_of_names_and_credentials_speak_to_the_person() -> None:
    raised = [
        name_errors.none_configured(),
        name_errors.unknown_agent("ti", {"it": "it"}, ["it"]),
        name_errors.unknown_agent("ti", {"it": "it"}, []),
        name_errors.name_one_of(["it", "other"]),
        errors.SentBefore("it", "t1"),
        errors.ConsentNeeded("it"),
    ]
    steps = [for_person(error.next_step) for error in raised]
    steps += [for_person(error.message) for error in raised]
    steps += [
        for_person(value)
        for name, value in vars(credential_faults).items()
        if name.isupper() and isinstance(value, str)
    ]
    assert [step for step in steps if FOR_MODELS.search(step)] == []
