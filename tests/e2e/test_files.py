"""Files out and files in: kept under safe names, linked, sent by path, at every agent."""

import json
import re
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final

import mcp.types as t
import pytest
from real_agents import ALL_KINDS, Agent

from e2e.bridges import Home
from e2e.conftest import Hosts
from e2e.foreign import old_host
from e2e.hosts import Answer, Host, compact, http_host
from e2e.lines import line_host

pytestmark = pytest.mark.anyio

WAV: Final = b"RIFF\x00\x00\x00\x00WAVEfmt "
PDF: Final = b"%PDF-1.7\r\n\x00\xff\n%%EOF"
SAVED: Final = re.compile(r"^- (.+): (\S+/\S+), (\d+) bytes$", re.MULTILINE)
SCRIPTS: Final = {
    "persian": "می‌خواهم گزارش را بخوانم؛ لطفاً.\n",
    "hindi": "रिपोर्ट की जाँच कृपया करें।\n",
    "chinese": "请阅读这份报告。逐字逐句。\n",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1ee\U0001f1f7 e\u0301\n",
}


async def given(
    host: Host, content: bytes, name: str, kind: str, agent: str, **wanted: Any
) -> Answer:
    """Let an agent give a file, and ask for it, or for what is wanted of it."""
    sent = await host.send(f"give {name} {kind} {b64encode(content).decode()}", agent=agent)
    return await host.call("get_artifact", task_id=sent["task_id"], artifact_id="file", **wanted)


def bytes_of(path: str) -> bytes:
    return Path(path).read_bytes()


def links(answer: Answer) -> list[t.ResourceLink]:
    return [block for block in answer.content if isinstance(block, t.ResourceLink)]


@pytest.mark.parametrize("kind", ALL_KINDS)
async def test_a_pdf_is_a_link_to_a_saved_file_that_is_named_once(host: Host, kind: str) -> None:
    answer = await given(host, PDF, "../../report.pdf", "application/pdf", kind)
    found = SAVED.search(answer.text)
    assert found, answer.text
    path, media_type, size = found.groups()
    assert (media_type, int(size)) == ("application/pdf", len(PDF))
    assert bytes_of(path) == PDF
    assert answer.text.count("report.pdf") == 1
    (link,) = links(answer)
    assert (link.name, link.mime_type, link.size) == ("report.pdf", "application/pdf", len(PDF))
    assert link.uri.startswith(f"a2a://tasks/{kind}/")
    assert link.uri.endswith("/artifacts/file")
    assert link.uri in answer.text


async def test_a_picture_is_shown_and_kept(host: Host) -> None:
    sent = await host.send("files", agent="1.3-jsonrpc")
    answer = await host.call("get_artifact", task_id=sent["task_id"], artifact_id="picture")
    (image,) = (block for block in answer.content if isinstance(block, t.ImageContent))
    found = SAVED.search(answer.text)
    assert found
    assert b64decode(image.data) == bytes_of(found[1])


async def test_a_sound_is_a_saved_file_and_comes_as_audio_only_when_asked_for(host: Host) -> None:
    # LangChain's adapter raises on an audio block, and the whole result is lost.
    silent = await given(host, WAV, "a.wav", "audio/wav", "1.3-jsonrpc")
    found = SAVED.search(silent.text)
    assert found
    assert bytes_of(found[1]) == WAV
    assert len(links(silent)) == 1
    assert not [block for block in silent.content if isinstance(block, t.AudioContent)]
    assert "part=" in silent.text
    asked = await given(host, WAV, "a.wav", "audio/wav", "1.3-jsonrpc", part=0)
    (audio,) = (block for block in asked.content if isinstance(block, t.AudioContent))
    assert b64decode(audio.data) == WAV
    assert len(links(asked)) == 1


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_over_http_a_file_is_a_link_and_no_path_is_told(hosts: Hosts, mode: str) -> None:
    answer = await given(hosts["http", mode], PDF, "report.pdf", "application/pdf", "1.3-jsonrpc")
    found = SAVED.search(answer.text)
    assert found
    assert found[1] == "report.pdf"
    assert len(links(answer)) == 1
    assert str(Path.home()) not in answer.text
    assert "files/" not in answer.text


async def test_asking_again_keeps_no_second_copy(host: Host) -> None:
    sent = await host.send(f"give a.bin x/y {b64encode(PDF).decode()}", agent="1.3-jsonrpc")
    where = {"task_id": sent["task_id"], "artifact_id": "file"}
    first, second = [await host.call("get_artifact", **where) for _ in range(2)]
    assert first.text == second.text
    found = SAVED.search(first.text)
    assert found
    assert [path.name for path in Path(found[1]).parent.iterdir()] == ["a.bin"]


