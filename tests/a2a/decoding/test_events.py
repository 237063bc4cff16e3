from typing import Any

import pytest
from captures import payloads, unwrapped

from a2a_mcp.a2a.decoding.events import decode_event, decode_message, decode_page, decode_task
from a2a_mcp.a2a.decoding.json_values import snake_case
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
        ({"Task": {"id": "t", "status": {}}, "snapshot": {}}, Task),
        ({"status_update": {"task_id": "t", "status": {}}}, TaskStatusUpdateEvent),
        ({"StatusUpdate": {"taskId": "t", "status": {}}}, TaskStatusUpdateEvent),
        ({"kind": "artifact_update", "task_id": "t", "artifact": {}}, TaskArtifactUpdateEvent),
        ({"task_id": "t", "status": {"state": "working"}}, TaskStatusUpdateEvent),
        ({"artifacts": [{"parts": [{"text": "a"}]}]}, Message),
        ({"id": "t", "artifacts": []}, Task),
        ({"artifacts": []}, type(None)),
        ({"artifacts": "none"}, type(None)),
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


def test_a_result_that_holds_only_artifacts_is_the_agents_message() -> None:
    pieces = [{"artifactId": "a", "parts": [{"text": "one"}]}, {"parts": [{"text": "two"}]}]
    message = decode_event({"artifacts": pieces, "contextId": "c"})
    assert isinstance(message, Message)
    assert [part.text for part in message.parts] == ["one", "two"]
    assert (message.role, message.context_id) == (Role.AGENT, "c")


@pytest.mark.parametrize("said", ["almost", ["almost"], [{"text": "almost"}], {"text": "almost"}])
def test_parts_are_read_as_a_list_one_part_or_a_text(said: Any) -> None:
    assert [part.text for part in decode_message({"parts": said}).parts] == ["almost"]


def in_snake_case(value: Any) -> Any:
    if isinstance(value, list):
        return [in_snake_case(item) for item in value]
    if isinstance(value, dict):
        kept = ("data", "metadata")
        return {
            snake_case(key): item if key in kept else in_snake_case(item)
            for key, item in value.items()
        }
    return value


def test_every_answer_of_a_real_server_is_the_same_in_snake_case() -> None:
    for capture, payload in payloads():
        body = unwrapped(payload.body)
        streaming = payload.status is None
        spelled = decode_event(in_snake_case(body), streaming=streaming)
        assert spelled == decode_event(body, streaming=streaming), capture.name
