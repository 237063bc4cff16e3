"""What every captured server sent, read whole: no part, id or answer is lost."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from captures import Capture, Payload, captures, payloads, unwrapped

from a2a_mcp.a2a import updates
from a2a_mcp.a2a.decoding.card import is_card
from a2a_mcp.a2a.decoding.errors import is_error
from a2a_mcp.a2a.decoding.events import decode_event
from a2a_mcp.a2a.model import (
    Message,
    Part,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskStatusUpdateEvent,
)
from a2a_mcp.presentation.answer import answer_text
from a2a_mcp.presentation.content import text_of

KINDS = {
    Task: "task",
    Message: "message",
    TaskStatusUpdateEvent: "status",
    TaskArtifactUpdateEvent: "artifact",
}


# What each server sent, by kind; "none" is push configurations, HTML pages and empty results.
SENT = {
    "a2a-js-0.3.14": "6 artifact, 2 card, 12 error, 4 message, 1 none, 8 status, 27 task",
    "a2a-js-0.3.14-rest": "2 artifact, 1 card, 6 error, 1 message, 2 none, 5 status, 11 task",
    "a2a-js-1.3.0": "7 artifact, 4 card, 19 error, 2 list, 3 message, 1 none, 10 status, 23 task",
    "a2a-js-1.3.0-compat": (
        "7 artifact, 4 card, 17 error, 1 list, 2 message, 1 none, 10 status, 23 task"
    ),
    "a2a-js-1.3.0-compat-rest": "1 artifact, 3 error, 1 list, 6 message, 4 status, 4 task",
    "a2a-js-1.3.0-rest": "1 artifact, 6 error, 1 list, 3 message, 4 status, 4 task",
    "a2a-sdk-0.2.16": (
        "6 artifact, 2 card, 19 error, 1 list, 3 message, 4 none, 10 status, 45 task"
    ),
    "a2a-sdk-0.3.26": (
        "11 artifact, 4 card, 18 error, 1 list, 4 message, 4 none, 11 status, 48 task"
    ),
    "a2a-sdk-0.3.26-rest": "6 artifact, 2 card, 14 error, 4 message, 2 none, 5 status, 16 task",
    "a2a-sdk-1.3.0-grpc": "3 artifact, 2 card, 4 status, 7 task",
    "a2a-sdk-1.3.0-jsonrpc": (
        "15 artifact, 3 card, 45 error, 7 list, 5 message, 8 none, 16 status, 45 task"
    ),
    "a2a-sdk-1.3.0-jsonrpc-compat": (
        "8 artifact, 2 card, 15 error, 1 list, 2 message, 2 none, 10 status, 14 task"
    ),
    "a2a-sdk-1.3.0-nostream": "4 error",
    "a2a-sdk-1.3.0-rest": (
        "11 artifact, 2 card, 27 error, 3 list, 7 message, 5 none, 9 status, 13 task"
    ),
    "a2a-sdk-1.3.0-rest-compat": (
        "10 artifact, 2 card, 15 error, 3 message, 3 none, 7 status, 17 task"
    ),
    "a2a-sdk-1.3.0-rest-prefix": "1 error, 2 message",
    "fasta2a-0.6.1": "1 card, 11 error, 4 task",
    "fasta2a-2.1.1": "1 card, 8 error, 2 none, 3 status, 10 task",
    "orig-2025-05": "7 artifact, 1 card, 12 error, 2 none, 5 status, 8 task",
    "praisonai-1.7.17": "1 artifact, 2 card, 8 error, 1 list, 1 none, 2 status, 8 task",
    "python-a2a-0.5.10": "4 card, 3 error, 2 message, 1 none, 10 task",
}


# Capture -> [state, answer] of every exchange that came to a stop.
ANSWERS: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "answers.json").read_text("utf-8")
)


def kind_of(payload: Payload) -> str:
    body = payload.body
    if payload.status is None:
        failed = isinstance(body, dict) and body.get("error") is not None
    else:
        failed = is_error(body, payload.status)
    if failed:
        return "error"
    event = decoded(payload)
    if event is not None:
        return KINDS[type(event)]
    result = unwrapped(body)
    if is_card(result):
        return "card"
    listed = isinstance(result, list) or (isinstance(result, dict) and "tasks" in result)
    return "list" if listed else "none"


def decoded(payload: Payload) -> StreamEvent | None:
    return decode_event(unwrapped(payload.body), streaming=payload.status is None)


def test_everything_that_real_servers_sent_is_told_apart() -> None:
    found: dict[str, Counter[str]] = {}
    for capture, payload in payloads():
        found.setdefault(capture.server, Counter())[kind_of(payload)] += 1
    counted = {
        server: ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        for server, kinds in found.items()
    }
    assert counted == SENT


def outcome(capture: Capture) -> list[str] | None:
    """Fold what one exchange brought; give its state and answer where it came to a stop."""
    task: Task | None = None
    for payload in capture.payloads():
        if kind_of(payload) not in KINDS.values():
            continue
        event = decoded(payload)
        if isinstance(event, Message):
            return ["message", text_of(event.parts)]
        assert event is not None
        task = updates.apply(task, event)
    if task is None or not task.state.stop:
        return None
    return [task.state.value, answer_text(task)]


def test_every_exchange_that_came_to_a_stop_gives_the_agents_answer() -> None:
    stopped = {
        capture.name: found
        for capture in captures()
        if not capture.webhooks and (found := outcome(capture))
    }
    assert stopped == ANSWERS


def leaves(value: Any, keys: frozenset[str]) -> Counter[str]:
    """Count the non-empty texts below any of the keys, but for those inside user data."""
    found: Counter[str] = Counter()
    if isinstance(value, list):
        for item in value:
            found += leaves(item, keys)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in keys and isinstance(item, str) and item:
                found[item] += 1
            elif key not in ("metadata", "data"):
                found += leaves(item, keys)
    return found


def parts_of(event: StreamEvent) -> list[Part]:
    match event:
        case Message():
            return list(event.parts)
        case Task():
            said = [event.status.message] if event.status.message else []
            holders = [*said, *event.history, *event.artifacts]
            return [part for holder in holders for part in holder.parts]
        case TaskStatusUpdateEvent():
            return list(event.status.message.parts) if event.status.message else []
        case TaskArtifactUpdateEvent():
            return list(event.artifact.parts)


def test_no_part_of_any_capture_is_lost() -> None:
    for capture, payload in payloads():
        event = decoded(payload) if kind_of(payload) in KINDS.values() else None
        if event is None:
            continue
        result = unwrapped(payload.body)
        if capture.server == "python-a2a-0.5.10" and isinstance(event, Task):
            result = result | {"message": None}  # it repeats the request in its tasks
        parts = parts_of(event)
        texts = Counter(part.text for part in parts if part.text)
        urls = Counter(part.url for part in parts if part.url)
        assert texts == leaves(result, frozenset({"text"})), capture.name
        assert urls == leaves(result, frozenset({"uri", "fileWithUri", "url"})), capture.name
        assert not [part for part in parts if part.problem and "base64" in part.problem]


def test_every_id_of_a_captured_task_is_kept() -> None:
    for capture, payload in payloads():
        event = decoded(payload) if kind_of(payload) == "task" else None
        if not isinstance(event, Task):
            continue
        result = unwrapped(payload.body)
        said = result if "status" in result else result["task"]
        artifacts = {item.get("artifactId", "index-0") for item in said.get("artifacts") or []}
        history = [item.get("messageId", "") for item in said.get("history") or []]
        assert event.id == said["id"], capture.name
        assert event.context_id == (said.get("contextId") or said.get("sessionId"))
        assert artifacts <= {artifact.artifact_id for artifact in event.artifacts}
        assert [message.message_id for message in event.history] == history
