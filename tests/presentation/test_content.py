"""Parts as text: data, links and parts that could not be read."""

from __future__ import annotations

from building import artifact, task

from a2a_mcp.a2a.model import (
    Part,
    Task,
)
from a2a_mcp.presentation import task_view


def viewed(known: Task) -> str:
    return task_view.of_task("agent", known).text


def test_data_is_shown_as_json_beside_text() -> None:
    data = Part(kind="data", data={"city": "Zürich", "rows": [1, 2.5, None]})
    assert viewed(task(artifacts=(artifact("Found:", data),))) == (
        'Found:\n{"city": "Zürich", "rows": [1, 2.5, null]}'
    )


def test_a_link_is_shown_with_its_address() -> None:
    link = Part(kind="url", url="https://example.com/a.pdf", filename="a.pdf")
    assert viewed(task(artifacts=(artifact(link),))) == "[link 'a.pdf': https://example.com/a.pdf]"


def test_an_unreadable_part_says_why() -> None:
    broken = Part(kind="empty", problem="the file's base64 could not be read", filename="x.png")
    assert viewed(task(artifacts=(artifact(broken),))) == (
        "[empty part 'x.png': the file's base64 could not be read]"
    )
