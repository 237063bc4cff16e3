"""Pictures and sound in the form that the host's protocol version knows."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import mcp.types as t
import pytest
from real_agents import Agents
from scripted import GET, Reply, http, result, scripted, task
from staging import configured, hosted

from a2a_mcp.presentation.artifact import ArtifactPiece
from a2a_mcp.presentation.attachments import Link, Media
from a2a_mcp.server.content_blocks import blocks_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
WAV = b"RIFF\x00\x00\x00\x00WAVEfmt "
PIECE = ArtifactPiece("two files", (Media(PNG, "image/png"), Media(WAV, "audio/wav")))
VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]


def kinds(version: str | None) -> list[str]:
    return [block.type for block in blocks_of(PIECE, str, version)]


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_sound_is_an_audio_block_where_the_protocol_has_them(version: str) -> None:
    assert kinds(version) == ["text", "image", "audio"]


@pytest.mark.parametrize("version", [VERSIONS[0], None])
def test_sound_is_words_where_an_audio_block_would_spoil_the_whole_result(
    version: str | None,
) -> None:
    assert kinds(version) == ["text", "image", "text"]
    words = blocks_of(PIECE, str, version)[2]
    assert isinstance(words, t.TextContent)
    assert "audio/wav" in words.text


@pytest.mark.parametrize("version", VERSIONS)
def test_a_link_is_a_block_only_where_it_would_not_spoil_the_whole_result(version: str) -> None:
    piece = ArtifactPiece("a link", links=(Link("a2a://tasks/a/t/artifacts/f", "f.pdf", "x/y", 3),))
    kinds = [block.type for block in blocks_of(piece, str, version)]
    assert kinds == (["text", "resource_link"] if version >= "2025-06-18" else ["text"])


def test_the_bytes_are_exact() -> None:
    blocks = blocks_of(PIECE, str, VERSIONS[-1])
    found = [b64decode(block.data) for block in blocks if not isinstance(block, t.TextContent)]
    assert found == [PNG, WAV]


def test_the_words_are_masked() -> None:
    blocks = blocks_of(ArtifactPiece("a secret"), lambda text: text.replace("secret", "***"), None)
    assert [block.text for block in blocks if isinstance(block, t.TextContent)] == ["a ***"]


def test_a_text_alone_is_one_block() -> None:
    assert len(blocks_of(ArtifactPiece("only words"), str, VERSIONS[-1])) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_picture_reaches_a_real_host(
    mode: Any, running_agent: Agents, tmp_path: Path
) -> None:
    config = configured(real=running_agent("1.3-jsonrpc").url)
    async with hosted(config, tmp_path, mode=mode) as client:
        sent = await client.call_tool("send_task", {"message": "files"})
        task_id = (sent.structured_content or {})["task_id"]
        answer = await client.call_tool(
            "get_artifact", {"task_id": task_id, "artifact_id": "picture"}
        )
    (picture,) = [block for block in answer.content if isinstance(block, t.ImageContent)]
    assert b64decode(picture.data).startswith(b"\x89PNG")
    assert picture.mime_type == "image/png"


@pytest.mark.anyio
async def test_a_picture_is_recognised_by_its_bytes(
    tmp_path: Path,
) -> None:
    lie = {"raw": b64encode(b"<svg onload=alert(1)>").decode(), "mediaType": "image/png"}
    truth = {"raw": b64encode(PNG).decode(), "mediaType": "text/plain"}
    made = [{"artifactId": "a", "parts": [lie, truth]}]
    async with scripted() as agent:
        agent.on(GET, result(task("completed", artifacts=made)))
        async with hosted(configured(it=agent.url), tmp_path) as client:
            answer = await client.call_tool(
                "get_artifact", {"task_id": "t1", "artifact_id": "a", "agent": "it"}
            )
    pictures = [block for block in answer.content if isinstance(block, t.ImageContent)]
    assert [b64decode(picture.data) for picture in pictures] == [PNG]


# --- files that are kept ---

PDF = b"%PDF-1.7\r\n\x00"


def pdfs(folder: Path) -> list[Path]:
    return list(folder.rglob("*.pdf"))


async def handed(
    tmp_path: Path, content: bytes = PDF, kind: str = "application/pdf", **server: Any
) -> t.CallToolResult:
    """Ask for a file of an agent."""
    part = {"raw": b64encode(content).decode(), "mediaType": kind, "filename": "r.pdf"}
    made = [{"artifactId": "a", "parts": [part]}]
    async with scripted() as agent:
        agent.on(GET, result(task("completed", artifacts=made)))
        async with hosted(configured(server, it=agent.url), tmp_path / "state") as client:
            return await client.call_tool(
                "get_artifact", {"task_id": "t1", "artifact_id": "a", "agent": "it"}
            )


@pytest.mark.anyio
async def test_files_are_kept_in_the_state_folder_or_where_the_configuration_says(
    tmp_path: Path,
) -> None:
    await handed(tmp_path)
    await handed(tmp_path, files_dir=tmp_path / "of agents")
    for folder in (tmp_path / "state" / "files", tmp_path / "of agents"):
        (kept,) = folder.rglob("*.pdf")
        assert kept.read_bytes() == PDF


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_written_loses_only_the_copy(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    answer = await handed(tmp_path, files_dir=taken)
    (words, link) = answer.content
    assert isinstance(words, t.TextContent)
    assert "not saved: " in words.text
    assert isinstance(link, t.ResourceLink)


@pytest.mark.anyio
@pytest.mark.parametrize("limit", ["keep_days", "keep_bytes"])
async def test_no_file_is_saved_if_nothing_may_be_kept(tmp_path: Path, limit: str) -> None:
    answer = await handed(tmp_path, **{limit: 0})
    assert isinstance(answer.content[0], t.TextContent)
    assert "- r.pdf: application/pdf, " in answer.content[0].text
    assert not pdfs(tmp_path)


@pytest.mark.anyio
async def test_a_file_without_room_on_disk_is_reported(tmp_path: Path) -> None:
    answer = await handed(tmp_path, keep_bytes=5, files_dir=tmp_path / "of agents")
    assert isinstance(answer.content[0], t.TextContent)
    assert "not saved: no more than 5 bytes are kept (keep_bytes)" in answer.content[0].text
    assert not pdfs(tmp_path)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["image/svg+xml", "image/png", "audio/x\r\ny", "no type"])
async def test_a_file_that_claims_to_be_a_picture_is_bytes(tmp_path: Path, kind: str) -> None:
    answer = await handed(tmp_path, b"<svg onload=alert(1)>", kind)
    link = answer.content[-1]
    assert isinstance(link, t.ResourceLink)
    assert link.mime_type in ("application/octet-stream", "application/pdf")
    assert [block.type for block in answer.content] == ["text", "resource_link"]


@pytest.mark.anyio
async def test_no_number_of_files_and_no_length_of_their_names_breaks_the_bound(
    tmp_path: Path,
) -> None:
    files = [
        {"raw": b64encode(bytes([number])).decode(), "filename": "n" * 3_000 + f"{number}.bin"}
        for number in range(30)
    ]
    links = [{"url": "https://example.com/" + "u" * 50_000, "filename": "f" * 5_000}]
    made = [{"artifactId": "é" * 9_000, "name": "名" * 9_000, "parts": [*files, *links]}]
    async with scripted() as agent:
        agent.on(GET, result(task("completed", artifacts=made)))
        async with hosted(configured(it=agent.url), tmp_path) as client:
            read = await client.call_tool("get_task", {"task_id": "t1", "agent": "it"})
            shown = (read.structured_content or {})["artifacts"][0]["artifact_id"]
            answer = await client.call_tool("get_artifact", {"task_id": "t1", "artifact_id": shown})
    assert len(words_in(answer).encode()) <= 10_000
    listed = words_in(answer).count("1 bytes\n")
    assert f"and {30 - listed} more: read them one by one with part=" in words_in(answer)
    kept = [block for block in answer.content if isinstance(block, t.ResourceLink)]
    assert 0 < len(kept) <= 20
    assert all(len(block.uri) < 4_000 and len(block.name) <= 200 for block in kept)


# --- files that are only linked to ---


async def linked(
    tmp_path: Path, reply: Reply, url: str = "{}/r.csv?k=1", **wanted: Any
) -> tuple[t.CallToolResult, list[str]]:
    """Ask for a file that an agent links to; gives also what the agent was asked for."""
    async with scripted() as agent:
        part = {"url": url.format(agent.url), "filename": "r.csv"}
        made = [{"artifactId": "a", "parts": [{"text": "See: "}, part]}]
        agent.on(GET, result(task("completed", artifacts=made)))
        agent.on("GET /r.csv", reply)
        config = configured(it={"url": agent.url, "fetch": True})
        async with hosted(config, tmp_path / "state") as client:
            answer = await client.call_tool(
                "get_artifact", {"task_id": "t1", "artifact_id": "a", "agent": "it", **wanted}
            )
        return answer, [request.call for request in agent.requests]


def words_in(answer: t.CallToolResult) -> str:
    assert isinstance(answer.content[0], t.TextContent)
    return answer.content[0].text


@pytest.mark.anyio
async def test_a_linked_file_is_fetched_where_it_is_allowed_and_read_like_any_other(
    tmp_path: Path,
) -> None:
    csv = http(200, b"city,t\r\nOslo,5\r\n", "text/csv; charset=utf-8")
    answer, asked = await linked(tmp_path, csv)
    assert "See: \ncity,t\nOslo,5" in words_in(answer)
    assert "GET /r.csv" in asked
    (kept,) = (tmp_path / "state" / "files").rglob("*.csv")
    assert kept.read_bytes() == b"city,t\r\nOslo,5\r\n"
    found, _ = await linked(tmp_path, csv, search="oslo")
    assert "Oslo,5" in words_in(found)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "url", "reason"),
    [
        (http(404, b"gone"), "{}/r.csv", "HTTP 404"),
        (http(302, b"", location="https://example.com"), "{}/r.csv", "not followed"),
        (http(200, b"x"), "http://10.0.0.1/r.csv", "not the agent's own"),
        (http(200, b"x"), "https://127.0.0.1:1/r.csv", "not on the public internet"),
        (http(200, b"x"), "file:///etc/passwd", "not an http or https URL"),
    ],
)
async def test_a_link_that_cannot_be_fetched_stays_a_link_with_the_reason(
    tmp_path: Path, reply: Reply, url: str, reason: str
) -> None:
    answer, asked = await linked(tmp_path, reply, url)
    assert not answer.is_error
    assert f"not fetched: {reason}" in words_in(answer) or reason in words_in(answer)
    assert ("GET /r.csv" in asked) == url.startswith("{}")
    assert not list((tmp_path / "state").rglob("*.csv"))
