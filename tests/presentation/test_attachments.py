"""Pictures, sounds and links beside the text of an artifact."""

from __future__ import annotations

from typing import Any

import pytest
from reading import (
    ROOM,
    data,
    read,
    read_masked,
    task,
    text,
)

from a2a_mcp.a2a.model import Part
from a2a_mcp.presentation.artifact_request import (
    ArtifactRequest,
)
from a2a_mcp.presentation.attachments import LARGEST_MEDIA, media_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"OggS\x00", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
    ],
)
def test_pictures_and_sounds_are_recognized_by_their_first_bytes(start: bytes, kind: str) -> None:
    media = media_of(Part(kind="raw", raw=start, media_type="application/pdf"))
    assert media
    assert (media.media_type, media.data) == (kind, start)


@pytest.mark.parametrize(
    "content", [b"<svg onload=alert(1)>", b"%PDF-1.7", b"RIFF\0\0\0\0AVI ", b"", b"<html>"]
)
def test_bytes_that_are_no_picture_are_not_shown_as_one(content: bytes) -> None:
    part = Part(kind="raw", raw=content, media_type="image/png", filename="x.png")
    assert media_of(part) is None
    shown = read(task(part))
    assert shown.media == ()
    assert f"[file 'x.png': image/png, {len(content)} bytes]" in shown.text


def test_a_picture_comes_beside_words_that_name_it() -> None:
    shown = read(task(Part(kind="raw", raw=PNG, media_type="image/png", filename="dot.png")))
    assert [media.data for media in shown.media] == [PNG]
    assert "dot.png" in shown.text


def test_a_sound_comes_beside_the_words_only_where_its_part_is_asked_for() -> None:
    wav = b"RIFF\x00\x00\x00\x00WAVEfmt "
    known = task(
        text("hear"), Part(kind="raw", raw=wav, filename="a.wav"), Part(kind="raw", raw=PNG)
    )
    whole = read(known)
    assert [media.media_type for media in whole.media] == ["image/png"]
    assert "a.wav" in whole.text
    assert "as audio with part=1" in whole.text
    asked = read(known, part=1)
    assert [media.media_type for media in asked.media] == ["audio/wav"]
    assert "as audio" not in asked.text


@pytest.mark.parametrize("later", [{"offset": 3}, {"search": "see"}, {"pointer": "/dots"}])
def test_a_picture_comes_once_with_the_first_piece(later: dict[str, Any]) -> None:
    known = task(text("see it"), Part(kind="raw", raw=PNG), data({"dots": [1, 2]}))
    assert read(known).media
    assert read(known, **later).media == ()


def test_a_picture_that_is_too_large_for_a_host_is_named_and_not_shown() -> None:
    shown = read(task(Part(kind="raw", raw=PNG + bytes(LARGEST_MEDIA), filename="big.png")))
    assert shown.media == ()
    assert "big.png" in shown.text


def test_many_pictures_stay_far_below_what_breaks_a_hosts_connection() -> None:
    large = Part(kind="raw", raw=PNG + bytes(LARGEST_MEDIA - 100))
    shown = read(task(*[large] * 12))
    assert 0 < sum(len(media.data) for media in shown.media) <= 4 * 1024 * 1024


def test_a_link_is_shown_and_nothing_is_fetched() -> None:
    shown = read(task(Part(kind="url", url="http://127.0.0.1:1/x.png", media_type="image/png")))
    assert shown.media == ()
    assert "http://127.0.0.1:1/x.png" in shown.text


def test_the_name_of_a_link_shows_no_half_of_a_secret() -> None:
    def hide(whole: str) -> str:
        return whole.replace("SUPERSECRET", "***")

    for filler in range(170, 200, 5):
        url = f"https://e.example/{'x' * filler}SUPERSECRET"
        (link,) = read_masked(
            task(Part(kind="url", url=url)), ArtifactRequest("a1"), ROOM, hide
        ).links
        assert "SUPER" not in link.name
