"""What comes after the first message, over every kind of agent, counted in the agent's own log."""

import json
from collections.abc import Iterator
from uuid import uuid4

import anyio
import pytest
from real_agents import ALL_KINDS, Agent
from real_agents.gate import Gate

from e2e.bridges import until
from e2e.hosts import Answer, Host

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("once")]


@pytest.fixture(params=ALL_KINDS)
def agent(request: pytest.FixtureRequest, every_agent: dict[str, Agent]) -> Agent:
    return every_agent[request.param]


@pytest.fixture
def once(agent: Agent) -> Iterator[None]:
    """In every test the agent works once for each message: no message id comes twice."""
    before = len(agent.log())
    yield
    ids = [entry["message_id"] for entry in agent.log()[before:]]
    assert len(ids) == len(set(ids))


def executions(agent: Agent, task_id: str) -> list[str]:
    """What the agent was told in a task."""
    return [entry["text"] for entry in agent.log() if entry["task_id"] == task_id]


async def running(host: Host, agent: Agent, until: Gate | int) -> Answer:
    """Begin work until a gate opens, or of so many seconds, and come back before."""
    answer = await host.send(f"slow {until}", agent=agent.kind, wait_seconds=0.25)
    assert answer["state"] in ("submitted", "working")
    assert not answer.failed
    return answer


async def test_a_stream_is_followed_as_deltas_in_order(host: Host, agent: Agent) -> None:
    answer = await host.call("subscribe", message="stream 5", agent=agent.kind)
    assert answer["state"] == "completed"
    assert answer["text"].split() == [f"chunk{number}" for number in range(1, 6)]
    words = [update["text"] for update in answer["updates"] if update["text"]]
    assert " ".join(words).split() == [f"chunk{number}" for number in range(1, 6)]
    assert executions(agent, answer["task_id"]) == ["stream 5"]


async def test_a_stream_is_one_answer_for_who_only_wants_that(host: Host, agent: Agent) -> None:
    answer = await host.send("stream 3", agent=agent.kind)
    assert answer["state"] == "completed"
    assert answer["text"].rstrip() == "chunk1 chunk2 chunk3"
    assert executions(agent, answer["task_id"]) == ["stream 3"]


async def test_slow_work_gives_a_handle_in_time_and_its_answer_later(
    host: Host, agent: Agent, gate: Gate
) -> None:
    asked_for = await running(host, agent, gate)
    awaited = await running(host, agent, gate)
    assert "do not send" in asked_for["next_step"]
    assert "subscribe" in asked_for["next_step"]
    now = await host.call("get_task", task_id=asked_for["task_id"])
    assert (now["agent"], now["state"]) == (agent.kind, "working")
    gate.open()
    for done in (
        await host.call("subscribe", task_id=awaited["task_id"]),
        await host.stopped(asked_for["task_id"]),
    ):
        assert done["state"] == "completed"
        assert "slow done" in done["text"]
    assert executions(agent, asked_for["task_id"]) == [f"slow {gate}"]
    assert executions(agent, awaited["task_id"]) == [f"slow {gate}"]


async def test_not_waiting_at_all_gives_a_handle_at_once(
    host: Host, agent: Agent, gate: Gate
) -> None:
    words = f"after {gate} task {uuid4()}"
    answer = await host.send(words, agent=agent.kind, wait_seconds=0)
    gate.open()
    done = await host.stopped(answer["task_id"])
    assert done["text"] == words.replace(f"after {gate} task", "task:", 1)
    assert sum(entry["text"] == words for entry in agent.log()) == 1


async def test_a_question_is_answered_by_its_task_id_alone(host: Host, agent: Agent) -> None:
    question = await host.send("input", agent=agent.kind)
    assert question["state"] == "input-required"
    assert not question.failed
    assert "Which city?" in question["text"]
    assert "task_id" in question["next_step"]
    answer = await host.send("Paris", task_id=question["task_id"])
    assert answer["state"] == "completed"
    assert "got: Paris" in answer["text"]
    assert answer["task_id"] == question["task_id"]
    assert answer["context_id"] == question["context_id"]
    assert executions(agent, question["task_id"]) == ["input", "Paris"]


