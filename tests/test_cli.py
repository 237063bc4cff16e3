"""The command line: what a slip of the keyboard is answered with."""

import subprocess
import sys

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "a2a_mcp", *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chek"], "there is no command 'chek'; did you mean check?"),
        (["localhost:9999"], "'localhost:9999' is no URL; did you mean http://localhost:9999?"),
        (["--http", "--port", "99999"], "--port: must be"),
        (["--http", "--path", "mcp"], "--path: "),
        (["--http", "--host", "0.0.0.0"], "server.tokens: needed to listen on 0.0.0.0"),
        (["--config", "no-such.toml"], "there is no such file"),
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_starts_nothing(
    arguments: list[str], said: str
) -> None:
    ended = run(*arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_an_agent_of_the_command_line_may_be_named() -> None:
    ended = run("check", "weather=http://127.0.0.1:9")
    assert ended.returncode == 1
    assert ended.stdout.startswith("weather [failing]")
