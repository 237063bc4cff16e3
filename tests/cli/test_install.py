"""`a2a-mcp install` as a person types it, on real files in a home of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    known = {key: value for key, value in os.environ.items() if not key.startswith("A2A_")}
    places = {"HOME": str(home), "USERPROFILE": str(home), "APPDATA": str(home / "roaming")}
    places |= {"XDG_CONFIG_HOME": str(home / ".config"), "CODEX_HOME": "", "CLAUDE_CONFIG_DIR": ""}
    return subprocess.run(
        [sys.executable, "-m", "a2a_mcp", *arguments],
        env=known | places,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_entry_is_added_and_taken_out_again(tmp_path: Path) -> None:
    file = tmp_path / ".cursor" / "mcp.json"
    done = run(tmp_path, "install", "cursor", "weather=https://agent.example")
    assert (done.returncode, done.stderr) == (0, "")
    assert str(file) in done.stdout
    entry = json.loads(file.read_text("utf-8"))["mcpServers"]["a2a"]
    assert Path(entry["command"]).is_absolute()
    assert entry["args"][-1] == "weather=https://agent.example"
    assert "has the bridge" in run(tmp_path, "install").stdout
    assert run(tmp_path, "uninstall", "cursor").returncode == 0
    assert json.loads(file.read_text("utf-8")) == {"mcpServers": {}}
    assert "has no 'a2a'" in run(tmp_path, "uninstall", "cursor").stdout


def test_without_a_url_the_agents_of_an_entry_stay(tmp_path: Path) -> None:
    file = tmp_path / ".cursor" / "mcp.json"
    empty = run(tmp_path, "install", "cursor")
    assert "no agent is configured yet" in empty.stderr
    run(tmp_path, "install", "cursor", "weather=https://agent.example")
    again = run(tmp_path, "install", "cursor")
    assert "With the agents that it had: weather=https://agent.example" in again.stdout
    entry = json.loads(file.read_text("utf-8"))["mcpServers"]["a2a"]
    assert entry["args"][-1] == "weather=https://agent.example"
    other = run(tmp_path, "install", "cursor", "https://other.example")
    assert "In the place of: weather=https://agent.example" in other.stdout
    assert other.stderr == ""


def test_a_dry_run_shows_the_change_and_writes_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "install", "claude-desktop", "https://agent.example", "--dry-run")
    first = run(tmp_path, "install", "claude-desktop", "--dry-run", "https://agent.example")
    between = run(tmp_path, "install", "--dry-run", "claude-desktop", "https://agent.example")
    assert done.returncode == 0
    assert done.stdout == first.stdout == between.stdout
    assert '+    "a2a": {' in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_variable_that_the_host_keeps_from_the_bridge_is_warned_of(tmp_path: Path) -> None:
    config = tmp_path / "agents.toml"
    config.write_text(
        '[agents.a]\nurl = "https://a.example"\n'
        'auth = { type = "bearer", token = { env = "A_TOKEN" } }\n',
        encoding="utf-8",
    )
    done = run(tmp_path, "install", "cursor", "--config", str(config))
    assert "$A_TOKEN" in done.stderr
    assert "--env A_TOKEN=VALUE" in done.stderr
    done = run(tmp_path, "install", "cursor", "--config", str(config), "--env", "A_TOKEN=x")
    assert done.stderr == ""


def test_a_host_that_is_not_known_gets_an_entry_to_copy(tmp_path: Path) -> None:
    done = run(tmp_path, "install", "newhost", "https://agent.example")
    assert done.returncode == 2
    assert "newhost" in done.stderr
    assert json.loads(done.stdout)["mcpServers"]["a2a"]["args"][-1] == "https://agent.example"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["install", "cursor", "agent.example"], "did you mean https://agent.example?"),
        (["install", "cursor", "--env", "TOKEN"], "--env: must be NAME=VALUE"),
        (["install", "claude-desktop", "--http", "http://127.0.0.1:8000/mcp"], "commands only"),
        (["install", "cursor", "--config", "no-such.toml"], "there is no such file"),
        (["install", "newhost", "x"], "'newhost' is not a host"),
        (["uninstall", "newhost"], "'newhost' is not a host"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_written(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / ".cursor").exists()
