"""Commands as a person runs them: a process with a home of its own, at a terminal if need be."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import pexpect
from canaries import note_table
from real_agents.noting import tell

COMMAND: Final = (sys.executable, "-m", "a2a_mcp")
STYLE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Home:
    """A home folder, with the variables that a command sees."""

    folder: Path
    variables: dict[str, str]
    command: tuple[str, ...] = COMMAND

    @property
    def file(self) -> Path:
        return self.folder / ".config" / "a2a-mcp" / "agents.toml"

    def write(self, text: str) -> None:
        note_table(tomllib.loads(text))
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(text, encoding="utf-8")
        self.file.chmod(0o600)

    async def run(self, *arguments: str, **variables: str) -> Done:
        ended = await anyio.run_process(
            [*self.command, *arguments],
            stdin=subprocess.DEVNULL,
            check=False,
            env=self.variables | variables,
        )
        done = Done(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
        tell("a command printed", done.out + done.err)
        return done

    def terminal(self, *arguments: str, columns: int = 100) -> pexpect.spawn[str]:
        """Start a command at a terminal."""
        return pexpect.spawn(
            self.command[0],
            [*self.command[1:], *arguments],
            env={**self.variables, "TERM": "xterm-256color"},
            encoding="utf-8",
            timeout=60,
            dimensions=(40, columns),
            preexec_fn=_hear_ctrl_c,
        )


def _hear_ctrl_c() -> None:
    """Let Ctrl-C count, also where the tests run in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


FOREIGN: Final = ("A2A_", "COLUMNS", "LINES")
"""Variables that name agents and folders of this machine, or the width of its terminal."""


def home_in(folder: Path) -> Home:
    """Return an empty home."""
    known = {key: it for key, it in os.environ.items() if not key.startswith(FOREIGN)}
    places = {"HOME": str(folder), "USERPROFILE": str(folder), "LOCALAPPDATA": str(folder)}
    places |= {"XDG_CONFIG_HOME": str(folder / ".config"), "XDG_STATE_HOME": str(folder / "state")}
    return Home(folder, known | places | {"PYTHONIOENCODING": "utf-8"})


async def ended(terminal: pexpect.spawn[str]) -> tuple[int | None, str]:
    """Return the exit code of a command at a terminal, and what it still printed, unstyled."""
    await anyio.to_thread.run_sync(terminal.expect, pexpect.EOF)
    await anyio.to_thread.run_sync(terminal.close)
    return terminal.exitstatus, STYLE.sub("", terminal.before or "")


async def shown(terminal: pexpect.spawn[str], words: str) -> None:
    """Wait until a terminal shows these words."""
    await anyio.to_thread.run_sync(terminal.expect_exact, words)


@contextmanager
def demo_agent(home: Home) -> Iterator[str]:
    """Run `a2a-mcp demo-agent`, at a free port, and return its URL."""
    with running(home, "demo-agent", "--port", "0") as words:
        yield next(found[0] for line in words if (found := re.search(r"http://[\d.:]+", line)))


@contextmanager
def running(home: Home, *arguments: str) -> Iterator[Iterator[str]]:
    """Run a command that goes on until the block ends; return the lines that it prints."""
    process = subprocess.Popen(
        [*home.command, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=home.variables,
    )
    assert process.stdout
    try:
        yield iter(process.stdout.readline, "")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()
