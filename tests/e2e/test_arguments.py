"""Wrong arguments are refused in words that a model can act on, and nothing is sent."""

from typing import Any

import pytest
from real_agents import Agent

from e2e.conftest import Hosts
from e2e.hosts import ERAS, Host

pytestmark = pytest.mark.anyio


@pytest.fixture(params=list(ERAS))
def host(request: pytest.FixtureRequest, hosts: Hosts) -> Host:
    return hosts["stdio", request.param]


async def test_an_unknown_agent_is_an_error_that_suggests_the_nearest(host: Host) -> None:
    for tool, more in (
        ("send_task", {"message": "echo hello"}),
        ("subscribe", {"message": "echo hello"}),
        ("get_task", {"task_id": "x"}),
        ("cancel_task", {"task_id": "x"}),
        ("list_tasks", {}),
        ("agent_info", {}),
    ):
        answer = await host.call(tool, agent="1.3-jsonrp", **more)
        assert answer.failed
        assert "'1.3-jsonrp'" in answer.text
        assert "'1.3-jsonrpc'" in answer.text
        assert "0.2-jsonrpc" in answer.text
        assert "agent_info" in answer["next_step"]


async def test_no_agent_named_where_there_are_several_is_an_error_that_lists_them(
    host: Host,
) -> None:
    answer = await host.send("echo hello")
    assert answer.failed
    assert "agent=" in answer["next_step"]
    assert "1.3-jsonrpc" in answer["next_step"]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("send_task", {}, "message"),
        ("send_task", {"message": 7}, "message"),
        ("send_task", {"message": "x", "agent": ["1.3-jsonrpc"]}, "agent"),
        ("send_task", {"message": "x", "agent": "1.3-jsonrpc", "wait_seconds": -1}, "wait_seconds"),
        ("send_task", {"message": "x", "agent": "1.3-jsonrpc", "wait_second": 1}, "'wait_seconds'"),
        ("send_task", {"message": "x", "agent": "1.3-jsonrpc", "files": [{}]}, "file"),
        ("send_task", {"message": "x", "agent": "1.3-jsonrpc", "metadata": "y"}, "metadata"),
        ("send_task", {"messsage": "x", "agent": "1.3-jsonrpc"}, "'message'"),
        ("get_task", {}, "task_id"),
        ("get_task", {"task_id": "x" * 2000, "agent": "1.3-jsonrpc"}, "512"),
        ("get_task", {"task_id": "x", "history_length": "many"}, "history_length"),
        ("get_artifact", {"task_id": "x"}, "artifact_id"),
        ("get_artifact", {"task_id": "x", "artifact_id": "y", "unit": "miles"}, "unit"),
        ("cancel_task", {"taskid": "x"}, "'task_id'"),
        ("subscribe", {}, "exactly one"),
        ("subscribe", {"task_id": "x", "message": "y"}, "exactly one"),
        ("subscribe", {"message": "x", "agent": "1.3-jsonrpc", "max_updates": 0}, "max_updates"),
        ("list_tasks", {"state": "sleeping"}, "state"),
        ("list_tasks", {"updated_after": "yesterday"}, "updated_after"),
        ("list_tasks", {"cursor": "not one of ours"}, "cursor"),
        ("list_tasks", {"limit": 0}, "limit"),
        ("agent_info", {"refresh": "maybe"}, "refresh"),
    ],
)
async def test_bad_arguments_are_an_error_that_names_them(
    host: Host, every_agent: dict[str, Agent], tool: str, arguments: dict[str, Any], words: str
) -> None:
    good = every_agent["1.3-jsonrpc"]
    before = len(good.log())
    answer = await host.call(tool, **arguments)
    assert answer.failed
    assert words in answer.text
    assert "validation error" not in answer.text
    assert "pydantic" not in answer.text
    assert len(good.log()) == before


async def test_null_is_absent_and_an_extra_argument_is_ignored_and_named(host: Host) -> None:
    answer = await host.send(
        "echo hello", agent="1.3-jsonrpc", task_id=None, files=None, wait_for_previous=True
    )
    assert not answer.failed
    assert answer["text"] == "echo: hello"
    assert "wait_for_previous" in answer["note"]


async def test_an_unknown_tool_is_an_error(host: Host) -> None:
    answer = await host.call("send_tsk")
    assert answer.failed
    assert "send_tsk" in answer.text
