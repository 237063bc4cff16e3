"""The bridge is added to a host's file and taken out again; nothing else in the file changes."""

import json
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from a2a_mcp.cli.hosts import installation
from a2a_mcp.cli.hosts.documents import Unreadable
from a2a_mcp.cli.hosts.table import HOSTS, Served, Start

START = Start("/opt/a2a-mcp", ["https://agent.example"], {"TOKEN": "t"})
SERVED = Served("http://127.0.0.1:8000/mcp", {"Authorization": "Bearer t"})
PLATFORMS = ("linux", "darwin", "win32")

BEFORE = {
    "json": '{\n  // mine\n  "other": 1\n}\n',
    "toml": '# mine\nmodel = "m"\n\n[mcp_servers.other]\ncommand = "o"  # keep\n',
    "yaml": "# mine\nGOOSE_MODEL: m  # keep\nextensions:\n  other:\n    cmd: o\n",
}


def held(name: str, text: str) -> dict[str, object]:
    match HOSTS[name].format:
        case "toml":
            return tomllib.loads(text)
        case "yaml":
            return dict(YAML(typ="safe").load(text))
        case "json":
            found: dict[str, object] = json.loads(text)
            return found


@pytest.mark.parametrize("name", HOSTS)
def test_a_new_file_holds_the_entry_alone(name: str, tmp_path: Path) -> None:
    host = HOSTS[name]
    file = tmp_path / "deep" / "settings"
    change = installation.added(host, "a2a", host.started(START), file)
    assert change.write() is None
    assert held(name, file.read_text("utf-8")) == {host.path[0]: {"a2a": host.started(START)}}
    assert installation.entry_in(host, "a2a", file) == host.started(START)


@pytest.mark.parametrize("name", HOSTS)
def test_the_rest_of_a_file_stays_and_the_old_one_is_kept(name: str, tmp_path: Path) -> None:
    host, file = HOSTS[name], tmp_path / "settings"
    before = BEFORE[host.format]
    file.write_text(before, encoding="utf-8")
    kept = installation.added(host, "a2a", host.started(START), file).write()
    assert kept
    assert kept.read_text("utf-8") == before
    now = file.read_text("utf-8")
    assert all(line.rstrip(",") in now for line in before.splitlines())
    assert installation.entry_in(host, "a2a", file) == host.started(START)
    installation.removed(host, "a2a", file).write()
    assert installation.entry_in(host, "a2a", file) is None
    assert "mine" in file.read_text("utf-8")


@pytest.mark.parametrize("name", HOSTS)
def test_adding_twice_changes_nothing_the_second_time(name: str, tmp_path: Path) -> None:
    host, file = HOSTS[name], tmp_path / "settings"
    file.write_text(BEFORE[host.format], encoding="utf-8")
    installation.added(host, "a2a", host.started(START), file).write()
    assert not installation.added(host, "a2a", host.started(START), file).is_one


@pytest.mark.parametrize("name", [name for name, host in HOSTS.items() if host.served])
def test_an_entry_over_http_names_the_url_and_the_headers(name: str) -> None:
    served = HOSTS[name].served
    assert served
    entry = served(SERVED)
    assert SERVED.url in entry.values()
    assert SERVED.headers in entry.values()


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_host_has_a_place_on_each_platform(name: str, platform: str, tmp_path: Path) -> None:
    file = installation.place(HOSTS[name], platform, tmp_path, {})
    assert file.is_relative_to(tmp_path)
    assert "$" not in str(file)


def test_a_variable_of_the_host_moves_its_file(tmp_path: Path) -> None:
    moved = {"CODEX_HOME": str(tmp_path / "elsewhere")}
    file = installation.place(HOSTS["codex"], "linux", tmp_path, moved)
    assert file == tmp_path / "elsewhere" / "config.toml"


@pytest.mark.parametrize("name", ["vscode", "codex", "goose"])
def test_a_file_that_cannot_be_read_is_named_and_left_alone(name: str, tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("{ [ = :\n", encoding="utf-8")
    host = HOSTS[name]
    with pytest.raises(Unreadable, match="settings: not "):
        installation.added(host, "a2a", host.started(START), file)
    assert file.read_text("utf-8") == "{ [ = :\n"


def test_a_change_is_shown_as_a_diff_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"other": 1}', encoding="utf-8")
    host = HOSTS["cursor"]
    shown = installation.added(host, "a2a", host.started(START), file).shown()
    assert '+    "a2a": {' in shown
    assert file.read_text("utf-8") == '{"other": 1}'


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("{}", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    host = HOSTS["cursor"]
    installation.added(host, "a2a", host.started(START), link).write()
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "a2a" in real.read_text("utf-8")


def test_hosts_are_found_by_what_they_left(tmp_path: Path) -> None:
    assert installation.hosts_here("linux", tmp_path, {}) == []
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".claude.json").write_text("{}", encoding="utf-8")
    assert installation.hosts_here("linux", tmp_path, {}) == ["claude-code", "codex"]


def test_a_variable_that_a_host_does_not_pass_is_named(tmp_path: Path) -> None:
    config = tmp_path / "agents.toml"
    config.write_text(
        '[agents.a]\nurl = "https://a.example"\n'
        'auth = { type = "bearer", token = { env = "A_TOKEN" } }\n',
        encoding="utf-8",
    )
    assert installation.unpassed(HOSTS["cursor"], config, {}) == ["A_TOKEN"]
    assert installation.unpassed(HOSTS["cursor"], config, {"A_TOKEN": "x"}) == []
    assert installation.unpassed(HOSTS["claude-code"], config, {}) == []


def test_the_command_is_named_by_its_whole_path() -> None:
    command, arguments = installation.command()
    assert Path(command).is_absolute()
    assert arguments in ([], ["-m", "a2a_mcp"])
