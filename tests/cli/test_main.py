"""The command line: what a slip of the keyboard is answered with."""

import os
import subprocess
import sys

import pytest
from scripted import free_port


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "a2a_mcp", *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chek"], "there is no command 'chek'; did you mean check?"),
        (["http://localhost:9999", "check"], "the command check comes first"),
        (["version"], "'version' is neither a URL nor a command; see a2a-mcp --help"),
        (["check", "agent.example"], "did you mean https://agent.example?"),
        (["check", "here=localhost:9999"], "did you mean here=http://localhost:9999?"),
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_at_a_terminal_it_says_what_it_waits_for() -> None:
    ours, its = os.openpty()
    os.write(ours, b"\x04")  # the end of input, as a person types it
    ended = subprocess.run(
        [sys.executable, "-m", "a2a_mcp", "http://127.0.0.1:9"],
        stdin=its,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    os.close(its)
    os.close(ours)
    assert ended.returncode == 0
    assert ended.stdout == ""
    assert "waiting for an MCP host on standard input" in ended.stderr


@pytest.mark.parametrize("command", ["--http", "demo-agent"])
def test_a_port_that_is_taken_says_how_to_choose_another(command: str) -> None:
    with free_port() as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run(command, "--port", port)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"a2a-mcp: cannot listen at http://127.0.0.1:{port}: this port is in use; "
        "choose another with --port\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--http", "--allow-unauthenticated", "--host", "192.0.2.1", "--port", "8001"],
            "http://192.0.2.1:8001: this machine has no such address; choose another with --host",
        ),
        (
            ["--http", "--allow-unauthenticated", "--host", ".nowhere", "--port", "8001"],
            "http://.nowhere:8001: there is no such host; choose another with --host",
        ),
        (
            ["demo-agent", "--port", "65536"],
            "http://127.0.0.1:65536: a port is at most 65535; choose another with --port",
        ),
    ],
)
def test_an_address_that_cannot_be_listened_at_says_which_why_and_what_to_do(
    arguments: list[str], said: str
) -> None:
    ended = run(*arguments)
    assert ended.returncode == 1
    assert ended.stderr == f"a2a-mcp: cannot listen at {said}\n"
    assert ended.stdout == ""
