"""Files named by path: only below opened folders, whatever the path says."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

import pytest

from a2a_mcp.errors import NotAllowed
from a2a_mcp.files.allowed_paths import AllowedPaths, is_below, is_elsewhere

MOST = 100


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    folder = tmp_path / "opened"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "x.txt").write_bytes(b"\r\n\x00x")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (tmp_path / "opened-too").mkdir()
    (tmp_path / "opened-too" / "y.txt").write_text("y", encoding="utf-8")
    return folder


def refusal(opened: Path, wanted: str, own: tuple[Path, ...] = ()) -> str:
    with pytest.raises(NotAllowed) as caught:
        AllowedPaths([opened], own).read(wanted, MOST)
    assert caught.value.next_step
    assert "secret" not in caught.value.message.replace(wanted, "").replace(repr(wanted), "")
    return caught.value.message


@pytest.mark.parametrize("spelling", ["below/x.txt", "./below/../below/x.txt", "{}/below/x.txt"])
def test_a_file_in_an_open_folder_is_read_exactly(opened: Path, spelling: str) -> None:
    assert AllowedPaths([opened]).read(spelling.format(opened), MOST) == ("x.txt", b"\r\n\x00x")


def test_a_name_is_looked_up_in_each_open_folder(opened: Path) -> None:
    roots = [opened, opened.parent / "opened-too"]
    assert AllowedPaths(roots).read("y.txt", MOST) == ("y.txt", b"y")


@pytest.mark.parametrize(
    "wanted",
    ["../secret.txt", "below/../../secret.txt", "{}/../secret.txt", "{}-too/y.txt", "/etc/passwd"],
)
def test_a_path_that_leads_out_is_refused(opened: Path, wanted: str) -> None:
    assert "not in a folder" in refusal(opened, wanted.format(opened))


def test_a_path_that_leads_out_does_not_tell_whether_there_is_a_file(opened: Path) -> None:
    there, nowhere = (refusal(opened, path) for path in ("../secret.txt", "../nothing.txt"))
    assert there.replace("secret", "") == nowhere.replace("nothing", "")


def test_links_are_resolved_before_a_path_is_checked(opened: Path) -> None:
    (opened / "out").symlink_to(opened.parent / "secret.txt")
    (opened / "out-folder").symlink_to(opened.parent)
    (opened / "inside").symlink_to(opened / "below" / "x.txt")
    assert "not in a folder" in refusal(opened, "out")
    assert "not in a folder" in refusal(opened, "out-folder/secret.txt")
    assert AllowedPaths([opened]).read("inside", MOST)[1] == b"\r\n\x00x"


def test_an_open_folder_may_itself_be_a_link(opened: Path) -> None:
    link = opened.parent / "link"
    link.symlink_to(opened)
    assert AllowedPaths([link]).read(str(link / "below" / "x.txt"), MOST)[1] == b"\r\n\x00x"


def test_only_regular_files_are_read(opened: Path) -> None:
    assert "cannot be read" in refusal(opened, "below")
    os.mkfifo(opened / "pipe")  # opened without waiting for a writer
    assert "not a regular file" in refusal(opened, "pipe")


def test_a_file_that_is_too_large_is_refused(opened: Path) -> None:
    (opened / "most").write_bytes(bytes(MOST))
    (opened / "more").write_bytes(bytes(MOST + 1))
    assert len(AllowedPaths([opened]).read("most", MOST)[1]) == MOST
    assert f"larger than {MOST} bytes" in refusal(opened, "more")


@pytest.mark.parametrize("wanted", ["nothing.txt", "", "a\0b", "x" * 5_000, "loop"])
def test_a_path_that_is_no_file_is_refused_with_the_reason(opened: Path, wanted: str) -> None:
    (opened / "loop").symlink_to("loop")
    refusal(opened, wanted)


def test_the_bridges_own_files_are_never_read(opened: Path) -> None:
    config, state = opened / "agents.toml", opened / "state"
    config.write_text("token", encoding="utf-8")
    (state / "files").mkdir(parents=True)
    (state / "tasks.db").write_text("ids", encoding="utf-8")
    (state / "files" / "report").write_text("of an agent", encoding="utf-8")
    own = (config, state)
    for wanted in ("agents.toml", "state/tasks.db", "state/files/report"):
        assert "server's own" in refusal(opened, wanted, own)
    in_there = AllowedPaths([state / "files"], own)  # opened by name
    assert in_there.read("report", MOST)[1] == b"of an agent"


def test_the_bridges_own_files_are_refused_by_any_name(opened: Path) -> None:
    """As on disks where case makes no difference, of which a hard link is the like here."""
    config, state = opened.parent / "agents.toml", opened.parent / "state"
    config.write_text("token", encoding="utf-8")
    state.mkdir()
    os.link(config, opened / "AGENTS.toml")
    assert "server's own" in refusal(opened, "AGENTS.toml", (config, state))


COMPOSED, DECOMPOSED = "Prüfung", "Pru\u0308fung"


@pytest.mark.parametrize("spelling", ["PRÜFUNG", "prüfung", DECOMPOSED, DECOMPOSED.upper()])
def test_a_folder_is_known_by_each_name_that_the_file_system_takes_for_it(
    tmp_path: Path, spelling: str
) -> None:
    """Where this disk tells the names apart, a link stands for one that does not."""
    root, other = tmp_path / COMPOSED, tmp_path / spelling
    root.mkdir()
    if not other.exists():
        assert not is_below(other / "x.txt", root)
        other.symlink_to(root)
    assert is_below(other / "x.txt", root)
    assert is_below(other, root)


def test_a_folder_whose_name_is_only_alike_stays_closed(tmp_path: Path) -> None:
    root = tmp_path / "Opened" / "in"
    root.mkdir(parents=True)
    outside = [tmp_path / "Opened", tmp_path / "Opened" / "in-too", tmp_path / "other" / "in"]
    if not (tmp_path / "OPENED").exists():
        outside.append(tmp_path / "OPENED" / "in")
        (tmp_path / "OPENED" / "in").mkdir(parents=True)
    (tmp_path / "other").symlink_to(tmp_path / "Opened")  # the same folder by an unlike name
    assert [path for path in outside if is_below(path / "x.txt", root)] == []


@pytest.mark.parametrize(
    ("wanted", "elsewhere"),
    [
        (r"C:\open\x.txt", False),
        (r"c:\OPEN\x.txt", False),
        (r"open\x.txt", False),
        (r"D:\x.txt", True),
        (r"\\evil\share\x.txt", True),
        ("//evil/share/x.txt", True),
        (r"\\?\UNC\evil\share\x.txt", True),
        (r"\\.\pipe\x", True),
        (r"\\HOST\mine\x.txt", False),
    ],
)
def test_a_share_outside_the_roots_is_never_contacted(wanted: str, elsewhere: bool) -> None:
    roots = [PureWindowsPath(r"C:\open"), PureWindowsPath(r"\\host\mine\open")]
    assert is_elsewhere(PureWindowsPath(wanted), roots) is elsewhere


def test_nothing_is_read_while_no_folder_is_configured(opened: Path) -> None:
    with pytest.raises(NotAllowed) as caught:
        AllowedPaths().read(str(opened / "below" / "x.txt"), MOST)
    assert "file_roots" in caught.value.next_step


def test_nothing_is_read_for_remote_callers(opened: Path) -> None:
    with pytest.raises(NotAllowed, match="stdio"):
        AllowedPaths([opened], local=False).read("below/x.txt", MOST)
