"""An agent's answer comes in the first reply, whatever the agent, the transport and the era."""

import pytest
from real_agents import ALL_KINDS, Agent

from e2e.bridges import Home
from e2e.conftest import Hosts
from e2e.hosts import ERAS, Host, compact
from e2e.lines import OLD, line_host

pytestmark = pytest.mark.anyio

every_kind = pytest.mark.parametrize("kind", ALL_KINDS)
every_transport = pytest.mark.parametrize("transport", ["stdio", "http"])
every_mode = pytest.mark.parametrize("mode", list(ERAS))


def executions(agent: Agent, text: str) -> int:
    return sum(entry["text"] == text for entry in agent.log())


@every_kind
@every_transport
@every_mode
async def test_echo_hello_is_answered_in_the_first_reply(
    hosts: Hosts, every_agent: dict[str, Agent], kind: str, transport: str, mode: str
) -> None:
    words = f"echo hello {transport} {mode}"
    answer = await hosts[transport, mode].send(words, agent=kind)
    assert not answer.failed, answer
    assert answer["text"] == words.replace("echo", "echo:", 1)
    assert answer["state"] == "completed"
    assert answer["agent"] == kind
    assert answer["context_id"]
    assert answer.get("task_id") is None, "a bare message has no task"
    assert executions(every_agent[kind], words) == 1


@every_kind
@every_transport
@every_mode
async def test_a_task_comes_with_answer_state_and_ids_in_the_first_reply(
    hosts: Hosts, every_agent: dict[str, Agent], kind: str, transport: str, mode: str
) -> None:
    words = f"task hello {transport} {mode}"
    answer = await hosts[transport, mode].send(words, agent=kind)
    assert not answer.failed, answer
    assert answer["text"] == words.replace("task", "task:", 1)
    assert answer["state"] == "completed"
    (done,) = (entry for entry in every_agent[kind].log() if entry["text"] == words)
    assert answer["task_id"] == done["task_id"]
    assert answer["context_id"] == done["context_id"]


@pytest.mark.parametrize("version", OLD)
async def test_hosts_of_older_protocol_versions_get_the_same_answers(
    home: Home, every_agent: dict[str, Agent], version: str
) -> None:
    home.configure({kind: agent.url for kind, agent in every_agent.items()})
    async with line_host(home, version) as (host, pipes):
        for kind in ALL_KINDS:
            answer = await host.send(f"echo hello {version}", agent=kind)
            assert (answer["text"], answer["state"]) == (f"echo: hello {version}", "completed")
            assert answer["context_id"]
            answer = await host.send(f"task hello {version}", agent=kind)
            assert (answer["text"], answer["state"]) == (f"task: hello {version}", "completed")
            assert answer["task_id"]
            assert answer["context_id"]
        assert pipes.notifications == []


@every_kind
async def test_an_echo_costs_little_more_than_its_answer(host: Host, kind: str) -> None:
    answer = await host.send("echo hello", agent=kind)
    content = len(answer["text"].encode())
    assert len(answer.text.encode()) <= content + 250
    assert len(compact(answer.structure)) <= content + 450