async def test_an_answer_given_without_waiting_is_not_taken_for_the_question(
    host: Host, agent: Agent
) -> None:
    question = await host.send("input", agent=agent.kind)
    answer = await host.send("Paris", task_id=question["task_id"], wait_seconds=0)
    assert answer["state"] != "input-required"
    done = await host.stopped(question["task_id"])
    assert "got: Paris" in done["text"]
    assert executions(agent, question["task_id"]) == ["input", "Paris"]


async def test_a_conversation_goes_on_by_its_context_id_alone(host: Host, agent: Agent) -> None:
    first = await host.send("task one", agent=agent.kind)
    second = await host.send("task two", context_id=first["context_id"])
    assert second["agent"] == agent.kind
    assert second["text"] == "task: two"
    assert second["context_id"] == first["context_id"]
    assert second["task_id"] != first["task_id"]


async def test_the_conversation_of_a_bare_message_goes_on_too(host: Host, agent: Agent) -> None:
    first = await host.send("echo hello", agent=agent.kind)
    second = await host.send("task two", context_id=first["context_id"])
    assert (second["agent"], second["context_id"]) == (agent.kind, first["context_id"])


async def test_a_finished_task_goes_on_as_a_new_one_that_refers_to_it(
    host: Host, agent: Agent
) -> None:
    first = await host.send("task one", agent=agent.kind)
    second = await host.send("meta", task_id=first["task_id"])
    assert not second.failed
    assert second["state"] == "completed"
    assert second["context_id"] == first["context_id"]
    assert second["task_id"] != first["task_id"]
    assert first["task_id"] in second["note"]
    heard = json.loads(second["text"])
    assert heard["context_id"] == first["context_id"]
    if agent.kind != "0.3-rest":  # a2a-sdk 0.3 loses them between its HTTP+JSON and its executor
        assert heard["reference_task_ids"] == [first["task_id"]]
    assert executions(agent, first["task_id"]) == ["task one"]
    assert executions(agent, second["task_id"]) == ["meta"]


async def test_a_message_to_a_running_task_reaches_it_or_is_refused_with_its_state(
    host: Host, agent: Agent, gate: Gate
) -> None:
    started = await running(host, agent, gate)
    answer = await host.send("Paris", task_id=started["task_id"], wait_seconds=1)
    gate.open()
    if answer.failed:
        assert "working" in answer.text
        assert executions(agent, started["task_id"]) == [f"slow {gate}"]
    else:
        # An agent may take it once the work is done; until then it names no task of it.
        heard = await host.stopped(answer["task_id"])
        assert heard["task_id"] == started["task_id"]
        assert executions(agent, started["task_id"]) == [f"slow {gate}", "Paris"]


async def test_running_work_is_cancelled(host: Host, agent: Agent) -> None:
    started = await running(host, agent, 600)
    task_id = started["task_id"]
    answer = await host.call("cancel_task", task_id=task_id, reason="not wanted")
    assert not answer.failed
    assert answer["state"] == "canceled"
    assert answer["agent"] == agent.kind
    asked = [entry for entry in agent.cancels() if entry["task_id"] == task_id]
    assert len(asked) == 1
    if "rest" not in agent.kind:  # a2a-sdk does not read the body of its HTTP+JSON cancel
        assert asked[0]["metadata"] == {"reason": "not wanted"}
    now = await host.call("get_task", task_id=task_id)
    assert (now["state"], now.failed) == ("canceled", False)
    assert executions(agent, task_id) == ["slow 600"]


async def test_every_waiting_call_learns_that_its_task_was_cancelled(
    host: Host, agent: Agent
) -> None:
    started = await running(host, agent, 600)
    task_id = started["task_id"]
    found: list[Answer] = []

    async def wait() -> None:
        found.append(await host.call("subscribe", task_id=task_id, wait_seconds=40))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await host.call("cancel_task", task_id=task_id)
    assert (found[0]["state"], found[0].failed) == ("canceled", False)
    assert found[0].seconds < 30


