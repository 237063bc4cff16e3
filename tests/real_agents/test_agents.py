"""The test agents themselves, asked in raw JSON: a later failure is then known to be the bridge's.

Each dialect below is what its specification says; nothing here uses the bridge's own code.
"""

import json
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from real_agents import ALL_KINDS, KINDS, Agent, AgentFailed, Agents, start_agent
from real_agents.venvs import REQUIREMENTS, VenvFailed, python_of

NEW_CARD = "/.well-known/agent-card.json"
OLD_CARD = "/.well-known/agent.json"
DIALECTS = {
    "1.3-jsonrpc": ("J1",),
    "1.3-rest": ("R1",),
    "1.3-compat-jsonrpc": ("J1", "J3"),
    "1.3-compat-rest": ("R1", "R3"),
    "0.3-jsonrpc": ("J3",),
    "0.3-rest": ("R3",),
    "0.2-jsonrpc": ("J3",),
}
SPOKEN = [(kind, dialect) for kind, dialects in DIALECTS.items() for dialect in dialects]
SEND = {"J1": "SendMessage", "J3": "message/send"}
GET = {"J1": "GetTask", "J3": "tasks/get"}
CANCEL = {"J1": "CancelTask", "J3": "tasks/cancel"}

every_kind = pytest.mark.parametrize("kind", ALL_KINDS)
every_dialect = pytest.mark.parametrize(("kind", "dialect"), SPOKEN)


@dataclass(frozen=True)
class Raw:
    """One dialect of one agent, a request at a time."""

    agent: Agent
    dialect: str
    token: str = ""

    def send(self, text: str, *, wait: bool = True, **fields: Any) -> Any:
        """Send a message; return the result: the task or message, unwrapped."""
        message = {"messageId": str(uuid.uuid4()), **fields, **self._words(text)}
        settings = {"returnImmediately": not wait} if self.is_new else {"blocking": wait}
        params = {"message": message, "configuration": {"acceptedOutputModes": [], **settings}}
        answer = self._call(SEND, "/message:send", params)
        return answer.get("task") or answer.get("message") or answer

    def get(self, task_id: str) -> Any:
        """Return the task now."""
        return self._call(GET, f"/tasks/{task_id}", {"id": task_id}, method="GET")

    def cancel(self, task_id: str, metadata: dict[str, Any]) -> Any:
        """Cancel the task; return it."""
        return self._call(CANCEL, f"/tasks/{task_id}:cancel", {"id": task_id, "metadata": metadata})

    @property
    def is_new(self) -> bool:
        """Return whether this is 1.0."""
        return self.dialect.endswith("1")

    def _words(self, text: str) -> dict[str, Any]:
        if self.dialect == "J3":
            return {"kind": "message", "role": "user", "parts": [{"kind": "text", "text": text}]}
        return {
            "role": "ROLE_USER",
            "content" if self.dialect == "R3" else "parts": [{"text": text}],
        }

    def _call(
        self, names: dict[str, str], path: str, params: dict[str, Any], method: str = "POST"
    ) -> Any:
        headers = {"A2A-Version": "1.0"} if self.is_new else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        url, body = self.agent.url, params
        if self.dialect in names:
            method = "POST"
            body = {"jsonrpc": "2.0", "id": "1", "method": names[self.dialect], "params": params}
        else:
            url += path if self.is_new else f"/v1{path}"
        sent = None if method == "GET" else body
        answer = httpx.request(method, url, json=sent, headers=headers, timeout=20)
        answer.raise_for_status()
        return answer.json()["result"] if self.dialect in names else answer.json()


def card(agent: Agent, path: str) -> httpx.Response:
    return httpx.get(agent.url + path)


def texts(holder: Any) -> list[str]:
    parts = holder.get("parts") or holder.get("content")
    return [part["text"] for part in parts]


def state(task: Any) -> str:
    name: str = task["status"]["state"]
    return name.removeprefix("TASK_STATE_").lower().replace("_", "-")


def artifacts(task: Any) -> list[tuple[str, list[str]]]:
    return [(artifact["name"], texts(artifact)) for artifact in task["artifacts"]]


def test_every_kind_is_asked_in_every_dialect_it_speaks() -> None:
    assert set(DIALECTS) == set(KINDS)


