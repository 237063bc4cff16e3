from typing import Any

import pytest

from a2a_mcp.a2a.decoding.events import decode_event, decode_message, decode_page, decode_task
from a2a_mcp.a2a.model import (
    Message,
    Role,
    Task,
    TaskArtifactUpdateEvent,
    TaskStatusUpdateEvent,
)


def test_the_reason_of_a_failed_python_a2a_stream_is_read() -> None:
    status = {"state": "failed", "message": {"error": "the model is down"}}
    task = decode_task({"id": "t", "status": status})
    assert task is not None
    assert task.status.message is not None
    assert [part.text for part in task.status.message.parts] == ["the model is down"]


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
