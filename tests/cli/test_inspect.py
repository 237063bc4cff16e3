"""`a2a-mcp inspect`: what a model sees of an agent's skills, and what it may misread."""

from __future__ import annotations

import pytest
from commands import Home
from scripted import CARD, card, document, done, result, scripted

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.cli.work.findings import about_answer
from a2a_mcp.presentation.task_view import ArtifactView, TaskView

pytestmark = pytest.mark.anyio

SKILLS = [
    {"id": "a", "name": "ask", "description": "Asks", "tags": [], "examples": ["ask <me>"]},
    {"id": "b", "name": "bare", "description": "", "tags": []},
]
TWICE = "This sentence comes twice.\nThis sentence comes twice."


async def test_the_report_is_text_json_or_a_page(home: Home) -> None:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, skills=SKILLS)))
        agent.on("SendMessage", result({"task": done("Which <city>?")}))
        home.write(f'[agents.it]\nurl = "{agent.url}"\n')
        text = await home.run("inspect", "it")
        listed = await home.run("inspect", "it", "--json")
        page = await home.run("inspect", "it", "--html")
        assert [sent.message["parts"][0]["text"] for sent in agent.sends()] == ["ask <me>"] * 3
    assert text.code == listed.code == page.code == 1
    assert "! asks a question in a task that is completed" in text.out
    assert [len(each["findings"]) for each in listed.json] == [0, 1, 2]
    assert "Which <city>?" in listed.json[1]["text"]
    assert "Example: ask &lt;me&gt;" in page.out
    assert "--- structure: " in text.out
    assert text.out.endswith("\n3 points to look at.\n")
    assert "Which &lt;city&gt;?" in page.out
    assert "3 points to look at." in page.out
    assert "<city>" not in page.out


@pytest.mark.parametrize(
    ("view", "finding"),
    [
        (TaskView(state=TaskState.COMPLETED, text=TWICE), "text comes twice"),
        (TaskView(state=TaskState.COMPLETED), "says nothing"),
        (TaskView(state=TaskState.FAILED, text="no", failed=True), "ends as failed"),
        (TaskView(state=TaskState.COMPLETED, text="a", truncated=True), "too long"),
        (
            TaskView(state=TaskState.COMPLETED, text="a", artifacts=(ArtifactView("x"),)),
            "the artifact x has no name",
        ),
    ],
)
def test_what_a_model_may_misread_is_found(view: TaskView, finding: str) -> None:
    (found,) = about_answer(view)
    assert finding in found


def test_a_plain_answer_is_no_finding() -> None:
    assert about_answer(TaskView(state=TaskState.COMPLETED, text="Sunny.\nSunny.")) == []
