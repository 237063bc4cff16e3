"""`a2a-mcp send` and `tasks`, against a real agent, for a person and for a script."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import anyio
import pytest
from commands import COMMAND, Home, ended, home_in, shown
from real_agents import Agents

pytestmark = pytest.mark.anyio


@pytest.fixture
def home(tmp_path: Path, running_agent: Agents) -> Home:
    home = home_in(tmp_path)
    home.write(f'[agents.it]\nurl = "{running_agent("1.3-jsonrpc").url}"\n')
    return home


async def test_an_answer_is_on_stdout_and_all_else_on_stderr(home: Home) -> None:
    done = await home.run("send", "it", "echo hello")
    assert (done.code, done.out) == (0, "echo: hello\n")
    assert "completed" in done.err


async def test_a_reader_that_has_seen_enough_ends_it_without_a_trace(home: Home) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = await anyio.run_process(
        [*COMMAND, "send", "it", "echo hello"], stdout=writer, check=False, env=home.variables
    )
    os.close(writer)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


async def test_a_task_that_fails_ends_with_1(home: Home) -> None:
    done = await home.run("send", "it", "fail no paper")
    assert done.code == 1
    assert "failed" in done.err


async def test_a_file_and_data_are_sent_along(home: Home, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("from a file", encoding="utf-8")
    done = await home.run("send", "it", "echo see", "--file", str(note), "--data", '{"n": 1}')
    assert done.code == 0
    wrong = await home.run("send", "it", "echo see", "--data", "{")
    assert wrong.code == 2
    assert "--data: is not JSON" in wrong.err
    gone = await home.run("send", "it", "echo see", "--file", str(tmp_path / "gone"))
    assert gone.code == 1
    assert "gone" in gone.err


async def test_a_model_sees_what_it_would_see(home: Home) -> None:
    done = await home.run("send", "it", "echo hi", "--model")
    assert "--- text: " in done.out
    assert "--- structure: " in done.out
    structure = json.loads(done.out.splitlines()[-1])
    assert (structure["agent"], structure["text"]) == ("it", "echo: hi")


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
async def test_a_question_is_asked_at_the_prompt_and_its_answer_goes_on(home: Home) -> None:
    terminal = home.terminal("send", "it", "input which city")
    await shown(terminal, "Which city? ")
    terminal.sendline("Oslo")
    code, said = await ended(terminal)
    assert code == 0
    assert "Oslo" in said


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
async def test_a_sign_in_is_waited_for_and_nothing_is_typed(home: Home) -> None:
    terminal = home.terminal("send", "it", "auth 1")
    await shown(terminal, "https://example.com/sign-in")
    code, said = await ended(terminal)
    assert code == 0
    assert "Waiting until that is done" in said
    assert "signed in" in said


async def test_a_long_list_of_tasks_says_how_it_goes_on(home: Home) -> None:
    for number in range(3):
        await home.run("send", "it", f"task {number}")
    first = await home.run("tasks", "--limit", "2")
    more = re.search(r"More: a2a-mcp (tasks list --limit 2 --cursor \S+)", first.out)
    assert more
    rest = await home.run(*more[1].split())
    assert (first.out.count("completed"), rest.out.count("completed")) == (2, 1)
    narrow = await home.run("tasks", COLUMNS="40")
    assert max(map(len, narrow.out.splitlines())) <= 40


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
async def test_ctrl_c_at_a_question_says_how_to_answer_it_later(home: Home) -> None:
    terminal = home.terminal("send", "it", "input which city")
    await shown(terminal, "Which city?")
    terminal.sendintr()
    code, said = await ended(terminal)
    assert code == 130
    assert "Answer: a2a-mcp send it TEXT --task " in said


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
async def test_ctrl_c_says_how_to_find_the_work_again(home: Home) -> None:
    terminal = home.terminal("send", "it", "slow 600")
    await shown(terminal, "still working")
    terminal.sendintr()
    code, said = await ended(terminal)
    assert code == 130
    assert "Traceback" not in said
    task = re.search(r"It goes on at the agent. See it: a2a-mcp tasks follow (\S+)", said)
    assert task
    assert (await home.run("tasks", "show", task[1], "--json")).json["state"] == "working"


async def test_work_that_takes_longer_says_that_it_goes_on(home: Home) -> None:
    begun = await home.run("send", "it", "slow 600", "--wait", "0.5")
    assert begun.code == 1
    assert "It goes on at the agent. See it: a2a-mcp tasks follow " in begun.err
    refused = await home.run("send", "it", "slow 600", "--wait", "-3")
    assert refused.code == 2
    assert "--wait" in refused.err


async def test_files_are_saved_and_named_and_data_comes_once(home: Home) -> None:
    files = await home.run("send", "it", "files")
    assert ": saved as " in files.out
    assert "report.pdf: https://example.com/report.pdf" in files.out
    assert "artifact_id" not in files.out
    assert "a2a://" not in files.out
    data = await home.run("send", "it", "data")
    assert json.loads(data.out) == {"answer": 42, "list": [1, 2, 3]}


async def test_a_question_that_nobody_can_answer_says_how_to(home: Home) -> None:
    asked = await home.run("send", "it", "input which city")
    assert "Which city?" in asked.out
    (line,) = (line for line in asked.err.splitlines() if line.startswith("Answer: "))
    answer = [word if word != "TEXT" else "Oslo" for word in line.split()[2:]]
    done = await home.run(*answer)
    assert (done.code, "Oslo" in done.out) == (0, True)


async def test_tasks_are_listed_shown_followed_and_cancelled(home: Home) -> None:
    begun = await home.run("send", "it", "slow 600", "--wait", "0.5")
    assert begun.code == 1
    (row,) = (await home.run("tasks", "--json")).json["tasks"]
    shown_now = await home.run("tasks", "show", row["task_id"], "--json")
    assert shown_now.json["state"] == "working"
    cancelled = await home.run("tasks", "cancel", row["task_id"], "--json")
    assert cancelled.json["state"] == "canceled"
    followed = await home.run("tasks", "follow", row["task_id"])
    assert "canceled" in followed.err
    unknown = await home.run("tasks", "show", "no-such", "--json")
    assert unknown.code == 1
    assert "no-such" in unknown.json["error"]


async def test_an_ended_task_is_forgotten_with_its_result_and_its_files(home: Home) -> None:
    await home.run("send", "it", "files")
    await home.run("send", "it", "files")
    stays, gone = (await home.run("tasks", "--json")).json["tasks"]
    before = len(kept_below(home))
    forgotten = await home.run("tasks", "forget", gone["task_id"], "--json")
    assert forgotten.json == {"forgotten": [{"task_id": gone["task_id"], "agent": "it"}]}
    (row,) = (await home.run("tasks", "--json")).json["tasks"]
    assert row["task_id"] == stays["task_id"]
    assert before == 2 * len(kept_below(home)) > 2
    again = await home.run("tasks", "forget", gone["task_id"])
    assert (again.code, "No task" in again.err) == (1, True)
    (folder,) = {path.parent for path in kept_below(home) if path.parent.name.startswith("it-")}
    (folder / "not-ours").mkdir()
    stuck = await home.run("tasks", "forget", stays["task_id"])
    assert stuck.code == 1
    assert f"a file of it is still there: {folder}" in stuck.err
    assert "Traceback" not in stuck.err


async def test_a_running_task_is_not_forgotten_while_its_agent_can_cancel_it(home: Home) -> None:
    await home.run("send", "it", "slow 600", "--wait", "0.5")
    (row,) = (await home.run("tasks", "--json")).json["tasks"]
    refused = await home.run("tasks", "forget", row["task_id"])
    assert refused.code == 1
    assert "is working; only one that has ended can be forgotten" in refused.err
    assert f"a2a-mcp tasks cancel {row['task_id']}" in refused.err
    home.write('[agents.another]\nurl = "http://127.0.0.1:9/"\n')
    forgotten = await home.run("tasks", "forget", row["task_id"])
    assert forgotten.out == f"Forgotten: {row['task_id']} of it.\n"


async def test_all_ended_tasks_are_forgotten_by_who_agrees(home: Home) -> None:
    for words in ("echo one", "echo two", "input which city"):
        await home.run("send", "it", words)
    for wrong in ([], ["t1", "--ended"], ["--ended"], ["--ended", "--json"]):
        assert (await home.run("tasks", "forget", *wrong)).code == 2
    assert len((await home.run("tasks", "--json")).json["tasks"]) == 3
    none = await home.run("tasks", "forget", "--ended", "--yes", "--agent", "removed")
    assert none.out == "Forgotten: no tasks that have ended.\n"
    done = await home.run("tasks", "forget", "--ended", "--yes", "--agent", "IT")
    assert (done.code, done.out) == (0, "Forgotten: 2 tasks that have ended.\n")
    (row,) = (await home.run("tasks", "--json")).json["tasks"]
    assert row["state"] == "input-required"


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
async def test_a_person_is_asked_before_all_ended_tasks_are_forgotten(home: Home) -> None:
    await home.run("send", "it", "echo one")
    for typed, code, said in (("n", 1, "Nothing was forgotten."), ("y", 0, "Forgotten: one task")):
        terminal = home.terminal("tasks", "forget", "--ended")
        await shown(terminal, "Forget one task that has ended?")
        terminal.sendline(typed)
        ended_with, words = await ended(terminal)
        assert (ended_with, said in words) == (code, True)


def kept_below(home: Home) -> list[Path]:
    """Return the files of tasks in the state folder: kept results and what agents have sent."""
    found = [path for path in home.folder.rglob("*") if path.is_file()]
    return [path for path in found if {"kept", "files"} & set(path.parts)]


async def test_webhooks_are_set_only_where_the_configuration_allows(home: Home) -> None:
    begun = (await home.run("send", "it", "input which", "--json")).json
    refused = await home.run("push", "add", "it", begun["task_id"], "https://hooks.example/x")
    assert refused.code == 1
    assert "push_targets" in refused.err
