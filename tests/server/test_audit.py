"""The audit of a company: one line a call, without a word of anybody."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from scripted import SEND, done, error, result, scripted
from staging import configured, hosted

from a2a_mcp.config.limits import CallerLimits
from a2a_mcp.server.audit import Audit

pytestmark = pytest.mark.anyio
SECRET = "the plan is secret"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


async def test_each_call_is_a_line_with_who_what_where_and_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    async with scripted() as agent:
        agent.on(SEND, result({"task": done(SECRET)}), error(-32603, SECRET))
        config = configured(it=agent.url, server={"audit_file": path})
        async with hosted(config, tmp_path / "state") as client:
            await client.call_tool("send_task", {"message": SECRET})
            await client.call_tool("send_task", {"message": SECRET})
            await client.call_tool("get_task", {"task_id": "no-such"})
    sent, failed, unknown = lines(path)
    assert sent["owner"] == "local"
    assert (sent["action"], sent["agent"], sent["task_id"]) == ("send_task", "it", "t1")
    assert sent["outcome"] == "completed"
    assert sent["bytes"] > 0
    assert sent["time"].endswith("+00:00")
    assert failed["outcome"] in ("error", "failed")
    assert (unknown["action"], unknown["outcome"]) == ("get_task", "error")
    assert SECRET not in path.read_text("utf-8")


async def test_a_file_that_was_moved_away_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    config = configured(it="https://a.example", server={"audit_file": path})
    async with hosted(config, tmp_path / "state") as client:
        await client.call_tool("list_tasks", {})
        path.rename(tmp_path / "yesterday")
        await client.call_tool("list_tasks", {})
    assert len(lines(path)) == len(lines(tmp_path / "yesterday")) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize("path", ["/dev/full", "/no/such/folder/audit.jsonl"])
async def test_a_line_that_cannot_be_written_fails_no_call_and_is_said_once(
    path: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = configured(it="https://a.example", server={"audit_file": Path(path)})
    async with hosted(config, tmp_path / "state") as client:
        for _ in range(3):
            assert not (await client.call_tool("list_tasks", {})).is_error
    said = [record for record in caplog.records if "audit" in record.getMessage()]
    assert len(said) == 1
    assert os.path.basename(path) in said[0].getMessage()


async def test_too_many_calls_are_refused_with_the_seconds_to_wait(tmp_path: Path) -> None:
    limits = CallerLimits(calls_a_minute=6, burst_seconds=10.0)
    path = tmp_path / "audit.jsonl"
    server = {"limits": limits, "audit_file": path}
    async with hosted(configured(it="https://a.example", server=server), tmp_path) as client:
        ended = [await client.call_tool("list_tasks", {}) for _ in range(4)]
    assert [each.is_error for each in ended] == [False, False, True, True]
    told = str(ended[-1].structured_content)
    assert "6 calls a minute" in told
    assert "Wait 10 seconds" in told
    assert [line["outcome"] for line in lines(path)] == ["ok", "ok", "error", "error"]


async def test_a_caller_with_enough_running_tasks_starts_no_more(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, result({"task": {"id": "t1", "status": {"state": "TASK_STATE_WORKING"}}}))
        server = {"limits": CallerLimits(running_tasks=1)}
        async with hosted(configured(it=agent.url, server=server), tmp_path) as client:
            first = await client.call_tool("send_task", {"message": "x", "wait_seconds": 0})
            second = await client.call_tool("send_task", {"message": "y", "wait_seconds": 0})
    assert not first.is_error
    assert second.is_error
    told = str(second.structured_content)
    assert "1 tasks of this caller" in told
    assert "Wait 10 seconds" in told


async def test_results_are_kept_before_the_lines_that_wait_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never_ends(*_: object) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(Audit, "end", never_ends)
    server = {"audit_file": tmp_path / "audit.jsonl"}
    async with scripted() as agent:
        agent.on(SEND, result({"task": {"id": "t1", "status": {"state": "TASK_STATE_COMPLETED"}}}))
        async with hosted(configured(it=agent.url, server=server), tmp_path / "state") as client:
            ended = await client.call_tool("send_task", {"message": "x"})
    assert not ended.is_error
    assert any((tmp_path / "state" / "kept").iterdir())
