"""An artifact as resource contents: order, media types, and what is too large."""

from __future__ import annotations

from base64 import b64decode

import mcp.types as t
import pytest

from a2a_mcp.a2a.model import Artifact, Part
from a2a_mcp.server.resources import contents
from a2a_mcp.server.resources.contents import contents_of


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (Part(kind="raw", raw=b"<svg/>", media_type="image/png"), "application/octet-stream"),
        (Part(kind="raw", raw=b"x", media_type="text/html;profile=mcp-app"), "text/html"),
        (Part(kind="raw", raw=b"x", media_type="text/" + "x" * 1_000), "application/octet-stream"),
        (Part(kind="text", text="x", media_type="secret\r\nX: y"), "text/plain"),
        (Part(kind="data", data=1, media_type="\ud800"), "application/json"),
    ],
)
def test_only_a_valid_media_type_reaches_the_host(part: Part, kind: str) -> None:
    (shown,) = contents_of(Artifact(artifact_id="a", parts=(part,)), "a2a://x", str)
    assert shown.mime_type == kind


def test_parts_of_an_artifact_keep_their_order_and_kind() -> None:
    def text(words: str, kind: str | None = None) -> Part:
        return Part(kind="text", text=words, media_type=kind)

    parts = (
        *(text("a\x1b"), text("b\ud800"), text("# c", "text/markdown")),
        Part(kind="data", data={"é": 1}),
        Part(kind="raw", raw=bytes(range(256)), media_type="application/x"),
        *(text("d"), text("e")),
        Part(kind="raw", raw=b"caf\xc3\xa9 secret\r\n", media_type="text/csv; charset=utf-8"),
        Part(kind="raw", raw=b"\xff\xfe", media_type="text/plain"),
        Part(kind="empty", problem="bad base64"),
    )
    made = Artifact(artifact_id="a", parts=parts)
    shown = contents_of(made, "a2a://x", lambda words: words.replace("secret", "***"))
    assert [
        (each.mime_type, each.text)
        if isinstance(each, t.TextResourceContents)
        else (each.mime_type, b64decode(each.blob))
        for each in shown
    ] == [
        ("text/plain", "a\x1bb?"),
        ("text/markdown", "# c"),
        ("application/json", '{"é": 1}'),
        ("application/x", bytes(range(256))),
        ("text/plain", "de"),
        ("text/csv; charset=utf-8", "café ***\r\n"),
        ("text/plain", b"\xff\xfe"),
        ("text/plain", "[empty part: bad base64]"),
    ]
    assert all(each.uri == "a2a://x" for each in shown)


def test_an_artifact_without_parts_is_an_empty_text() -> None:
    (only,) = contents_of(Artifact(artifact_id="a"), "a2a://x", str)
    assert isinstance(only, t.TextResourceContents)
    assert only.text == ""


def test_parts_that_are_too_large_are_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_BYTES", 100)
    parts = (
        Part(kind="raw", raw=b"\x00" * 90, media_type="application/pdf"),
        Part(kind="raw", raw=b"\x00" * 90, media_type="application/pdf", filename="b.pdf"),
        Part(kind="text", text="x" * 200),
    )
    first, *rest = contents_of(Artifact(artifact_id="a", parts=parts), "a2a://x", str)
    assert isinstance(first, t.BlobResourceContents)
    assert [each.text for each in rest if isinstance(each, t.TextResourceContents)] == [
        "[file 'b.pdf': application/pdf, 90 bytes] is too large to be read here; use get_artifact",
        "[text: 200 bytes] is too large to be read here; use get_artifact",
    ]
