"""What is sent arrives as it was meant, and what comes back can be read whole, at every agent."""

import json
from base64 import b64decode, b64encode

import mcp.types as t
import pytest
from real_agents import ALL_KINDS, Agent

from e2e.conftest import Hosts
from e2e.hosts import Answer, Host

pytestmark = pytest.mark.anyio

every_kind = pytest.mark.parametrize("kind", ALL_KINDS)


@every_kind
async def test_data_links_and_metadata_arrive_with_the_message(host: Host, kind: str) -> None:
    rows = [1, 2.5, "drei", None, True]
    link = {"url": "https://example.com/y.pdf", "name": "y.pdf", "media_type": "application/pdf"}
    answer = await host.send(
        "meta", agent=kind, data={"rows": rows}, files=[link], metadata={"priority": "high"}
    )
    heard = json.loads(answer["text"])
    assert heard["texts"] == ["meta"]
    assert [part["data"] for part in heard["data"]] == [{"rows": rows}]
    assert heard["files"] == [{**link, "bytes": ""}]
    assert heard["metadata"]["priority"] == "high"


@every_kind
async def test_the_bytes_of_a_file_arrive_or_are_refused_in_words(host: Host, kind: str) -> None:
    content = b"a\x00\xff\nb"
    file = {"content": b64encode(content).decode(), "name": "x.png", "media_type": "image/png"}
    answer = await host.send("meta", agent=kind, files=[file])
    if kind == "0.3-rest":  # no two servers agree on how bytes look there
        assert answer.failed
        assert "not delivered" in answer["error"]
        assert "URL" in answer.text
        assert kind in answer.text
    else:
        (heard,) = json.loads(answer["text"])["files"]
        assert b64decode(heard["bytes"]) == content
        assert (heard["name"], heard["media_type"]) == ("x.png", "image/png")


@every_kind
async def test_data_alone_goes_out_alone(host: Host, kind: str) -> None:
    answer = await host.send("", agent=kind, data=[{"data": {"a": 1}, "metadata": {"id": "q1"}}])
    heard = json.loads(answer["text"])
    assert heard["texts"] == []
    assert heard["data"] == [{"data": {"a": 1}, "metadata": {"id": "q1"}}]


@every_kind
async def test_data_of_an_agent_is_read_in_the_text_and_by_pointer(host: Host, kind: str) -> None:
    answer = await host.send("data", agent=kind)
    assert json.loads(answer["text"]) == {"answer": 42, "list": [1, 2, 3]}
    artifact = {"task_id": answer["task_id"], "artifact_id": "data"}
    piece = await host.call("get_artifact", **artifact, pointer="/list/1")
    assert not piece.failed
    assert "2" in piece.text


@every_kind
async def test_files_of_an_agent_are_listed_and_fetched_one_by_one(host: Host, kind: str) -> None:
    answer = await host.send("files", agent=kind)
    shown = {artifact["artifact_id"]: artifact for artifact in answer["artifacts"]}
    assert shown["picture"]["media_type"] == "image/png"
    assert shown["picture"]["size"] > 50
    assert "report" in shown
    assert "https://example.com/report.pdf" in answer["text"]
    piece = await host.call("get_artifact", task_id=answer["task_id"], artifact_id="picture")
    (image,) = (block for block in piece.content if isinstance(block, t.ImageContent))
    assert b64decode(image.data).startswith(b"\x89PNG")
    assert image.data not in answer.text + str(answer.structure)


@every_kind
async def test_a_long_answer_is_cut_and_can_be_read_to_the_last_character(
    host: Host, every_agent: dict[str, Agent], kind: str
) -> None:
    size = 30_000
    answer = await host.send(f"big {size}", agent=kind)
    assert answer["truncated"] is True
    assert answer["state"] == "completed"
    assert answer["text"].startswith("line 0000000000")
    assert "get_artifact" in answer["next_step"]
    whole = "".join(f"line {number:010}\n" for number in range(size // 16 + 1))[:size]
    artifact = {"task_id": answer["task_id"], "artifact_id": "answer"}
    for offset in (0, 8_000, size - 20):
        piece = await host.call("get_artifact", **artifact, offset=offset, limit=4_000)
        assert whole[offset : offset + 4_000] in piece.text
    found = await host.call("get_artifact", **artifact, search="line 0000001000")
    assert "line 0000001000" in found.text


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_an_artifact_that_is_not_there_is_an_error_that_lists_those_that_are(
    hosts: Hosts, mode: str
) -> None:
    for transport in ("stdio", "http"):
        host = hosts[transport, mode]
        task: Answer = await host.send("data", agent="1.3-jsonrpc")
        lost = await host.call("get_artifact", task_id=task["task_id"], artifact_id="dta")
        assert lost.failed
        assert "'dta'" in lost.text
        assert "data" in lost.text