async def test_a_link_of_an_agent_stays_a_link(host: Host) -> None:
    sent = await host.send("files", agent="1.3-jsonrpc")
    answer = await host.call("get_artifact", task_id=sent["task_id"], artifact_id="report")
    assert "https://example.com/report.pdf" in answer.text
    (link,) = links(answer)
    assert (link.uri, link.name) == ("https://example.com/report.pdf", "report.pdf")


@pytest.mark.parametrize("sdk", ["mcp-1.3", "mcp-1.9"])
async def test_an_old_host_is_shown_every_artifact_without_what_it_does_not_know(
    home: Home, every_agent: dict[str, Agent], sdk: str
) -> None:
    home.configure({"it": every_agent["1.3-jsonrpc"].url})
    async with old_host(home, sdk) as host:
        answer = await given(host, PDF, "r.pdf", "application/pdf", "it")
        assert SAVED.search(answer.text)
        assert "Link: a2a://tasks/it/" in answer.text
        assert [block.type for block in answer.content] == ["text"]
        sound = await given(host, WAV, "a.wav", "audio/wav", "it", part=0)
        known = "audio" if sdk == "mcp-1.9" else "text"
        assert [block.type for block in sound.content] == ["text", known]
        sent = await host.send("files", agent="it")
        for name in ("picture", "report"):
            where = {"task_id": sent["task_id"], "artifact_id": name}
            assert not (await host.call("get_artifact", **where)).failed


# --- text to the last character, whatever its script ---


@pytest.mark.parametrize(("transport", "mode"), [("stdio", "legacy"), ("http", "auto")])
@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_long_text_of_any_script_is_reassembled_byte_for_byte(
    hosts: Hosts, script: str, transport: str, mode: str
) -> None:
    host, line = hosts[transport, mode], SCRIPTS[script]
    words = (line * (200_000 // len(line.encode()) + 1)) + "the end"
    middle = len(words) // 2
    words = words[:middle] + " NEEDLE in the middle " + words[middle:]
    sent = await host.send(f"task {words}", agent="1.3-jsonrpc")
    assert sent["truncated"]
    assert "get_artifact" in sent["next_step"]
    assert len(sent.text.encode()) < 10_000
    assert len(compact(sent.structure)) < 10_000
    where: dict[str, Any] = {"task_id": sent["task_id"], "artifact_id": "answer"}
    assert await read_through(host, "characters", **where) == f"task: {words}"
    if transport == "stdio":
        assert await read_through(host, "lines", **where) == f"task: {words}"
    found = await host.call("get_artifact", **where, search="needle IN the")
    assert "NEEDLE in the middle" in found.text
    assert len(found.text.encode()) <= 10_000


async def read_through(host: Host, unit: str, **where: Any) -> str:
    """Read a text by ranges, as its words say."""
    whole, offset = "", 0
    while True:
        piece = await host.call("get_artifact", **where, unit=unit, offset=offset)
        assert len(piece.text.encode()) <= 10_000
        heading, _, rest = piece.text.partition("\n\n")
        place = re.search(rf"{unit} (\d+) to (\d+) of (\d+), counted from 0$", heading)
        assert place, heading
        start, last, total = map(int, place.groups())
        end = last + 1
        assert start == offset
        whole += re.sub(r"\n\nRead on with offset=\d+(, unit=\"lines\")?\.$", "", rest)
        if end == total:
            return whole
        offset = end


# --- files in ---


async def test_a_file_in_an_open_folder_arrives_whole(
    home: Home, every_agent: dict[str, Agent]
) -> None:
    opened = home.folder / "opened"
    opened.mkdir()
    (opened / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    home.configure({"it": every_agent["1.3-jsonrpc"].url}, file_roots=[str(opened)])
    async with line_host(home) as (host, _):
        for path in ("x.png", str(opened / "x.png")):
            answer = await host.send("meta", agent="it", files=[{"path": path}])
            (heard,) = json.loads(answer["text"])["files"]
            assert (heard["name"], heard["media_type"]) == ("x.png", "image/png")
            assert b64decode(heard["bytes"]) == b"\x89PNG\r\n\x1a\n\x00"
        refused = await host.send("meta", agent="it", files=[{"path": str(home.config)}])
        assert refused.failed
        assert "not in a folder" in refused.text
    async with home.serving() as served, http_host(served.url, "auto") as remote:
        refused = await remote.send("meta", agent="it", files=[{"path": "x.png"}])
        assert refused.failed
        assert "stdio" in refused.text
        assert str(opened) not in refused.text


async def test_a_file_of_a_kind_that_the_agent_does_not_take_is_refused_unsent(
    host: Host, every_agent: dict[str, Agent]
) -> None:
    before = len(every_agent["1.3-jsonrpc"].log())
    file = {"content": "AAAA", "name": "film.mp4"}
    answer = await host.send("meta", agent="1.3-jsonrpc", files=[file])
    assert answer.failed
    assert "video/mp4" in answer["error"]
    assert "image/png" in answer["next_step"]
    assert len(every_agent["1.3-jsonrpc"].log()) == before
