"""What all commands share: help, completion, errors, and that a server pays for none of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from a2a_mcp.cli.commands import COMMANDS

SHELLS = ("bash", "zsh", "fish", "powershell")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "a2a_mcp", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def test_help_names_every_command() -> None:
    shown = run("--help").stdout
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []


def test_help_loads_no_parser_of_commands_and_no_configuration() -> None:
    loaded = modules("--help")
    assert "a2a_mcp.cli.serve_options" in loaded
    assert {"cyclopts", "rich", "pydantic", "anyio", "a2a_mcp.config"} & loaded == set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count children's time")
def test_help_costs_less_than_three_tenths_of_a_second_more_than_an_empty_program() -> None:
    empty, helped = zip(*(_seconds_of_both() for _ in range(3)), strict=True)
    assert median(helped) - median(empty) < 0.3


def _seconds_of_both() -> tuple[float, float]:
    """Return the processor time of an empty program and of `--help`, one after the other."""
    return _seconds("-c", "pass"), _seconds("-m", "a2a_mcp", "--help")


def _seconds(*words: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, timeout=60, check=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


@pytest.mark.parametrize("name", [name for name in COMMANDS if not COMMANDS[name].own_parser])
def test_the_help_of_a_command_loads_nothing_of_its_work(name: str) -> None:
    loaded = modules(name, "--help")
    heavy = {"pydantic", "httpx", "mcp", "sqlite3", "tomlkit", "a2a_mcp.config.load"}
    assert heavy & loaded == set()


def test_a_server_loads_neither_rich_nor_the_parser_of_commands() -> None:
    loaded = modules("http://127.0.0.1:9")
    assert "mcp.server.mcpserver.server" in loaded
    assert {"rich", "rich.text", "cyclopts"} & loaded == set()


def modules(*arguments: str) -> set[str]:
    """Return what a run of the command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "a2a_mcp", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = done.stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_is_imported_by_the_name_in_the_table(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0
    assert f"a2a-mcp {name}" in done.stdout
    assert not re.search(r"default: (None|False|\"|\()", done.stdout)


def test_help_follows_the_width_of_the_terminal() -> None:
    narrow = run("check", "--help", COLUMNS="50").stdout.splitlines()
    assert max(map(len, narrow)) <= 50


def test_a_mistake_is_one_line_that_says_where_to_look() -> None:
    done = run("check", "--jsn")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "--jsn" in done.stderr
    assert "See a2a-mcp check --help" in done.stderr


def test_a_missing_word_is_named_as_the_help_names_it() -> None:
    done = run("push", "list")
    assert done.stderr == "a2a-mcp push list: AGENT is missing. See a2a-mcp push list --help\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("agents frob", "agents: 'frob' is not known here."),
        ("send a b --wait x", 'send: Invalid value for --wait: "x" is no number.'),
        ("check --config", "check: --config needs a value."),
    ],
)
def test_a_mistake_is_said_in_words_of_a_person(words: str, said: str) -> None:
    assert run(*words.split()).stderr.startswith(f"a2a-mcp {said} See a2a-mcp ")


def test_a_script_gets_json_also_of_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "agents.toml"
    file.write_text("[agents")
    done = run("check", "--json", "--config", str(file))
    assert done.returncode == 2
    assert "is not TOML" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script_with_the_commands_in_it(shell: str) -> None:
    script = run("completion", shell).stdout
    assert [name for name in COMMANDS if name not in script] == []


def test_bash_completes_a_command_and_an_option(tmp_path: Path) -> None:
    script = tmp_path / "a2a-mcp.bash"
    script.write_text(run("completion", "bash").stdout)
    assert completed(script, "a2a-mcp", "che") == ["check"]
    assert completed(script, "a2a-mcp", "check", "--conf") == ["--config"]


def test_bash_completes_a_host_and_what_install_takes(tmp_path: Path) -> None:
    script = tmp_path / "a2a-mcp.bash"
    script.write_text(run("completion", "bash").stdout)
    assert completed(script, "a2a-mcp", "install", "cla") == ["claude-desktop", "claude-code"]
    assert completed(script, "a2a-mcp", "uninstall", "cur") == ["cursor"]
    for name in ("install", "uninstall"):
        known = set(re.findall(r"(--[a-z-]+)", run(name, "--help").stdout))
        assert {*completed(script, "a2a-mcp", name, "--")} - {"--version"} == known


def test_bash_completes_the_names_of_the_agents(tmp_path: Path) -> None:
    script, file = tmp_path / "a2a-mcp.bash", tmp_path / "agents.toml"
    script.write_text(run("completion", "bash").stdout)
    file.write_text("[agents.weather]\n[agents.wind.auth]\n[agents.other]\n")
    assert completed(script, "a2a-mcp", "send", "--config", str(file), "we") == ["weather"]
    assert completed(script, "a2a-mcp", "check", "--config", str(file), "w") == ["weather", "wind"]


def completed(script: Path, *words: str) -> list[str]:
    """Return what bash offers for the last word."""
    asked = (
        f"source {script}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; "
        "_a2a_mcp; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        ["bash", "-c", asked], capture_output=True, text=True, timeout=30, check=True
    )
    return [word.strip() for word in done.stdout.split()]


def test_output_that_nobody_reads_to_its_end_is_no_error() -> None:
    command = f"set -o pipefail; {sys.executable} -m a2a_mcp completion bash | true"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == ""
