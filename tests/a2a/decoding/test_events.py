import json
from base64 import b64encode
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from captures import Capture, Payload, bodies, captures, payloads, unwrapped
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a_mcp.a2a import updates
from a2a_mcp.a2a.decoding.card import is_card
from a2a_mcp.a2a.decoding.errors import is_error
from a2a_mcp.a2a.decoding.events import decode_event, decode_message, decode_page, decode_task
from a2a_mcp.a2a.decoding.json_values import integers
from a2a_mcp.a2a.decoding.parts import decode_base64, decode_part
from a2a_mcp.a2a.decoding.states import decode_state
from a2a_mcp.a2a.model import (
    Message,
    Part,
    Role,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
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


@pytest.mark.parametrize(
    "name",
    [
        "a2a-sdk-0.2.16/send-files",
        "a2a-sdk-0.3.26/send-files",
        "a2a-sdk-1.3.0-jsonrpc/send-file",
        "a2a-sdk-1.3.0-jsonrpc-compat/v03-file",
    ],
)
def test_a_file_is_the_same_from_every_server(name: str) -> None:
    task = decode_event(bodies(name)[-1])
    assert isinstance(task, Task)
    raw, link, *_ = task.artifacts[0].parts
    assert (raw.raw, raw.media_type, raw.filename) == (b"hello", "text/plain", "a.txt")
    assert (link.kind, link.media_type, link.filename) == ("url", "application/pdf", "b.pdf")


@pytest.mark.parametrize(
    ("spelling", "state"),
    [
        ("completed", TaskState.COMPLETED),
        ("TASK_STATE_COMPLETED", TaskState.COMPLETED),
        (3, TaskState.COMPLETED),
        ("TASK_STATE_INPUT_REQUIRED", TaskState.INPUT_REQUIRED),
        ("input_required", TaskState.INPUT_REQUIRED),
        (6, TaskState.INPUT_REQUIRED),
        ("auth-required", TaskState.AUTH_REQUIRED),
        (8, TaskState.AUTH_REQUIRED),
        ("TASK_STATE_CANCELLED", TaskState.CANCELED),
        ("cancelled", TaskState.CANCELED),
        (5, TaskState.CANCELED),
        ("waiting", TaskState.WORKING),
        ("pending", TaskState.SUBMITTED),
        ("TASK_STATE_UNSPECIFIED", TaskState.UNKNOWN),
        ("UNRECOGNIZED", TaskState.UNKNOWN),
        ("paused by the moon", TaskState.UNKNOWN),
        (0, TaskState.UNKNOWN),
        (-1, TaskState.UNKNOWN),
        (99, TaskState.UNKNOWN),
        (True, TaskState.UNKNOWN),
        (None, TaskState.UNKNOWN),
        (["completed"], TaskState.UNKNOWN),
    ],
)
def test_a_state_is_read_in_every_spelling(spelling: Any, state: TaskState) -> None:
    assert decode_state(spelling) is state


def test_why_a_stream_of_python_a2a_failed_is_read_as_words() -> None:
    status = {"state": "failed", "message": {"error": "the model is down"}}
    task = decode_task({"id": "t", "status": status})
    assert task is not None
    assert task.status.message is not None
    assert [part.text for part in task.status.message.parts] == ["the model is down"]


def test_a_state_that_is_not_known_keeps_the_agents_word_and_is_no_end() -> None:
    task = decode_task({"id": "t", "status": {"state": "paused"}})
    assert task is not None
    assert (task.state, task.status.raw_state) == (TaskState.UNKNOWN, "paused")
    assert not task.state.stop


@pytest.mark.parametrize(
    ("value", "kind", "content"),
    [
        ({"text": ""}, "text", ""),
        ({"type": "text", "text": "a"}, "text", "a"),
        ({"data": None}, "data", None),
        ({"data": False}, "data", False),
        ({"data": {"data": {"a": 1}}}, "data", {"a": 1}),
        ({"data": {"data": [1]}}, "data", {"data": [1]}),
        ({"kind": "data", "data": {"data": {"a": 1}}}, "data", {"data": {"a": 1}}),
        ({"data": 3.0}, "data", 3),
        ({"data": [2.5, {"n": 7.0}]}, "data", [2.5, {"n": 7}]),
        ({"data": float("inf")}, "data", "inf"),
        ({"raw": "aGk="}, "raw", b"hi"),
        ({"raw": "aGk"}, "raw", b"hi"),
        ({"raw": "-_8="}, "raw", b"\xfb\xff"),
        ({"raw": ""}, "raw", b""),
        ({"file": {"bytes": "aGk=\n"}}, "raw", b"hi"),
        ({"file": {"uri": "https://e.test/f"}}, "url", "https://e.test/f"),
        ({"file": {"fileWithUri": "https://e.test/f"}}, "url", "https://e.test/f"),
        ({"url": "https://e.test/f", "text": None}, "url", "https://e.test/f"),
    ],
)
def test_a_part_is_what_is_present_in_it(value: Any, kind: str, content: Any) -> None:
    part = decode_part(value)
    assert part.kind == kind
    assert {"text": part.text, "data": part.data, "raw": part.raw, "url": part.url}[kind] == content


@pytest.mark.parametrize(
    "value",
    [{}, {"text": None}, {"text": 3}, {"kind": "file"}, {"raw": "not base64!"}, {"raw": "a-b c*"}],
)
def test_a_part_that_cannot_be_read_says_why_and_costs_no_other(value: Any) -> None:
    message = decode_message({"role": "agent", "parts": [value, {"text": "fine"}]})
    empty, fine = message.parts
    assert (empty.kind, fine.text) == ("empty", "fine")
    assert empty.problem


@pytest.mark.parametrize(
    ("member", "media_type", "kept"),
    [
        ("bytes", "application/json", b"true"),
        ("fileWithBytes", "text/plain", b"dHJ1ZQ=="),
        ("fileWithBytes", "image/png", b"\x89PNG"),
        ("fileWithBytes", None, b"dHJ1ZQ=="),
    ],
)
def test_a_file_that_happens_to_look_like_base64_is_left_alone(
    member: str, media_type: str | None, kept: bytes
) -> None:
    encoded = b64encode(kept).decode()
    part = decode_part({"file": {member: encoded, "mimeType": media_type}})
    assert part.raw == kept


def test_the_second_base64_of_0_3_over_http_json_is_undone() -> None:
    twice = b64encode(b64encode(b"\x89PNG\r\n\x1a\n..")).decode()
    part = decode_part({"file": {"fileWithBytes": twice, "mimeType": "image/png"}})
    assert part.raw == b"\x89PNG\r\n\x1a\n.."


@pytest.mark.parametrize("text", ["a", "****", "aGk=aGk=", "é", "a-b!", "=", "\ud800"])
def test_what_is_no_base64_is_not_guessed_at(text: str) -> None:
    assert decode_base64(text) is None


def test_chunks_that_0_1_stores_apart_are_one_artifact() -> None:
    chunks = [{"index": 0, "parts": [{"text": "a"}]}, {"index": 1, "parts": []}]
    chunks += [{"index": 0, "parts": [{"text": "b"}]}]
    task = decode_task({"id": "t", "artifacts": chunks})
    assert task is not None
    assert [artifact.artifact_id for artifact in task.artifacts] == ["index-0", "index-1"]
    assert [part.text for part in task.artifacts[0].parts] == ["a", "b"]


def test_a_status_with_a_bare_text_or_a_single_part_is_read() -> None:
    bare = decode_task({"id": "t", "status": {"state": "working", "message": "almost"}})
    single = decode_task(
        {"id": "t", "status": {"message": {"role": "agent", "content": {"text": "almost"}}}}
    )
    for task in (bare, single):
        assert task is not None
        assert task.status.message is not None
        assert [part.text for part in task.status.message.parts] == ["almost"]
        assert task.status.message.role is Role.AGENT


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"task": {"id": "t", "status": {}}}, Task),
        ({"taskStatusUpdate": {"taskId": "t", "status": {}}}, TaskStatusUpdateEvent),
        ({"taskArtifactUpdate": {"taskId": "t", "artifact": {}}}, TaskArtifactUpdateEvent),
        ({"msg": {"role": "agent", "parts": []}}, Message),
        ({"task": None, "message": {"parts": []}, "status": None}, Message),
        ({"taskId": "t", "status": {"state": "working"}}, TaskStatusUpdateEvent),
        ({"id": "t", "status": {"state": "working"}, "final": False}, TaskStatusUpdateEvent),
        ({"kind": "task", "id": "t", "message": {"parts": []}}, Task),
        ({"kind": "status-update", "taskId": "t"}, TaskStatusUpdateEvent),
        ({"id": "t", "artifact": {"parts": []}}, TaskArtifactUpdateEvent),
        ({"kind": "task"}, type(None)),
        ({"id": "t"}, type(None)),
        ({"task": {"id": "t"}, "message": {}}, type(None)),
        ({}, type(None)),
        ([], type(None)),
        ("task", type(None)),
    ],
)
def test_an_event_is_told_by_its_mark_its_wrapper_or_its_members(payload: Any, kind: type) -> None:
    assert type(decode_event(payload)) is kind


