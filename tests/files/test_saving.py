"""Files of agents on this disk: safe names, nothing overwritten, nothing followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.files.saving import NAME_BYTES, folder_of, safe_name, save

OCTETS = "application/octet-stream"


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("گزارش نهایی.pdf", "گزارش نهایی.pdf"),
        ("रिपोर्ट.csv", "रिपोर्ट.csv"),
        ("../../etc/passwd", "passwd"),
        ("/etc/cron.d/job", "job"),
        ("C:\\Windows\\system32\\calc.exe", "calc.exe"),
        ("a.txt:hidden", "hidden"),
        ("..", "file"),
        ("", "file"),
        ("-rf", "rf"),
        (".bashrc", "bashrc"),
        ("nul\0byte\n.txt", "nul_byte_.txt"),
        ("txt.\u202egnp.exe", "txt._gnp.exe"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("aux .c", "_aux.c"),
        ("<b>|?*", "_b____"),
        ("trailing. . .", "trailing"),
    ],
)
def test_a_name_is_made_safe_for_every_system(wanted: str, kept: str) -> None:
    assert safe_name(wanted, OCTETS).removesuffix(".bin") == kept


def test_a_name_without_a_suffix_gets_that_of_its_type() -> None:
    assert safe_name("chart", "image/png") == "chart.png"
    assert safe_name("v1.2 notes", "text/plain") == "v1.2 notes.txt"


def test_a_long_name_is_cut_and_keeps_its_suffix() -> None:
    name = safe_name("日" * 300 + ".xlsx", OCTETS)
    assert name.endswith(".xlsx")
    assert len(name.encode()) <= NAME_BYTES


@given(
    st.text(max_size=300) | st.text("./\\:\0 -conCON1", max_size=30),
    st.sampled_from([OCTETS, "text/html"]),
)
def test_any_name_stays_in_its_folder(wanted: str, kind: str) -> None:
    name = safe_name(wanted, kind)
    assert name
    assert name == Path(name).name
    assert not name.startswith((".", "-", " "))
    assert not name.endswith((".", " "))
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert len(name.encode()) <= NAME_BYTES + 1


def test_a_saved_file_is_exact_and_private_to_its_user(tmp_path: Path) -> None:
    path = save(tmp_path / "files" / "a-1", "x.bin", b"\r\n\x00\xff")
    assert path.read_bytes() == b"\r\n\x00\xff"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_same_file_is_kept_once(tmp_path: Path) -> None:
    assert save(tmp_path / "a", "x.txt", b"one") == save(tmp_path / "a", "x.txt", b"one")
    assert len(list((tmp_path / "a").iterdir())) == 1


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    kept = [save(tmp_path / "a", "x.txt", f"{n}".encode()) for n in range(5)]
    assert len(set(kept)) == 5
    assert [path.read_bytes() for path in kept] == [f"{n}".encode() for n in range(5)]
    assert all(path.suffix == ".txt" for path in kept)


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "x.txt").symlink_to(victim)
    (folder / "y.txt").symlink_to(tmp_path / "not there")
    assert save(folder, "x.txt", b"theirs").name != "x.txt"
    assert save(folder, "y.txt", b"theirs").name != "y.txt"
    assert victim.read_bytes() == b"mine"
    assert not (tmp_path / "not there").exists()


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        save(tmp_path / "a", "x.txt", b"x")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_write_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, handle: int, _mode: str) -> None:
            self._handle = handle

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self._handle)

        def write(self, _: bytes) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("a2a_mcp.files.saving.os.fdopen", Full)
    with pytest.raises(OSError, match="No space"):
        save(tmp_path / "a", "x.txt", b"x")
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.parametrize("name", ["日" * 39 + ".xlsx", "a" * 120, "x.txt"])
def test_a_path_stays_short_enough_for_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / "a"
    longest = len(str(folder)) + 60
    monkeypatch.setattr("a2a_mcp.files.saving.LONGEST_PATH", longest)
    kept = [save(folder, name, f"{number}".encode()) for number in range(3)]
    assert len(set(kept)) == 3
    assert max(len(str(path)) for path in kept) <= longest
    assert {path.suffix for path in kept} == {Path(name).suffix}


def test_a_path_that_no_cut_makes_short_enough_keeps_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("a2a_mcp.files.saving.LONGEST_PATH", 10)
    assert save(tmp_path / "a", "a long name.txt", b"x").name == "a long n.txt"
    assert save(tmp_path / "a", "con     long.txt", b"x").name == "_con.txt"


@given(*[st.text(max_size=40)] * 2)
def test_every_task_has_its_own_folder_with_any_id(first: str, second: str) -> None:
    root = Path("files")
    ours = folder_of(root, "local", "agent", first)
    assert ours.parent == root
    assert (ours == folder_of(root, "local", "agent", second)) == (first == second)
    assert ours != folder_of(root, "token:other", "agent", first)
