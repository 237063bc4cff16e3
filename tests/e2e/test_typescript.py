"""Every result, errors too, is what its tool's outputSchema says: the TypeScript SDK looks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from real_agents import Agents

from e2e.bridges import Home, free_port
from e2e.foreign import typescript_host
from e2e.hosts import Host

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def typescript(
    running_agent: Agents, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Host]:
    home = Home(tmp_path_factory.mktemp("typescript"))
    home.configure(
        {
            "it": running_agent("1.3-jsonrpc").url,
            "old": running_agent("0.2-jsonrpc").url,
            "gone": f"http://127.0.0.1:{free_port()}",
            "wrong": {"url": "no url"},
        }
    )
    async with typescript_host(home) as host:
        yield host


@pytest.mark.parametrize(
    ("tool", "arguments", "failed"),
    [
        ("agent_info", {}, False),
        ("agent_info", {"agent": "it"}, False),
        ("agent_info", {"agent": "gone"}, False),
        ("agent_info", {"agent": "nobody"}, True),
        ("agent_info", {"agent": "wrong"}, True),
        ("agent_info", {"agnt": "it"}, True),
        ("send_task", {"agent": "it", "message": "echo hello"}, False),
        ("send_task", {"agent": "it", "message": "task hello", "strange_argument": 1}, False),
        ("send_task", {"agent": "old", "message": "stream 3 0"}, False),
        ("send_task", {"agent": "it", "message": "big 30000"}, False),
        ("send_task", {"agent": "it", "message": "data"}, False),
        ("send_task", {"agent": "it", "message": "files"}, False),
        ("send_task", {"agent": "it", "message": "input"}, False),
        ("send_task", {"agent": "it", "message": "auth", "wait_seconds": 0.1}, False),
        ("send_task", {"agent": "it", "message": "slow 600", "wait_seconds": 0}, False),
        ("send_task", {"agent": "it", "message": "silent 3 x", "wait_seconds": 0}, False),
        ("send_task", {"agent": "it", "message": "fail"}, True),
        ("send_task", {"agent": "it", "message": "reject"}, True),
        ("send_task", {"agent": "it", "message": "crash"}, True),
        ("send_task", {"agent": "it", "message": "raise"}, True),
        ("send_task", {"agent": "gone", "message": "echo hello"}, True),
        ("send_task", {"agent": "it", "message": "x", "files": [{"path": "/etc/passwd"}]}, True),
        ("send_task", {"agent": "it", "message": "x", "task_id": "unknown"}, True),
        ("send_task", {"message": "for whom?"}, True),
        ("send_task", {"agent": "it", "message": 5}, True),
        ("send_task", {"agent": "it"}, True),
        ("get_task", {"task_id": "unknown"}, True),
        ("get_task", {"task_id": "unknown", "agent": "it"}, True),
        ("get_artifact", {"task_id": "unknown", "artifact_id": "x"}, True),
        ("cancel_task", {"task_id": "unknown"}, True),
        ("subscribe", {"agent": "it", "message": "stream 3 0"}, False),
        ("subscribe", {"agent": "it", "message": "fail"}, True),
        ("subscribe", {}, True),
        ("subscribe", {"task_id": "unknown"}, True),
        ("list_tasks", {}, False),
        ("list_tasks", {"agent": "it", "remote": True}, False),
        ("list_tasks", {"agent": "gone", "remote": True}, True),
        ("list_tasks", {"cursor": "none of ours"}, True),
        ("list_tasks", {"state": "asleep"}, True),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_a_result_is_valid(
    typescript: Host, tool: str, arguments: dict[str, Any], failed: bool
) -> None:
    assert (await typescript.call(tool, **arguments)).failed is failed


async def test_every_result_of_a_tasks_life_is_valid(typescript: Host) -> None:
    asked = await typescript.send("input", agent="it")
    await typescript.call("get_task", task_id=asked["task_id"], history_length=5)
    answered = await typescript.send("Oslo", task_id=asked["task_id"])
    assert answered["state"] == "completed"
    where = {"task_id": answered["task_id"], "artifact_id": "answer"}
    for wanted in ({}, {"search": "Oslo"}, {"offset": 2, "limit": 3}):
        assert not (await typescript.call("get_artifact", **where, **wanted)).failed
    for wanted in ({"offset": 5_000}, {"pointer": "/x"}, {"part": 7}):
        assert (await typescript.call("get_artifact", **where, **wanted)).failed
    assert (await typescript.call("subscribe", task_id=asked["task_id"]))["state"] == "completed"
    assert (await typescript.call("cancel_task", task_id=asked["task_id"]))["note"]
    slow = await typescript.send("slow 600", agent="it", wait_seconds=0.2)
    stopped = await typescript.call("cancel_task", task_id=slow["task_id"], reason="no need")
    assert stopped["state"] == "canceled"


async def test_pictures_and_files_are_blocks_that_it_knows(typescript: Host) -> None:
    sent = await typescript.send("files", agent="it")
    found = [
        await typescript.call("get_artifact", task_id=sent["task_id"], artifact_id=name)
        for name in ("picture", "report")
    ]
    kinds = [[block.type for block in answer.content] for answer in found]
    assert kinds == [["text", "image", "resource_link"], ["text", "resource_link"]]