@every_kind
def test_an_agent_serves_its_card_where_its_sdk_does(kind: str, running_agent: Agents) -> None:
    agent = running_agent(kind)
    places = {path for path in (NEW_CARD, OLD_CARD) if card(agent, path).is_success}
    expected = {"0.3-jsonrpc": {NEW_CARD, OLD_CARD}, "0.2-jsonrpc": {OLD_CARD}}
    assert places == expected.get(kind, {NEW_CARD})


@every_kind
def test_the_card_names_the_interfaces_the_agent_has(kind: str, running_agent: Agents) -> None:
    agent = running_agent(kind)
    shown = card(agent, OLD_CARD if kind.startswith("0.2") else NEW_CARD).json()
    binding = "HTTP+JSON" if kind.endswith("rest") else "JSONRPC"
    if kind.startswith("1.3"):
        versions = ["1.0", "0.3"] if "compat" in kind else ["1.0"]
        assert shown["supportedInterfaces"] == [
            {"url": agent.url, "protocolBinding": binding, "protocolVersion": version}
            for version in versions
        ]
    else:
        assert shown["url"] == agent.url
        assert shown.get("preferredTransport", "JSONRPC") == binding
        assert shown["protocolVersion"] == ("0.2.6" if kind.startswith("0.2") else "0.3.0")


@every_dialect
def test_an_echo_is_a_message_and_runs_once(kind: str, dialect: str, running_agent: Agents) -> None:
    agent = running_agent(kind)
    reply = Raw(agent, dialect).send("echo hello", messageId=(sent := str(uuid.uuid4())))
    assert texts(reply) == ["echo: hello"]
    ran = [entry for entry in agent.log() if entry["message_id"] == sent]
    assert [entry["text"] for entry in ran] == ["echo hello"]
    assert ran[0]["context_id"] == reply["contextId"]


@every_dialect
def test_a_task_completes_with_its_artifact(kind: str, dialect: str, running_agent: Agents) -> None:
    raw = Raw(running_agent(kind), dialect)
    task = raw.send("task hello")
    assert (state(task), artifacts(task)) == ("completed", [("answer", ["task: hello"])])
    assert artifacts(raw.get(task["id"])) == artifacts(task)


@every_dialect
def test_a_question_is_answered_on_the_same_task(
    kind: str, dialect: str, running_agent: Agents
) -> None:
    raw = Raw(running_agent(kind), dialect)
    asked = raw.send("input")
    assert (state(asked), texts(asked["status"]["message"])) == ("input-required", ["Which city?"])
    answered = raw.send("Oslo", taskId=asked["id"], contextId=asked["contextId"])
    assert answered["id"] == asked["id"]
    assert (state(answered), artifacts(answered)) == ("completed", [("answer", ["got: Oslo"])])


@every_dialect
def test_the_agent_tells_what_it_received(kind: str, dialect: str, running_agent: Agents) -> None:
    raw = Raw(running_agent(kind), dialect)
    sent, context = str(uuid.uuid4()), str(uuid.uuid4())
    task = raw.send("meta", messageId=sent, contextId=context, metadata={"trace": "t-1"})
    received = json.loads(artifacts(task)[0][1][0])
    assert received["message_id"] == sent
    assert (received["task_id"], received["context_id"]) == (task["id"], context)
    assert (received["metadata"], received["texts"]) == ({"trace": "t-1"}, ["meta"])


@every_dialect
def test_a_running_task_is_cancelled_and_the_request_noted(
    kind: str, dialect: str, running_agent: Agents
) -> None:
    agent = running_agent(kind)
    raw = Raw(agent, dialect)
    # Every send to 0.2 waits; its way to leave a task running is an executor that returns.
    task = raw.send("noend" if kind == "0.2-jsonrpc" else "slow 30", wait=False)
    ended = state(raw.cancel(task["id"], {"reason": "changed my mind"}))
    # The 0.3 proto has an l more.
    assert ended == ("cancelled" if dialect == "R3" else "canceled")
    noted = [entry["metadata"] for entry in agent.cancels() if entry["task_id"] == task["id"]]
    # HTTP+JSON drops the metadata in every generation.
    assert noted == [{} if dialect.startswith("R") else {"reason": "changed my mind"}]


