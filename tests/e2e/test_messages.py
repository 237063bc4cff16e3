"""What agents say in messages is read like their artifacts: by id, range and pointer."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path
from typing import Any, Final

import mcp.types as t
import pytest
from real_agents import Agent

from e2e.bridges import Home
from e2e.conftest import Hosts
from e2e.hosts import Answer, Host, http_host
from e2e.lines import LEGACY, MODERN, line_host

pytestmark = pytest.mark.anyio

KINDS: Final = ("1.3-jsonrpc", "0.3-rest", "0.2-jsonrpc")
BOTH: Final = (("stdio", "legacy"), ("http", "auto"))
STEP: Final = re.compile(r'get_artifact\(task_id="([^"]+)", artifact_id="([^"]+)"')
SAVED: Final = re.compile(r"^- (/.+): \S+/\S+, \d+ bytes$", re.MULTILINE)

every_kind = pytest.mark.parametrize("kind", KINDS)
both = pytest.mark.parametrize(("transport", "mode"), BOTH)


def named(answer: Answer) -> dict[str, Any]:
    """Return the ids by which the rest of a result is read, found in both of its channels."""
    found = STEP.search(answer["next_step"])
    assert found, answer.text
    assert found[0] in answer.text
    return {"task_id": found[1], "artifact_id": found[2]}


def bytes_of(path: str) -> bytes:
    return Path(path).read_bytes()


def picture_of(piece: Answer) -> bytes:
    (image,) = (block for block in piece.content if isinstance(block, t.ImageContent))
    return b64decode(image.data)


# --- answers without a task ---


@every_kind
@both
async def test_the_picture_and_the_data_of_an_answer_without_a_task_can_be_fetched(
    hosts: Hosts, kind: str, transport: str, mode: str
) -> None:
    host = hosts[transport, mode]
    answer = await host.send("letter", agent=kind)
    assert answer.get("task_id") is None
    assert "[file 'dot.png': image/png, 69 bytes]" in answer["text"]
    where = named(answer)
    (listed,) = answer["artifacts"]
    assert (listed["artifact_id"], listed["name"]) == (where["artifact_id"], "dot.png")
    piece = await host.call("get_artifact", **where)
    assert picture_of(piece).startswith(b"\x89PNG")
    assert "See the picture." in piece.text
    found = SAVED.search(piece.text)
    assert bool(found) == (transport == "stdio")
    if found:
        assert bytes_of(found[1]) == picture_of(piece)
    (link,) = (block for block in piece.content if isinstance(block, t.ResourceLink))
    assert link.uri == f"a2a://tasks/{kind}/{where['task_id']}/artifacts/{where['artifact_id']}"
    assert (await host.call("get_artifact", **where, part=1)).text.count("See the picture.") == 0
    assert "2" in (await host.call("get_artifact", **where, pointer="/dots/1")).text
    assert "1 of " in (await host.call("get_artifact", **where, search="PICTURE")).text


@both
async def test_an_answer_without_a_task_is_looked_up_by_the_id_that_the_list_gives(
    hosts: Hosts, transport: str, mode: str
) -> None:
    host = hosts[transport, mode]
    answer = await host.send("letter", agent="1.3-jsonrpc")
    rows = (await host.call("list_tasks", context_id=answer["context_id"]))["tasks"]
    assert [row["task_id"] for row in rows] == [named(answer)["task_id"]]
    for tool in ("get_task", "subscribe"):
        seen = await host.call(tool, task_id=rows[0]["task_id"])
        assert seen.structure == answer.structure
    for tool, more in (("cancel_task", {}), ("send_task", {"message": "more"})):
        refused = await host.call(tool, task_id=rows[0]["task_id"], **more)
        assert refused.failed
        assert "answered with a message: there is no task" in refused.text


@every_kind
async def test_a_long_text_without_a_task_is_read_to_its_last_character(
    host: Host, kind: str
) -> None:
    words = "".join(f"word {number:09}\n" for number in range(4_000))
    answer = await host.send(f"echo {words}", agent=kind)
    assert answer["truncated"]
    where = named(answer)
    found = re.search(r"offset=(\d+)", answer["next_step"])
    assert found
    whole, offset = f"echo: {words}".rstrip(), int(found[1])
    assert answer["text"].startswith(whole[:offset])
    while offset < len(whole):
        piece = await host.call("get_artifact", **where, offset=offset)
        body = re.sub(r"\n\nRead on with offset=\d+\.$", "", piece.text.partition("\n\n")[2])
        assert body
        assert whole[offset : offset + len(body)] == body
        offset += len(body)


# --- messages of a task ---


@every_kind
@both
async def test_files_in_a_status_and_in_the_history_can_be_fetched(
    hosts: Hosts, kind: str, transport: str, mode: str
) -> None:
    host = hosts[transport, mode]
    answer = await host.send("enclose", agent=kind)
    assert [listed["name"] for listed in answer["artifacts"]] == ["draft.png", "r.pdf"]
    seen = await host.call("get_task", task_id=answer["task_id"])
    assert seen["artifacts"] == answer["artifacts"]
    draft, report = (
        {"task_id": answer["task_id"], "artifact_id": listed["artifact_id"]}
        for listed in answer["artifacts"]
    )
    assert picture_of(await host.call("get_artifact", **draft)).startswith(b"\x89PNG")
    piece = await host.call("get_artifact", **report)
    assert "r.pdf: application/pdf, 18 bytes" in piece.text
    lost = await host.call("get_artifact", task_id=answer["task_id"], artifact_id="message-0")
    assert lost.failed
    assert f"{draft['artifact_id']}, {report['artifact_id']}" in lost.text


# --- later, and for whom ---


async def test_after_a_kill_9_right_after_the_reply_an_answer_without_a_task_can_still_be_read(
    home: Home, every_agent: dict[str, Agent]
) -> None:
    kind = "1.3-jsonrpc"
    home.configure({kind: every_agent[kind].url})
    async with line_host(home, LEGACY) as (host, _):
        answer = await host.send("letter", agent=kind)
        long = await host.send(f"echo {'word ' * 3_000}", agent=kind)
    async with line_host(home, MODERN) as (host, pipes):  # the one before was killed
        where = named(answer)
        assert picture_of(await host.call("get_artifact", **where)).startswith(b"\x89PNG")
        assert "offset=" not in (await host.call("get_artifact", **named(long), offset=14_000)).text
        seen = await host.call("get_task", task_id=where["task_id"])
        assert seen.structure == answer.structure
        uri = f"a2a://tasks/{kind}/{where['task_id']}/artifacts/{where['artifact_id']}"
        read = await pipes.request("resources/read", uri=uri)
        kinds = [each.get("mimeType") for each in read["result"]["contents"]]
        assert kinds == ["text/plain", "image/png", "application/json"]


async def test_nobody_else_reads_them(home: Home, every_agent: dict[str, Agent]) -> None:
    tokens = {"alice": "alice-secret", "bob": "bob-secret"}
    home.configure({"it": every_agent["0.3-rest"].url}, tokens=tokens)
    async with (
        home.serving() as served,
        http_host(served.url, "auto", "alice-secret") as alice,
        http_host(served.url, "legacy", "bob-secret") as bob,
    ):
        where = named(await alice.send("letter", agent="it"))
        task = await alice.send("enclose", agent="it")
        theirs = {"task_id": task["task_id"], "artifact_id": task["artifacts"][0]["artifact_id"]}
        for wanted in (where, theirs, {**where, "agent": "it"}, {**theirs, "agent": "it"}):
            refused = await bob.call("get_artifact", **wanted)
            assert refused.failed
            assert f"No task {wanted['task_id']!r} is known" in refused.text
            assert not (await alice.call("get_artifact", **wanted)).failed


async def test_where_nothing_is_kept_the_answer_says_that_its_files_are_gone(
    home: Home, every_agent: dict[str, Agent]
) -> None:
    home.configure({"it": every_agent["1.3-jsonrpc"].url}, keep_bytes=0)
    async with line_host(home, LEGACY) as (host, _):
        answer = await host.send("letter", agent="it")
        assert "Its files cannot be read again" in answer["note"]
        assert answer.get("artifacts") is None
        cut = await host.send(f"echo {'word ' * 3_000}", agent="it")
        assert "the rest cannot be read" in cut["next_step"]
        task = await host.send("enclose", agent="it")
        where = {"task_id": task["task_id"], "artifact_id": task["artifacts"][0]["artifact_id"]}
        assert picture_of(await host.call("get_artifact", **where)).startswith(b"\x89PNG")
