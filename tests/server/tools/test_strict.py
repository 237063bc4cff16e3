"""Arguments: what hosts add is ignored, mistyped names are refused, values are never repeated."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
import pytest
from mcp import Client
from scripted import GET, SEND, ScriptedAgent, artifact, done, result, scripted, task
from staging import configured, hosted

pytestmark = pytest.mark.anyio

VALUE = "value-that-must-not-come-back"


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(SEND, result({"task": done("the answer")}))
        running.on(GET, result(done("the answer")))
        yield running


@pytest.fixture
async def client(agent: ScriptedAgent, tmp_path: Path) -> AsyncIterator[Client]:
    async with hosted(configured(it=agent.url), tmp_path) as opened:
        yield opened


async def call(client: Client, tool: str, **arguments: Any) -> t.CallToolResult:
    with anyio.fail_after(20):
        return await client.call_tool(tool, arguments)


def shown(answer: t.CallToolResult) -> list[str]:
    """Return the words of both channels."""
    text = "".join(block.text for block in answer.content if isinstance(block, t.TextContent))
    return [text, json.dumps(answer.structured_content, ensure_ascii=False)]


# --- what is not known ---


async def test_an_argument_that_no_tool_has_is_ignored_and_named(client: Client) -> None:
    answer = await call(client, "send_task", message="hi", wait_for_previous=False)
    assert not answer.is_error
    for channel in shown(answer):
        assert "the answer" in channel
        assert "wait_for_previous" in channel


async def test_many_unknown_arguments_make_a_short_note(client: Client) -> None:
    extra = {f"x{n}-{'y' * 500}": 1 for n in range(200)}
    answer = await call(client, "send_task", message="hi", **extra)
    assert not answer.is_error
    for channel in shown(answer):
        assert len(channel) < 2_000


async def test_the_value_of_an_ignored_argument_does_not_come_back(client: Client) -> None:
    answer = await call(client, "send_task", message="hi", invented=VALUE)
    assert VALUE not in "".join(shown(answer))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("task_ids", "task_id"),
        ("taskid", "task_id"),
        ("taskId", "task_id"),
        ("task-id", "task_id"),
        ("TASK_ID", "task_id"),
        ("contextId", "context_id"),
        ("agents", "agent"),
        ("Agent", "agent"),
        ("waitSeconds", "wait_seconds"),
        ("file", "files"),
    ],
)
async def test_a_mistyped_argument_is_refused_and_nothing_is_sent(
    written: str, meant: str, agent: ScriptedAgent, client: Client
) -> None:
    answer = await call(client, "send_task", message="hi", **{written: VALUE})
    assert answer.is_error
    for channel in shown(answer):
        assert f"Did you mean '{meant}'" in channel
        assert VALUE not in channel
    assert agent.requests == []


# --- null and types ---


async def test_null_is_the_same_as_absent(agent: ScriptedAgent, client: Client) -> None:
    nothing = dict.fromkeys(
        ("agent", "task_id", "context_id", "data", "files", "metadata", "wait_seconds", "invented")
    )
    answer = await call(client, "send_task", message="hi", **nothing)
    assert not answer.is_error
    assert "Ignored" not in shown(answer)[0]
    assert agent.sends()[0].message["parts"] == [{"text": "hi"}]


async def test_null_for_a_required_argument_counts_as_missing(client: Client) -> None:
    for arguments in ({}, {"message": None}):
        answer = await call(client, "send_task", **arguments)
        assert answer.is_error
        for channel in shown(answer):
            assert "message" in channel


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("send_task", {"message": {"text": VALUE}}, "message"),
        ("send_task", {"message": "hi", "agent": [VALUE]}, "agent"),
        ("send_task", {"message": "hi", "wait_seconds": VALUE}, "wait_seconds"),
        ("send_task", {"message": "hi", "wait_seconds": -1}, "wait_seconds"),
        ("send_task", {"message": "hi", "metadata": [VALUE]}, "metadata"),
        ("send_task", {"message": "hi", "files": VALUE}, "files"),
        ("send_task", {"message": "hi", "files": [{"content": 5}]}, "files.0.content"),
        ("send_task", {"message": "hi", "files": [{"contents": VALUE}]}, "files.0.contents"),
        ("get_task", {"task_id": 5}, "task_id"),
        ("get_task", {"task_id": "t1", "history_length": -1}, "history_length"),
        ("get_task", {"task_id": "t1", "history_length": 1.5}, "history_length"),
        ("get_artifact", {"task_id": "t1", "artifact_id": "a", "unit": VALUE}, "unit"),
        ("get_artifact", {"task_id": "t1", "artifact_id": "a", "limit": 0}, "limit"),
        ("list_tasks", {"state": VALUE}, "state"),
        ("list_tasks", {"limit": 0}, "limit"),
        ("list_tasks", {"limit": 101}, "limit"),
        ("subscribe", {"task_id": "t1", "max_updates": 0}, "max_updates"),
        ("agent_info", {"refresh": VALUE}, "refresh"),
        ("cancel_task", {"task_id": None}, "task_id"),
    ],
    ids=str,
)
async def test_a_wrong_value_is_named_and_never_repeated(
    tool: str, arguments: dict[str, Any], named: str, agent: ScriptedAgent, client: Client
) -> None:
    answer = await call(client, tool, **arguments)
    assert answer.is_error
    for channel in shown(answer):
        assert named in channel
        assert VALUE not in channel
    assert "Correct the arguments" in shown(answer)[0]
    assert agent.requests == []


async def test_many_wrong_values_make_a_short_error(client: Client) -> None:
    wrong = [{f"unknown-{'x' * 200}-{n}": 1} for n in range(1000)]
    answer = await call(client, "send_task", message="hi", files=wrong)
    assert answer.is_error
    for channel in shown(answer):
        assert len(channel.encode()) <= 10_000


async def test_subscribe_takes_exactly_one_of_task_and_message(client: Client) -> None:
    for arguments in ({}, {"task_id": "t1", "message": "hi"}):
        answer = await call(client, "subscribe", **arguments)
        assert answer.is_error
        assert "exactly one" in shown(answer)[0]


# --- text stays text ---


@pytest.mark.parametrize(
    "words", ['{"action": "run"}', "[1, 2]", "null", "true", "5", '"quoted"', " { ", ""]
)
@pytest.mark.parametrize("tool", ["send_task", "subscribe"])
async def test_a_message_that_looks_like_json_is_sent_as_it_was_written(
    words: str, tool: str, agent: ScriptedAgent, client: Client
) -> None:
    if tool == "subscribe" and not words:
        return
    answer = await call(client, tool, message=words)
    assert not answer.is_error
    assert agent.sends()[-1].message["parts"] == [{"text": words}]


@pytest.mark.parametrize("phrase", ["null", '["a"]', '{"k": 1}', "5"])
async def test_a_search_for_what_looks_like_json_finds_it(
    phrase: str, agent: ScriptedAgent, client: Client
) -> None:
    await call(client, "send_task", message="hi")
    found = artifact(f"first\nhere: {phrase}\nlast")
    agent.on(GET, result(task("completed", artifacts=[found])))
    answer = await call(client, "get_artifact", task_id="t1", artifact_id="answer", search=phrase)
    assert not answer.is_error
    assert "1 of 3 lines" in shown(answer)[0]


async def test_lists_and_objects_that_a_host_sends_as_text_are_read(
    agent: ScriptedAgent, client: Client
) -> None:
    files = json.dumps([{"content": "aGk=", "name": "a.txt"}])
    answer = await call(client, "send_task", message="hi", files=files, metadata='{"trace": 1}')
    assert not answer.is_error
    message = agent.sends()[0].message
    assert message["metadata"] == {"trace": 1}
    assert message["parts"][1]["filename"] == "a.txt"


@pytest.mark.parametrize(
    "value",
    [{"a": 1}, [1, {"b": None}], [], {}, 5, 0, 1.5, True, False, "words", "12 apples", "[a"],
    ids=str,
)
async def test_data_of_any_kind_is_sent_given_as_it_is_or_as_json_text(
    value: Any, agent: ScriptedAgent, client: Client
) -> None:
    texts = [json.dumps(value)] if isinstance(value, str) else [value, json.dumps(value)]
    for given in texts:
        assert not (await call(client, "send_task", message="", data=given)).is_error
        assert agent.sends()[-1].message["parts"] == [{"data": value}]


async def test_data_that_is_no_json_is_a_text(agent: ScriptedAgent, client: Client) -> None:
    await call(client, "send_task", message="", data="two words")
    assert agent.sends()[-1].message["parts"] == [{"data": "two words"}]


@pytest.mark.parametrize("written", ["value", "text"])
async def test_a_list_of_data_parts_is_sent_with_the_metadata_of_each(
    written: str, agent: ScriptedAgent, client: Client
) -> None:
    parts = [{"data": {"a": 1}, "metadata": {"id": "x"}}, {"data": 2}]
    data = json.dumps(parts) if written == "text" else parts
    await call(client, "send_task", message="", data=data, metadata={"trace": 1})
    assert agent.sends()[-1].message["parts"] == parts
    assert agent.sends()[-1].message["metadata"] == {"trace": 1}


@pytest.mark.parametrize("broken", ['{"a": 1', "[1, 2", ' {"a": tru}', "[" * 100_000])
async def test_broken_json_is_refused_and_nothing_is_sent(
    broken: str, agent: ScriptedAgent, client: Client
) -> None:
    for name in ("data", "metadata", "files"):
        answer = await call(client, "send_task", message="hi", **{name: broken})
        assert answer.is_error
        for channel in shown(answer):
            assert f"{name}: begins like JSON, but is not" in channel
    assert agent.requests == []


async def test_what_a_model_in_strict_mode_leaves_empty_says_nothing(
    agent: ScriptedAgent, client: Client
) -> None:
    empty = dict.fromkeys(("agent", "task_id", "context_id", "data", "metadata"), "")
    file = dict.fromkeys(("path", "url", "content", "name", "media_type"), "") | {"text": "words"}
    answer = await call(client, "send_task", message="hi", files=[file], **empty)
    assert not answer.is_error
    (sent,) = agent.sends()
    assert sent.message["parts"][0] == {"text": "hi"}
    assert "metadata" not in sent.message
    assert not (await call(client, "subscribe", task_id="", message="hi")).is_error


async def test_numbers_that_a_host_sends_as_text_are_read(client: Client) -> None:
    assert not (await call(client, "send_task", message="hi", wait_seconds="5")).is_error


async def test_a_misuse_leaves_the_next_call_unharmed(client: Client) -> None:
    await call(client, "send_task", message=5)
    assert not (await call(client, "send_task", message="hi")).is_error


async def test_a_page_that_no_list_has_is_empty_and_one_of_endless_digits_no_page(
    client: Client,
) -> None:
    beyond = await call(client, "agent_info", agent="page=9")
    assert (beyond.structured_content or {})["agents"] == []
    endless = await call(client, "agent_info", agent="page=" + "9" * 5_000)
    assert endless.is_error
    for channel in shown(endless):
        assert "it" in channel
        assert len(channel) < 10_000
