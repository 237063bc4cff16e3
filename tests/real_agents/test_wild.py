"""The test agents on other frameworks, asked in raw JSON, each in the dialect it really speaks.

As in `test_agents`, nothing here uses the bridge's own code. The bodies are those of real clients;
what each framework makes of them is the reason why these agents are here.
"""

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from real_agents import ALL_KINDS, WILD_KINDS, Agent, Agents

NEW_CARD: Final = "/.well-known/agent-card.json"
OLD_CARD: Final = "/.well-known/agent.json"
OVER: Final = ("completed", "canceled", "cancelled", "failed", "input-required")
SECONDS: Final = 20
LOOK_SECONDS: Final = 0.02

OLD: Final = ("message/send", "message/stream", "tasks/get", "tasks/cancel")
METHODS: Final = {
    "python-a2a": ("tasks/send", "tasks/sendSubscribe", "tasks/get", "tasks/cancel"),
    "praisonai": OLD,
    "fasta2a": ("SendMessage", "SendStreamingMessage", "GetTask", "CancelTask"),
    "fasta2a-0.6": OLD,
}
PATHS: Final = {
    "tasks/send": "/tasks/send",
    "tasks/sendSubscribe": "/tasks/stream",
    "tasks/get": "/tasks/get",
    "tasks/cancel": "/tasks/cancel",
}
"""Where python-a2a has its methods; the others have one place for all."""

every_kind = pytest.mark.parametrize("kind", WILD_KINDS)


@dataclass(frozen=True)
class Raw:
    """One agent in its dialect, a request at a time."""

    agent: Agent

    def send(self, text: str, **ids: str) -> Any:
        """Send a message; return the task, unwrapped, as the agent first shows it."""
        result = self._result(METHODS[self.agent.kind][0], self._message(text, **ids))
        return result.get("task", result)

    def ended(self, text: str, **ids: str) -> Any:
        """Send a message; return the task once it stops: FastA2A never waits for that."""
        task = self.send(text, **ids)
        deadline = time.monotonic() + SECONDS
        while state(task) not in OVER:
            assert time.monotonic() < deadline, task
            time.sleep(LOOK_SECONDS)
            task = self.get(task["id"])
        return task

    def stream(self, text: str, **ids: str) -> list[Any]:
        """Send a message as a stream; return its events' data."""
        said = self._post(METHODS[self.agent.kind][1], self._message(text, **ids)).text
        lines = [line.removeprefix("data: ") for line in said.splitlines() if "data: " in line]
        return [json.loads(line) for line in lines]

    def get(self, task_id: str) -> Any:
        """Return the task now."""
        return self._result(METHODS[self.agent.kind][2], {"id": task_id})

    def cancel(self, task_id: str) -> Any:
        """Cancel the task; return what the agent shows of it then."""
        return self._result(METHODS[self.agent.kind][3], {"id": task_id})

    def _message(self, text: str, **ids: str) -> dict[str, Any]:
        if self.agent.kind == "python-a2a":
            message = {"role": "user", "parts": [{"type": "text", "text": text}]}
            return {"id": str(uuid.uuid4()), "sessionId": "s", **ids, "message": message}
        new = self.agent.kind == "fasta2a"
        part = {"text": text} if new else {"kind": "text", "text": text}
        role = {"role": "ROLE_USER"} if new else {"role": "user", "kind": "message"}
        message = {"messageId": str(uuid.uuid4()), **ids, **role, "parts": [part]}
        return {"message": message, "configuration": {"acceptedOutputModes": ["text/plain"]}}

    def _result(self, method: str, params: dict[str, Any]) -> Any:
        answer = self._post(method, params).json()
        assert "result" in answer, answer
        return answer["result"]

    def _post(self, method: str, params: dict[str, Any]) -> httpx.Response:
        body = {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}
        path = {"praisonai": "/a2a", "python-a2a": PATHS.get(method)}.get(self.agent.kind) or "/"
        headers = {"A2A-Version": "1.0"} if self.agent.kind == "fasta2a" else {}
        return httpx.post(self.agent.url + path, json=body, headers=headers, timeout=SECONDS)


