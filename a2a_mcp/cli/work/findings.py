"""What a host's model may misread in an agent: rules over its skills and its answers. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Final

from a2a_mcp.a2a.card_model import AgentSkill
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.presentation.task_view import TaskView

LEAST_DOUBLED: Final = 20
"""Characters from which a line that comes twice is meant to come once."""


def about_skill(skill: AgentSkill) -> list[str]:
    """Return what a model misses in a skill."""
    missing = []
    if not skill.description:
        missing.append("no description: a model cannot tell when to use this skill")
    if not skill.examples:
        missing.append("no example: a model must guess how to ask for it")
    return missing


def about_answer(view: TaskView) -> list[str]:
    """Return what a model may misread in an answer."""
    found = [f"text comes twice: {line[:60]!r}" for line in _doubled(view.text)]
    found += [
        f"the artifact {artifact.artifact_id} has no name"
        for artifact in view.artifacts
        if not artifact.name and not artifact.in_text
    ]
    if view.truncated:
        found.append("too long for one result: a model sees its beginning, and must ask for more")
    if view.failed:
        found.append(f"the example ends as {view.state}")
    if view.state is TaskState.COMPLETED and view.text.rstrip().endswith("?"):
        found.append("asks a question in a task that is completed: use input-required")
    if view.state and view.state.stop and not view.text and not view.artifacts:
        found.append("says nothing")
    return found


def _doubled(text: str) -> list[str]:
    lines = Counter(line.strip() for line in text.splitlines())
    return [line for line, times in lines.items() if times > 1 and len(line) >= LEAST_DOUBLED]
