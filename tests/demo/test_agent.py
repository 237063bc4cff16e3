"""The demo agent over real HTTP, in each of its four (version, binding) cells."""

import base64
import json
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import anyio
import httpx
import pytest

from a2a_mcp.demo.agent import running

pytestmark = pytest.mark.anyio

JSON = dict[str, Any]

CELLS = [("1.0", "JSONRPC"), ("1.0", "HTTP+JSON"), ("0.3", "JSONRPC"), ("0.3", "HTTP+JSON")]
METHODS = {
    "1.0": {"send": "SendMessage", "stream": "SendStreamingMessage", "cancel": "CancelTask"},
    "0.3": {"send": "message/send", "stream": "message/stream", "cancel": "tasks/cancel"},
}


@pytest.fixture(scope="module")
async def base_url() -> AsyncGenerator[str]:
    async with running() as url:
        yield url


@pytest.fixture(scope="module")
async def http() -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


@dataclass
class Cell:
    """One (version, binding) of the agent, spoken by hand."""

    http: httpx.AsyncClient
    url: str
    version: str
    binding: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"A2A-Version": "1.0"} if self.version == "1.0" else {}

    def request(self, operation: str, params: JSON) -> tuple[str, JSON]:
        if self.binding == "JSONRPC":
            method = METHODS[self.version][operation]
            return self.url, {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}
        prefix = self.url if self.version == "1.0" else f"{self.url}/v1"
        if operation == "cancel":
            return f"{prefix}/tasks/{params['id']}:cancel", {}
        return f"{prefix}/message:{operation}", params

    def message(self, text: str, **ids: str) -> JSON:
        message: JSON = {"messageId": uuid4().hex, **ids}
        if (self.version, self.binding) == ("0.3", "JSONRPC"):
            parts = [{"kind": "text", "text": text}]
            return {"message": message | {"kind": "message", "role": "user", "parts": parts}}
        parts_key = "parts" if self.version == "1.0" else "content"
        return {"message": message | {"role": "ROLE_USER", parts_key: [{"text": text}]}}

    async def call(self, operation: str, params: JSON) -> JSON:
        url, body = self.request(operation, params)
        answer = (await self.http.post(url, json=body, headers=self.headers)).json()
        return unwrap(answer)

    async def send(self, text: str, **ids: str) -> JSON:
        return await self.call("send", self.message(text, **ids))

    async def stream(self, text: str) -> AsyncGenerator[JSON]:
        url, body = self.request("stream", self.message(text))
        async with self.http.stream("POST", url, json=body, headers=self.headers) as response:
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    yield unwrap(json.loads(line.removeprefix("data:")))


def unwrap(answer: JSON) -> JSON:
    payload: JSON = answer.get("result", answer)
    for name in ("task", "statusUpdate", "artifactUpdate"):
        payload = payload.get(name, payload)
    return payload


def state(task: JSON) -> str:
    name: str = task["status"]["state"]
    return name.lower().removeprefix("task_state_").replace("_", "-").replace("lled", "led")


def words(holder: JSON) -> str:
    return "".join(part["text"] for part in holder.get("parts") or holder["content"])


def said(task: JSON) -> str:
    return words(task["status"]["message"])


@pytest.fixture(params=CELLS, ids=lambda cell: " ".join(cell))
async def cell(request: pytest.FixtureRequest, base_url: str, http: httpx.AsyncClient) -> Cell:
    return await connect(http, base_url, *request.param)


async def connect(
    http: httpx.AsyncClient, base_url: str, version: str = "1.0", binding: str = "JSONRPC"
) -> Cell:
    card = (await http.get(f"{base_url}/.well-known/agent-card.json")).json()
    [url] = [
        interface["url"]
        for interface in card["supportedInterfaces"]
        if (interface["protocolVersion"], interface["protocolBinding"]) == (version, binding)
    ]
    return Cell(http, url, version, binding)


@pytest.fixture
async def agent(base_url: str, http: httpx.AsyncClient) -> Cell:
    return await connect(http, base_url)


async def test_the_card_serves_both_generations_of_clients(
    base_url: str, http: httpx.AsyncClient
) -> None:
    card = (await http.get(f"{base_url}/.well-known/agent-card.json")).json()
    assert {
        (i["protocolVersion"], i["protocolBinding"]) for i in card["supportedInterfaces"]
    } == set(CELLS)
    assert (card["protocolVersion"], card["preferredTransport"]) == ("0.3", "JSONRPC")
    assert card["url"] == f"{base_url}/a2a/jsonrpc"
    skills = ["echo", "slow", "stream", "ask", "fail", "files", "data", "signin"]
    assert [skill["id"] for skill in card["skills"]] == skills
    assert all(s["description"] and s["tags"] and s["examples"] for s in card["skills"])