def state(task: Any) -> str:
    name: str = task["status"]["state"]
    return name.removeprefix("TASK_STATE_").lower().replace("_", "-")


def text(task: Any) -> str:
    return "".join(part["text"] for item in task["artifacts"] for part in item["parts"])


def executions(agent: Agent, task_id: str) -> list[str]:
    return [entry["text"] for entry in agent.log() if entry["task_id"] == task_id]


def test_the_matrix_of_the_sdk_knows_nothing_of_these() -> None:
    assert set(WILD_KINDS) == set(METHODS)
    assert not set(WILD_KINDS) & set(ALL_KINDS)


@every_kind
def test_an_agent_serves_its_card_where_its_framework_does(
    kind: str, running_agent: Agents
) -> None:
    agent = running_agent(kind)
    answers = {path: httpx.get(agent.url + path) for path in (NEW_CARD, OLD_CARD)}
    cards = {path: answer.json() for path, answer in answers.items() if answer.is_success}
    assert set(cards) == {
        "python-a2a": {NEW_CARD, OLD_CARD},
        "praisonai": {OLD_CARD},
    }.get(kind, {NEW_CARD})
    for card in cards.values():
        where = card.get("url") or card["supportedInterfaces"][0]["url"]
        assert where == agent.url + ("/a2a" if kind == "praisonai" else "")


@every_kind
def test_the_card_claims_a_version(kind: str, running_agent: Agents) -> None:
    place = OLD_CARD if kind == "praisonai" else NEW_CARD
    card = httpx.get(running_agent(kind).url + place).json()
    interface = card.get("supportedInterfaces", [card])[0]
    # python-a2a says so and speaks the dialect of half a year before.
    expected = {"python-a2a": "0.3.0", "fasta2a": "1.0", "fasta2a-0.6": "0.3.0"}
    assert interface.get("protocolVersion") == expected.get(kind)
    assert card["capabilities"]["streaming"] == (kind != "fasta2a-0.6")


@every_kind
@pytest.mark.parametrize("word", ["echo", "task"])
def test_an_answer_is_an_artifact_of_a_completed_task_and_made_once(
    kind: str, word: str, running_agent: Agents
) -> None:
    agent = running_agent(kind)
    task = Raw(agent).ended(f"{word} hello")
    assert (state(task), text(task)) == ("completed", f"{word}: hello")
    assert executions(agent, task["id"]) == [f"{word} hello"]
    assert text(Raw(agent).get(task["id"])) == f"{word}: hello"


@every_kind
def test_slow_work_ends(kind: str, running_agent: Agents) -> None:
    task = Raw(running_agent(kind)).ended("slow 0.2")
    assert (state(task), text(task)) == ("completed", "slow done")


@every_kind
def test_a_failure_is_a_failed_task(kind: str, running_agent: Agents) -> None:
    task = Raw(running_agent(kind)).ended("fail")
    assert state(task) == "failed"
    # PraisonAI keeps the reason to itself.
    assert ("it broke" in json.dumps(task)) == (kind != "praisonai")


def test_python_a2a_goes_on_with_the_task_of_its_question(running_agent: Agents) -> None:
    raw = Raw(running_agent("python-a2a"))
    asked = raw.send("input")
    said = {"role": "agent", "content": {"type": "text", "text": "Which city?"}}
    assert (state(asked), asked["status"]["message"]) == ("input-required", said)
    answered = raw.send("Oslo", id=asked["id"])
    assert (state(answered), text(answered)) == ("completed", "got: Oslo")
    assert executions(raw.agent, asked["id"]) == ["input", "Oslo"]


@pytest.mark.parametrize("kind", ["fasta2a", "fasta2a-0.6"])
def test_fasta2a_takes_an_answer_in_a_new_task_of_the_context(
    kind: str, running_agent: Agents
) -> None:
    raw = Raw(running_agent(kind))
    asked = raw.ended("input")
    assert (state(asked), asked["history"][-1]["parts"][0]["text"]) == (
        "input-required",
        "Which city?",
    )
    answered = raw.ended("Oslo", taskId=asked["id"], contextId=asked["contextId"])
    assert (state(answered), text(answered)) == ("completed", "got: Oslo")
    assert answered["id"] != asked["id"]
    assert answered["contextId"] == asked["contextId"]
    assert state(raw.get(asked["id"])) == "input-required"


