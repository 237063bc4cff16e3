"""Parts as text: data, links and parts that could not be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from building import artifact, task

from a2a_mcp.a2a.model import (
    Part,
    Task,
)
from a2a_mcp.presentation import task_view
from a2a_mcp.presentation.content import readable_json


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


@pytest.mark.parametrize(
    "value",
    [
        None,
        "é\n",
        {},
        [],
        [[], {}],
        {"b": [1, {"c": "x" * 200}], "a": {"": [True, None, 1.5]}},
        [{"city": f"city {n}", "temperatures": [n, n + 0.5]} for n in range(20)],
        {"rows": [list(range(100)), "y" * 150], '"quoted"': 1},
    ],
    ids=lambda value: str(value)[:30],
)
def test_readable_json_is_the_same_json(value: Any) -> None:
    assert json.loads(readable_json(value)) == value


def test_readable_json_breaks_lines_only_where_a_value_does_not_fit_into_one() -> None:
    value = {"rows": [{"b": n, "a": "x" * 60} for n in range(2)], "total": 2}
    row = "x" * 60
    first, second = (f'  {{"a": "{row}", "b": {n}}}' for n in range(2))
    lines = ["{", ' "rows": [', f"{first},", second, " ],", ' "total": 2', "}"]
    assert readable_json(value) == "\n".join(lines)


def test_readable_json_is_hardly_longer_than_compact_json() -> None:
    rows = [{"id": n, "name": f"n{n}", "tags": ["a", "b"], "at": {"x": n}} for n in range(500)]
    compact = json.dumps({"rows": rows}, separators=(",", ":"))
    assert len(readable_json({"rows": rows})) < 1.25 * len(compact)