def test_a_bare_status_is_a_task_in_an_answer_and_an_event_on_a_stream() -> None:
    bare = {"id": "t", "status": {"state": "working"}}
    assert isinstance(decode_event(bare), Task)
    assert isinstance(decode_event(bare, streaming=True), TaskStatusUpdateEvent)
    assert isinstance(decode_event(bare | {"contextId": "c"}, streaming=True), Task)


def test_a_page_without_a_next_token_is_the_last() -> None:
    page = decode_page({"tasks": [{"id": "a"}, {}, "no"], "nextPageToken": "", "totalSize": 1})
    assert page is not None
    assert ([task.id for task in page.tasks], page.next_page_token) == (["a"], None)
    assert decode_page({"tasks": "none"}) is None


def test_numbers_beyond_what_a_float_holds_exactly_are_not_touched() -> None:
    assert integers(2.0**53) == 2**53
    assert integers(1e300) == 1e300
    assert isinstance(integers(1e300), float)


KEYS = (
    "id taskId contextId sessionId kind type status state message update parts content text data "
    "file raw bytes fileWithBytes url uri artifact artifacts artifactId index append lastChunk "
    "history metadata task statusUpdate artifactUpdate role messageId final tasks nextPageToken "
    "totalSize mediaType filename extensions referenceTaskIds timestamp"
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["task", "message", "status-update", "artifact-update", "\ud800", "aGk="])
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)


@settings(max_examples=250, deadline=None)
@given(ANY_JSON)
def test_no_json_makes_the_decoder_fail(value: Any) -> None:
    decode_event(value)
    decode_event(value, streaming=True)
    decode_page(value)


@pytest.mark.parametrize("depth", [90, 99, 101, 400, 900])
def test_deep_nesting_costs_its_own_part_and_no_other(depth: int) -> None:
    deep: Any = []
    for _ in range(depth):
        deep = [deep]
    odd = {"role": deep, "parts": [{"data": deep}, {"text": "fine"}], "messageId": deep}
    message = decode_message(odd)
    assert message.parts[0].kind == ("data" if depth < 100 else "empty")
    assert message.parts[1].text == "fine"
    assert message.role is Role.UNKNOWN
    assert decode_task({"id": "t", "artifacts": [{"index": deep}]}) is not None
