"""The key that seals state: who can read it, when it is made, what happens without it."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from mcp.server.request_state import InvalidRequestState
from pydantic import SecretStr

from a2a_mcp.server.state_sealing import LazyKey, sealing
from a2a_mcp.store.state_key import NAME, make_key, read_key


def test_state_sealed_by_one_process_is_opened_by_another(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert LazyKey(folder, None).unseal(LazyKey(folder, None).seal(b"question")) == b"question"


def test_nothing_is_written_before_something_is_sealed(tmp_path: Path) -> None:
    key = sealing(tmp_path / "state", None).codec
    with pytest.raises(InvalidRequestState):
        key.unseal("v1.forged")
    assert list(tmp_path.iterdir()) == []
    key.seal(b"question")
    assert [path.name for path in (tmp_path / "state").iterdir()] == [NAME]


def test_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    make_key(tmp_path / "state")
    assert (tmp_path / "state" / NAME).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


NO_LINKS = """
import os
def link(*_):
    raise OSError(1, "Operation not permitted")
os.link = link
"""


@pytest.mark.parametrize("disk", ["", NO_LINKS], ids=["with links", "without"])
def test_processes_that_start_together_have_the_same_key(tmp_path: Path, disk: str) -> None:
    code = f"""{disk}
from pathlib import Path
from a2a_mcp.store.state_key import make_key
input()
print(make_key(Path({str(tmp_path)!r})).hex())
"""
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in begun:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    keys = {process.communicate(timeout=20)[0].strip() for process in begun}
    assert len(keys) == 1
    assert len(keys.pop()) == 64
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_key_that_another_process_is_about_to_write_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    writer = threading.Timer(0.05, lambda: (tmp_path / NAME).write_bytes(b"k" * 32))
    writer.start()
    assert make_key(tmp_path) == b"k" * 32
    writer.join()


def test_a_configured_key_is_used_and_none_is_kept(tmp_path: Path) -> None:
    secret = SecretStr("k" * 32)
    sealed = LazyKey(tmp_path / "a", secret).seal(b"question")
    assert LazyKey(tmp_path / "b", secret).unseal(sealed) == b"question"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidRequestState):
        LazyKey(tmp_path, SecretStr("j" * 32)).unseal(sealed)


@pytest.mark.parametrize("folder", [None, "file", "damaged"])
def test_without_a_place_for_the_key_questions_work_until_the_process_ends(
    tmp_path: Path, folder: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / NAME).write_text("short")
    key = LazyKey(tmp_path / folder if folder else None, None)
    with caplog.at_level(logging.WARNING):
        assert key.unseal(key.seal(b"question")) == b"question"
    assert bool(folder) == ("forgotten at a restart" in caplog.text)


def test_a_damaged_key_is_left_unchanged(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("short")
    assert read_key(tmp_path) is None
    with pytest.raises(OSError, match="remove it"):
        make_key(tmp_path)
    assert (tmp_path / NAME).read_text() == "short"


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "another's"])
def test_a_key_of_another_user_is_not_used(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it, that user could seal state that this process accepts."""
    theirs, place = tmp_path / "theirs", tmp_path / "state" / NAME
    place.parent.mkdir()
    theirs.write_bytes(b"k" * 32)
    match kind:
        case "link":
            place.symlink_to(theirs)
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
        case _:
            place.write_bytes(b"k" * 32)
            somebody = os.geteuid() + 1
            monkeypatch.setattr(os, "geteuid", lambda: somebody)
    assert read_key(place.parent) is None
    key = LazyKey(place.parent, None)
    sealed = key.seal(b"question")
    assert key.unseal(sealed) == b"question"
    with pytest.raises(InvalidRequestState):
        LazyKey(None, SecretStr("k" * 32)).unseal(sealed)
