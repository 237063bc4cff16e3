"""Typical results as a model reads them; `tests/golden/prose` holds the reviewed texts.

Run with A2A_MCP_UPDATE_GOLDEN=1 to rewrite them: what models read changes by a reviewed diff.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import mcp.types as t
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a_mcp.a2a.decoding.events import decode_message, decode_task
from a2a_mcp.a2a.errors import AgentError, AgentUnreachable, AuthenticationRequired, Delivery
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation import task_view
from a2a_mcp.presentation.artifact import read_artifact
from a2a_mcp.presentation.artifact_request import ArtifactRequest, find_requested
from a2a_mcp.presentation.attachments import Link, SavedFile
from a2a_mcp.presentation.task_view import TaskView, UpdateView
from a2a_mcp.server import error_results, results
from a2a_mcp.text.masking import Mask

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "prose"
UPDATE: Final = "A2A_MCP_UPDATE_GOLDEN"
LIMIT: Final = 10_000
PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(62)
URL: Final = "https://agent.example/a2a"


def task(state: str = "completed", said: str | None = None, **more: Any) -> Any:
    """Return a task, decoded from what A2A 1.0 sends."""
    words = {"messageId": "m1", "role": "ROLE_AGENT", "parts": [{"text": said}]}
    status = {"state": f"TASK_STATE_{state.upper().replace('-', '_')}"}
    wire = {"id": "t1", "contextId": "c1", "status": status | ({"message": words} if said else {})}
    return decode_task(wire | more)


def made(*parts: Any, artifact_id: str = "answer", **more: Any) -> dict[str, Any]:
    """Return an artifact of texts, or of parts as A2A 1.0 sends them."""
    read = [{"text": part} if isinstance(part, str) else part for part in parts]
    return {"artifactId": artifact_id, "parts": read, **more}


def shown(view: TaskView, limit: int = LIMIT) -> str:
    """Return the text channel of a view."""
    return text_of(results.of_task_view(view, Mask(()), limit))


def text_of(result: t.CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, t.TextContent)
    return block.text


def piece(artifact: dict[str, Any], *saved: SavedFile, **wanted: Any) -> str:
    """Return the text of get_artifact."""
    known, which = task(artifacts=[artifact]), ArtifactRequest("answer", **wanted)
    found, parts = find_requested("research", known, which, str)
    return read_artifact("research", found, parts, which, LIMIT, str, saved).text


def words(*parts: Any, role: str = "agent") -> dict[str, Any]:
    """Return a message of parts as A2A 1.0 sends them."""
    return {"messageId": "m", "role": f"ROLE_{role.upper()}", "parts": list(parts)}


def failed(error: Any, **about: Any) -> str:
    return text_of(
        error_results.of_agent_error(error, error_results.FailedCall("weather", **about), str)
    )


REPORT: Final = made("".join(f"line {n}\n" for n in range(400)), name="report")
PDF: Final = b"%PDF-1.7"
WHERE: Final = "a2a://tasks/research/t1/artifacts/answer"
SAVED: Final = SavedFile(
    Link(WHERE, "report.pdf", "application/pdf", len(PDF)),
    "/home/ada/.local/state/a2a-mcp/files/research-0123456789abcdef/report.pdf",
)
DRAWN: Final = {"raw": "iVBORw0KGgo=", "filename": "dot.png", "mediaType": "image/png"}
SPOKEN: Final = words({"text": "See the picture."}, DRAWN, {"data": {"dots": [1, 2, 3]}})
ROWS: Final = made({"data": {"rows": [{"city": f"city {n}", "t": 20.0 + n} for n in range(40)]}})

TYPICAL: Final[dict[str, str]] = {
    "answer": shown(task_view.of_task("weather", task(artifacts=[made("Sunny, 21 °C.")]))),
    "message": shown(
        task_view.of_message(
            "echo",
            decode_message({"contextId": "c1", "role": "ROLE_AGENT", "parts": [{"text": "hi"}]}),
        )
    ),
    "message-with-files": shown(
        task_view.of_message("painter", decode_message(SPOKEN), "pending-0123456789abcdef")
    ),
    "message-not-kept": shown(task_view.of_message("painter", decode_message(SPOKEN))),
    "files-on-the-way": shown(
        task_view.of_task(
            "painter",
            task(said="Done.", history=[words({"text": "Draw"}, role="user"), SPOKEN]),
        )
    ),
    "cut-message": shown(
        task_view.of_message(
            "research",
            decode_message(words({"text": "".join(f"line {n}\n" for n in range(400))})),
            "pending-0123456789abcdef",
        ),
        1_000,
    ),
    "working": shown(task_view.of_task("weather", task("working", "Looking at the sky"))),
    "question": shown(task_view.of_task("travel", task("input-required", "Which city?"))),
    "sign-in": shown(
        task_view.of_task(
            "mail", task("auth-required", "Please sign in at https://example.com/sign-in")
        )
    ),
    "failed": shown(task_view.of_task("weather", task("failed", "No such city: Atlantis"))),
    "failed-without-words": shown(task_view.of_task("weather", task("failed"))),
    "rejected": shown(task_view.of_task("mail", task("rejected", "I only read mail"))),
    "canceled": shown(task_view.of_task("research", task("canceled"))),
    "empty": shown(task_view.of_task("weather", task())),
    "artifacts": shown(
        task_view.of_task(
            "weather",
            task(
                said="Both are done.",
                artifacts=[
                    made("Sun", "ny.", artifact_id="a1", name="forecast"),
                    made({"data": {"t": 21.0, "wind": 3.5}}, artifact_id="a2", name="readings"),
                ],
            ),
        )
    ),
    "said-three-times": shown(
        task_view.of_task(
            "research",
            task(
                said="It is 5.",
                artifacts=[made("It is 5.")],
                history=[
                    {"messageId": "q", "role": "ROLE_USER", "parts": [{"text": "How much?"}]},
                    {"messageId": "a", "role": "ROLE_AGENT", "parts": [{"text": "It is 5."}]},
                ],
            ),
        )
    ),
    "files": shown(
        task_view.of_task(
            "painter",
            task(
                artifacts=[
                    made({"raw": "iVBORw0KGgo=", "mediaType": "image/png"}, artifact_id="p"),
                    made({"url": "https://example.com/r.pdf", "filename": "r.pdf"}, name="report"),
                ]
            ),
        )
    ),
    "updates": shown(
        replace(
            task_view.of_task("research", task(artifacts=[made("Done.")])),
            updates=(UpdateView("working", "Reading"), UpdateView("working", "Writing")),
        )
    ),
    "new-task-after-the-end": shown(
        task_view.of_task(
            "weather",
            task(artifacts=[made("Rain.")]),
            note="The task t0 had ended (completed), so this is a new task in the same "
            "conversation.",
        )
    ),
    "cut": shown(task_view.of_task("research", task(artifacts=[REPORT])), 1_000),
    "range": piece(REPORT, unit="lines", offset=2, limit=3),
    "search": piece(REPORT, search="LINE 200"),
    "list": piece(ROWS, pointer="/rows", offset=3, limit=2),
    "saved-file": piece(made({"raw": "JVBERi0xLjc=", "filename": "report.pdf"}), SAVED),
    "unreachable": failed(AgentUnreachable("no connection", delivery=Delivery.NEVER), sent=True),
    "credentials": failed(AuthenticationRequired("Unauthorized", status=401, url=URL)),
    "refused": failed(AgentError("no such skill", code=-32000, url=URL), sent=True),
    "not-allowed": text_of(
        error_results.of_bridge_error(
            NotAllowed(
                "The task has no artifact 'dta'.",
                "Its artifacts: data.",
                agent="weather",
                task_id="t1",
            ),
            str,
        )
    ),
}


@pytest.mark.parametrize("name", TYPICAL)
def test_typical_results_equal_the_reviewed_texts(name: str) -> None:
    file = GOLDEN / f"{name}.txt"
    if os.environ.get(UPDATE):
        file.write_text(TYPICAL[name] + "\n", encoding="utf-8")
    assert TYPICAL[name] + "\n" == file.read_text(encoding="utf-8")


def test_every_reviewed_text_belongs_to_a_result() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(TYPICAL)


# --- cuts ---

SECRET: Final = "Zq7-hvrse-bqttery-xtvple"
filler = st.integers(0, 400).map(lambda count: "word " * count)
around = st.tuples(filler, st.sampled_from(["", SECRET]), filler).map("".join)
names = st.integers(165, 205).map(lambda size: "n" * size + SECRET + "m" * 100)
ids = st.integers(480, 515).map(lambda size: "i" * size + SECRET + "j" * 100)


@given(st.lists(around, min_size=1, max_size=3), names, ids, st.sampled_from([2_000, 4_000]))
@settings(max_examples=60)
def test_no_part_of_a_secret_passes_wherever_a_result_is_cut(
    texts: list[str], name: str, artifact_id: str, limit: int
) -> None:
    artifacts = [made(*texts, name=name, artifact_id=artifact_id), made("x")]
    view = task_view.of_task("weather", task("failed", "\n".join(texts), artifacts=artifacts))
    result = results.of_task_view(view, Mask([SECRET]), limit)
    structure = json.dumps(result.structured_content, ensure_ascii=False, separators=(",", ":"))
    for channel in (text_of(result), structure):
        assert len(channel.encode()) <= limit
        assert not any(SECRET[at : at + 6] in channel for at in range(len(SECRET) - 6))
