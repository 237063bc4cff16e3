import os
from pathlib import Path

import pytest

from a2a_mcp.store.whole_files import add_file, replace_file


@pytest.fixture(params=["hard links", "no hard links"], autouse=True)
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no hard links":
        monkeypatch.setattr(os, "link", _refused)


def _refused(*_: object) -> None:
    raise OSError("links are not supported")


def test_a_new_file_is_whole_and_for_its_user_only(tmp_path: Path) -> None:
    add_file(tmp_path / "key", b"content")
    assert (tmp_path / "key").read_bytes() == b"content"
    assert os.name == "nt" or (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["key"]


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    add_file(tmp_path / "key", b"first")
    with pytest.raises(FileExistsError):
        add_file(tmp_path / "key", b"second")
    assert (tmp_path / "key").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["key"]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    replace_file(tmp_path / "pin", b"first")
    replace_file(tmp_path / "pin", b"second")
    assert (tmp_path / "pin").read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["pin"]


def test_what_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "pin").mkdir()
    with pytest.raises(OSError):
        replace_file(tmp_path / "pin", b"text")
    assert os.listdir(tmp_path) == ["pin"]