async def test_finished_work_is_not_cancelled(host: Host, agent: Agent) -> None:
    done = await host.send("task one", agent=agent.kind)
    answer = await host.call("cancel_task", task_id=done["task_id"])
    assert answer["state"] == "completed"
    assert "ended" in answer["note"]
    assert [entry for entry in agent.cancels() if entry["task_id"] == done["task_id"]] == []
    now = await host.call("get_task", task_id=done["task_id"])
    assert now["state"] == "completed"
    assert "task: one" in now["text"]


@pytest.mark.parametrize("word", ["fail", "reject"])
async def test_what_the_agent_failed_at_is_an_error_in_its_words(
    host: Host, agent: Agent, word: str
) -> None:
    answer = await host.send(word, agent=agent.kind)
    assert answer.failed
    assert answer["state"] == {"fail": "failed", "reject": "rejected"}[word]
    assert {"fail": "it broke", "reject": "not something I do"}[word] in answer["text"]
    again = await host.call("get_task", task_id=answer["task_id"])
    assert again["state"] == answer["state"]
    assert executions(agent, answer["task_id"]) == [word]


async def test_an_agent_that_crashes_at_once_is_an_error_and_is_asked_once(
    host: Host, agent: Agent
) -> None:
    words = f"raise {uuid4()}"
    answer = await host.send(words, agent=agent.kind)
    assert answer.failed
    assert agent.kind in answer.text
    assert answer.get("state") != "completed"
    assert sum(entry["text"] == words for entry in agent.log()) == 1


async def test_an_agent_that_crashes_while_working_is_no_success_and_is_asked_once(
    host: Host, agent: Agent
) -> None:
    words = f"crash {uuid4()}"
    answer = await host.send(words, agent=agent.kind, wait_seconds=0.8)
    assert sum(entry["text"] == words for entry in agent.log()) == 1
    if agent.kind.startswith("1.3"):
        assert answer.failed
        assert answer["state"] == "failed"
        # Over HTTP+JSON a2a-sdk hides what was raised.
        said = "unknown exception" if "rest" in agent.kind else "crashed while working"
        assert said in answer["text"]
    else:
        # These cut the stream and leave the task as it was for ever: only the cut can be told.
        assert answer["state"] in ("submitted", "working")
        assert "broke off" in answer["note"]


async def test_signing_in_is_asked_for_and_is_no_error(host: Host, agent: Agent) -> None:
    answer = await host.send("auth", agent=agent.kind)
    assert not answer.failed
    assert answer["state"] == "auth-required"
    assert "https://example.com/sign-in" in answer["text"]
    assert "get_task" in answer["next_step"]


@pytest.mark.parametrize("agent", ["1.3-jsonrpc", "0.3-rest"], indirect=True)
async def test_the_work_goes_on_when_somebody_has_signed_in(host: Host, agent: Agent) -> None:
    answer = await host.send("auth", agent=agent.kind)

    async def signed_in() -> bool:
        seen = await host.call("get_task", task_id=answer["task_id"])
        return bool(seen["state"] == "completed")

    await until(signed_in)
    assert executions(agent, answer["task_id"]) == ["auth"]


async def test_tasks_are_listed_newest_first(host: Host, agent: Agent) -> None:
    first = await host.send("task one", agent=agent.kind)
    second = await host.send("input", agent=agent.kind)
    listed = await host.call("list_tasks", agent=agent.kind, limit=2)
    rows = [(row["task_id"], row["state"]) for row in listed["tasks"]]
    assert rows == [(second["task_id"], "input-required"), (first["task_id"], "completed")]
    only = await host.call("list_tasks", agent=agent.kind, context_id=first["context_id"])
    assert [row["task_id"] for row in only["tasks"]] == [first["task_id"]]