async def test_an_echo_is_a_completed_task_with_the_text_as_its_artifact(cell: Cell) -> None:
    task = await cell.send("echo hello  there")
    assert state(task) == "completed"
    assert task["id"]
    assert task["contextId"]
    assert [words(artifact) for artifact in task["artifacts"]] == ["echo: hello  there"]


async def test_a_stream_appends_its_chunks_to_one_artifact(cell: Cell) -> None:
    with anyio.fail_after(20):
        events = [event async for event in cell.stream("stream 3")]
    chunks = [event for event in events if "artifact" in event]
    assert [words(c["artifact"]) for c in chunks] == [f"chunk {n} of 3\n" for n in (1, 2, 3)]
    assert len({c["artifact"]["artifactId"] for c in chunks}) == 1
    assert [c.get("append", False) for c in chunks] == [False, True, True]
    assert [c.get("lastChunk", False) for c in chunks] == [False, False, True]
    assert state(events[-1]) == "completed"


async def test_an_answer_to_the_question_completes_the_same_task(cell: Cell) -> None:
    question = await cell.send("ask")
    assert (state(question), said(question)) == ("input-required", "Which city?")
    ids = {"taskId": question["id"], "contextId": question["contextId"]}
    task = await cell.send("Oslo", **ids)
    assert (state(task), task["id"]) == ("completed", question["id"])
    assert "3.5 degrees in Oslo" in words(task["artifacts"][0])


async def test_a_running_task_is_canceled(cell: Cell) -> None:
    with anyio.fail_after(20):
        async with aclosing(cell.stream("slow 60")) as events:
            task_id = (await anext(events))["id"]
            assert said(await anext(events)) == "0 of 60 s"
            task = await cell.call("cancel", {"id": task_id})
    assert (state(task), said(task)) == ("canceled", "Stopped, as you asked.")


async def test_slow_work_reports_every_second_before_its_result(agent: Cell) -> None:
    with anyio.fail_after(20):
        events = [event async for event in agent.stream("slow 2")]
    reports = [said(e) for e in events if e.get("status", {}).get("message")]
    assert reports == ["0 of 2 s", "1 of 2 s", "2 of 2 s"]
    assert "Done after 2 s" in words(events[-2]["artifact"])
    assert state(events[-1]) == "completed"


async def test_a_failure_carries_its_reason(agent: Cell) -> None:
    task = await agent.send("fail no paper")
    assert (state(task), said(task)) == ("failed", "I could not do it: no paper.")


@pytest.mark.parametrize("text", ["slow ages", "slow -1", "slow nan", "stream 1e9"])
async def test_a_senseless_number_is_rejected(agent: Cell, text: str) -> None:
    task = await agent.send(text)
    assert state(task) == "rejected"
    assert text.split()[1] in said(task)


async def test_files_are_a_picture_and_a_table(agent: Cell) -> None:
    task = await agent.send("files")
    [picture], [table] = (artifact["parts"] for artifact in task["artifacts"])
    assert (picture["filename"], picture["mediaType"]) == ("chart.png", "image/png")
    assert (table["filename"], table["mediaType"]) == ("temperatures.csv", "text/csv")
    assert base64.b64decode(table["raw"]).startswith(b"city,celsius\nOslo,3.5\n")
    assert pixels(base64.b64decode(picture["raw"])) == (240, 120, 120 * (1 + 240 * 3))


def pixels(png: bytes) -> tuple[int, int, int]:
    """Width, height and size of the pixels of a PNG of one IDAT chunk, checksums checked."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert int.from_bytes(png[at + 8 + size :][:4]) == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    header = chunks[b"IHDR"]
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    return width, height, len(zlib.decompress(chunks[b"IDAT"]))


async def test_data_is_a_structured_table(agent: Cell) -> None:
    [part] = (await agent.send("data"))["artifacts"][0]["parts"]
    assert part["data"]["rows"][0] == {"city": "Oslo", "celsius": 3.5}


async def test_a_sign_in_is_asked_for_with_a_link_and_then_goes_on(agent: Cell) -> None:
    with anyio.fail_after(20):
        events = [event async for event in agent.stream("signin")]
    states = [state(event) for event in events if "status" in event]
    assert states == ["submitted", "auth-required", "working", "completed"]
    assert "https://" in said(events[1])


@pytest.mark.parametrize("text", ["hello", " "])
async def test_an_unknown_word_is_answered_with_what_the_agent_can_do(
    agent: Cell, text: str
) -> None:
    task = await agent.send(text)
    assert state(task) == "completed"
    assert "echo TEXT" in words(task["artifacts"][0])