def test_praisonai_asks_in_a_completed_task_and_begins_a_new_one(running_agent: Agents) -> None:
    raw = Raw(running_agent("praisonai"))
    asked = raw.send("input")
    assert (state(asked), text(asked)) == ("completed", "Which city?")
    answered = raw.send("echo Oslo", taskId=asked["id"])
    assert answered["id"] != asked["id"]
    assert text(answered) == "echo: Oslo"


def test_python_a2a_streams_two_bare_tasks(running_agent: Agents) -> None:
    raw = Raw(running_agent("python-a2a"))
    begun, done = raw.stream("stream 3", id=str(uuid.uuid4()))
    assert begun["id"] == done["id"]
    assert (state(begun), state(done)) == ("submitted", "completed")
    assert text(done) == "chunk1 chunk2 chunk3 "
    assert executions(raw.agent, done["id"]) == ["stream 3"]


def test_praisonai_streams_without_an_envelope_and_forgets_the_end(running_agent: Agents) -> None:
    raw = Raw(running_agent("praisonai"))
    working, artifact, completed, nothing = raw.stream("stream 3")
    assert (state(working), state(completed), completed["final"]) == ("working", "completed", True)
    assert artifact["artifact"]["parts"] == [{"text": "chunk1 chunk2 chunk3 "}]
    assert nothing == {}
    assert state(raw.get(completed["taskId"])) == "submitted"
    assert executions(raw.agent, completed["taskId"]) == ["stream 3"]


def test_fasta2a_streams_a_task_and_then_its_chunks(running_agent: Agents) -> None:
    events = [event["result"] for event in Raw(running_agent("fasta2a")).stream("stream 3")]
    assert [next(iter(event)) for event in events] == [
        "task",
        "statusUpdate",
        *["artifactUpdate"] * 3,
        "statusUpdate",
    ]
    chunks = [event["artifactUpdate"] for event in events[2:5]]
    assert [chunk["append"] for chunk in chunks] == [False, True, True]
    assert [chunk["lastChunk"] for chunk in chunks] == [False, False, True]
    assert state(events[-1]["statusUpdate"]) == "completed"


@pytest.mark.parametrize("kind", ["python-a2a", "fasta2a", "fasta2a-0.6"])
def test_a_task_that_nobody_works_on_is_cancelled(kind: str, running_agent: Agents) -> None:
    raw = Raw(running_agent(kind))
    task = raw.send("noend")
    assert state(task) in ("waiting", "submitted", "working")
    raw.cancel(task["id"])
    # FastA2A shows the task as it was before its worker hears of it.
    assert state(raw.get(task["id"])) == "canceled"
    assert [entry for entry in raw.agent.cancels() if entry["task_id"] == task["id"]]


def test_python_a2a_cancels_what_is_done(running_agent: Agents) -> None:
    raw = Raw(running_agent("python-a2a"))
    task = raw.send("task hello")
    assert state(raw.cancel(task["id"])) == "canceled"
    assert state(raw.get(task["id"])) == "canceled"


@pytest.mark.parametrize("kind", ["fasta2a", "fasta2a-0.6"])
def test_fasta2a_hears_of_a_cancel_when_the_work_is_done(kind: str, running_agent: Agents) -> None:
    raw = Raw(running_agent(kind))
    task = raw.send("slow 0.3")
    assert state(raw.cancel(task["id"])) == "completed"
    assert state(raw.get(task["id"])) == "completed"


def test_an_exception_in_python_a2a_is_a_500(running_agent: Agents) -> None:
    raw = Raw(running_agent("python-a2a"))
    answer = raw._post("tasks/send", raw._message("raise", id="raised"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, -32603)
    assert executions(raw.agent, "raised") == ["raise"]
    assert raw._post("tasks/get", {"id": "raised"}).status_code == 404