def test_files_and_data_arrive_as_they_were_sent(running_agent: Agents) -> None:
    raw = Raw(running_agent("1.3-jsonrpc"), "J1")
    parts = [
        {"raw": "aGVsbG8=", "filename": "a.txt", "mediaType": "text/plain"},
        {"url": "https://example.com/b.pdf", "mediaType": "application/pdf"},
        {"data": {"k": 1}, "metadata": {"m": "x"}},
    ]
    message = {"messageId": str(uuid.uuid4()), "role": "ROLE_USER", "parts": parts}
    answer = raw._call(SEND, "", {"message": message})
    received = json.loads(artifacts(answer["task"])[0][1][0])
    assert received["data"] == [{"data": {"k": 1}, "metadata": {"m": "x"}}]
    assert [file["bytes"] for file in received["files"]] == ["aGVsbG8=", ""]
    assert [file["url"] for file in received["files"]] == ["", "https://example.com/b.pdf"]


def test_a_guarded_agent_refuses_all_but_its_card_without_the_token(running_agent: Agents) -> None:
    agent = running_agent("1.3-jsonrpc", "--token", "s3cret")
    schemes = card(agent, NEW_CARD).json()["securitySchemes"]
    assert schemes == {"bearer": {"httpAuthSecurityScheme": {"scheme": "bearer"}}}
    for token in ("", "wrong"):
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            Raw(agent, "J1", token).send("echo hi")
    assert agent.log() == []
    assert texts(Raw(agent, "J1", "s3cret").send("echo hi")) == ["echo: hi"]
    assert agent.requests()[-1]["headers"]["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(("kind", "dialect"), [("1.3-jsonrpc", "J1"), ("1.3-compat-rest", "R3")])
def test_an_agent_lives_under_its_path(kind: str, dialect: str, running_agent: Agents) -> None:
    agent = running_agent(kind, "--path", "/x")
    assert agent.url.endswith("/x")
    assert card(agent, NEW_CARD).json()["supportedInterfaces"][0]["url"] == agent.url
    assert httpx.get(agent.url.removesuffix("/x") + NEW_CARD).status_code == 404
    assert texts(Raw(agent, dialect).send("echo hi")) == ["echo: hi"]


@pytest.mark.parametrize("kind", ["1.3-jsonrpc", "0.3-rest", "0.2-jsonrpc"])
def test_an_agent_without_streaming_says_so(kind: str, running_agent: Agents) -> None:
    agent = running_agent(kind, "--no-streaming")
    shown = card(agent, OLD_CARD if kind.startswith("0.2") else NEW_CARD).json()
    assert not shown["capabilities"].get("streaming")


def test_a_killed_agent_comes_back_on_its_port(own_agent: Callable[..., Agent]) -> None:
    agent = own_agent("1.3-jsonrpc")
    agent.kill()
    with pytest.raises(httpx.ConnectError):
        card(agent, NEW_CARD)
    again = own_agent("1.3-jsonrpc", "--port", str(agent.port))
    assert again.url == agent.url
    assert again.log() == []


def test_a_shared_agent_that_died_is_started_again(running_agent: Agents) -> None:
    first = running_agent("0.2-jsonrpc", "--no-streaming")
    first.stop()
    assert not first.is_running
    assert running_agent("0.2-jsonrpc", "--no-streaming").is_running


def test_an_agent_ends_with_the_process_that_started_it() -> None:
    tests = Path(__file__).parents[1]
    script = (
        "import os, real_agents\n"
        "print(real_agents.start_agent('0.2-jsonrpc').port, flush=True)\n"
        "input()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tests,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdin
        assert starter.stdout
        port = int(starter.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            starter.stdin.write("\n")
            starter.stdin.flush()
            with suppress(ConnectionResetError):  # as good an end as an orderly one
                assert connection.recv(1) == b""


def test_an_agent_that_cannot_start_says_why() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(AgentFailed, match="in use"):
            start_agent("0.2-jsonrpc", "--port", port)


def test_an_environment_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2A_MCP_TEST_VENVS", str(tmp_path))
    monkeypatch.setitem(REQUIREMENTS, "none", ("./no-such-folder",))
    with pytest.raises(VenvFailed, match="no-such-folder"):
        python_of("none")
    assert list(tmp_path.iterdir()) == []
