"""The configuration at run time: empty, broken, and changed while the bridge runs."""

import subprocess

import pytest
from real_agents import Agents

from e2e.bridges import Home, ran, until
from e2e.hosts import Answer
from e2e.lines import line_host

pytestmark = pytest.mark.anyio


async def test_without_any_agent_the_tools_are_there_and_say_what_to_configure(
    home: Home,
) -> None:
    home.configure({})
    async with line_host(home) as (host, pipes):
        assert len(host.tools) == 7
        assert "agent_info" in pipes.instructions
        answer = await host.call("agent_info")
        assert "agents.toml" in answer.text
        for tool, arguments in (
            ("send_task", {"message": "echo hello"}),
            ("send_task", {"message": "echo hello", "agent": "any"}),
            ("subscribe", {"message": "echo hello"}),
        ):
            answer = await host.call(tool, **arguments)
            assert answer.failed
            assert "No A2A agent is configured" in answer["error"]
            assert "agents.toml" in answer["next_step"]
            assert "A2A_AGENTS" in answer["next_step"]


async def test_a_changed_configuration_is_noticed_without_a_restart(
    home: Home, running_agent: Agents
) -> None:
    first, second = running_agent("1.3-jsonrpc"), running_agent("0.3-jsonrpc")
    home.configure({"first": first.url})
    async with line_host(home) as (host, _):
        task = await host.send("input")
        assert task["agent"] == "first"
        assert (await host.send("echo hello", agent="second")).failed
        home.configure({"first": first.url, "second": second.url})

        async def is_there() -> Answer | None:
            answer = await host.send("echo hello", agent="second")
            return None if answer.failed else answer

        assert (await until(is_there, 5))["text"] == "echo: hello"  # type: ignore[index]
        assert (await host.send("Paris", task_id=task["task_id"]))["agent"] == "first"
        home.config.write_text("this is [not TOML")

        async def is_said() -> bool:
            return "not TOML" in (await host.call("agent_info")).text

        await until(is_said, 5)
        assert not (await host.send("echo hello", agent="second")).failed
        home.configure({"second": second.url})

        async def is_gone() -> bool:
            return (await host.send("echo hello", agent="first")).failed

        await until(is_gone, 5)
        orphan = await host.call("get_task", task_id=task["task_id"])
        assert not orphan.failed  # what an agent had said stays readable without it
        for channel in (orphan.text, str(orphan.structure)):
            assert "Paris" in channel
            assert "There is no agent named 'first'" in channel
        refused = await host.send("more", task_id=task["task_id"])
        assert refused.failed
        assert "first" in refused.text
        assert "first" in str(refused.structure)


def test_a_broken_file_is_told_at_the_start_with_every_fault(home: Home) -> None:
    home.config.write_text('nonsense = 1\n[server]\nwait_seconds = 100\n[agents.a]\nurl = "x"\n')
    done = ran(home.command(), env=home.environment(), stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "nonsense" in done.stderr
    assert "wait_seconds" in done.stderr
    assert done.stderr.count(str(home.config)) == 2
    assert "Traceback" not in done.stderr


def test_a_mistake_in_one_agent_is_fatal_only_where_that_is_asked_for(home: Home) -> None:
    home.configure({"bad": {"url": "ftp://nowhere.example"}})
    done = ran(home.command("--strict"), env=home.environment(), stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "agents.bad" in done.stderr
    done = ran(home.command(), env=home.environment(), stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert "agent bad is disabled" in done.stderr
