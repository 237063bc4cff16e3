"""The mark of a download, as each platform reads it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from a2a_mcp.files.download_mark import mark_as_download
from a2a_mcp.files.saving import save


def on_windows(path: Path) -> bool:
    return "ZoneId=3" in Path(f"{path}:Zone.Identifier").read_text(encoding="ascii")


def on_macos(path: Path) -> bool:
    asked = ["xattr", "-p", "com.apple.quarantine", str(path)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.startswith("0081;")


def without_a_mark(path: Path) -> bool:
    return [each.name for each in path.parent.iterdir()] == [path.name]


READERS: dict[str, Callable[[Path], bool]] = {"win32": on_windows, "darwin": on_macos}


def test_a_saved_file_carries_the_mark_of_this_platform(tmp_path: Path) -> None:
    path = save(tmp_path / "a", "tool.exe", b"MZ")
    assert READERS.get(sys.platform, without_a_mark)(path)
    assert path.read_bytes() == b"MZ"


def test_a_file_is_marked_when_it_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "win32")
        path = save(tmp_path / "a", "tool.exe", b"MZ")
    assert on_windows(path)


def test_the_mark_of_windows_is_a_stream_of_the_file(tmp_path: Path) -> None:
    """Elsewhere its name is that of a file, with the same bytes."""
    path = tmp_path / "tool.exe"
    path.write_bytes(b"MZ")
    mark_as_download(path, "win32")
    stream = Path(f"{path}:Zone.Identifier")
    assert stream.read_bytes() == b"[ZoneTransfer]\r\nZoneId=3\r\n"


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_a_disk_that_cannot_hold_the_mark_is_no_fault(tmp_path: Path, platform: str) -> None:
    mark_as_download(tmp_path / "gone" / "x.txt", platform)
