"""Claude Code and Codex: how each is told of the bridge, signs a person in, and runs a turn.

Each gets a home of its own, a terminal, and a browser that is `real_hosts.person`.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Final

from real_agents.node import node
from real_agents.npm import packages

from real_hosts.clis import NO_KEY, TURN_SECONDS, codex_of
from real_hosts.turns import JSON, SERVER, answers_in_messages, answers_in_responses

PERSON: Final = "alice"
TESTS: Final = Path(__file__).parents[1]
ESCAPES: Final = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x1b\x07]*(\x07|\x1b\\))")


@dataclass(frozen=True, slots=True)
class SigningHost:
    """A host: its script among the packages of a row, and the words that make it do things."""

    row: str
    script: str
    sign_in: tuple[tuple[str, ...], ...]
    """The commands that add the bridge, whose address stands for URL, and sign in."""
    signed_in: str
    """What it says when a person is signed in."""
    turn: tuple[str, ...]
    configure: Callable[[Path, str], Mapping[str, str]]
    """Write the configuration below a home; return what the environment must hold for a model."""
    answers: Callable[[JSON], Iterator[str]]
    """Yield what the model is told of its calls."""

    def prepared(self, folder: Path) -> Path:
        """Return a home with a browser."""
        home = folder / "home"
        home.mkdir()
        browser = home / "browser"
        command = shlex.join([sys.executable, "-m", "real_hosts.person", PERSON])
        path = shlex.quote(str(TESTS))
        browser.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {command} "$1"\n')
        browser.chmod(0o700)
        return home

    def run(self, home: Path, model: str, *words: str) -> str:
        """Run a command of the host before a model; return what it says."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb"}
        environment |= {"BROWSER": str(home / "browser"), **self.configure(home, model)}
        script = str(packages(self.row) / "node_modules" / self.script)
        return on_a_terminal([node(), script, *words], home, environment)


def on_a_terminal(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command as from a terminal at which nobody types; return what it says."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    late = Timer(TURN_SECONDS, process.kill)
    late.start()
    said = b"".join(_read(ours))
    process.wait()
    late.cancel()
    os.close(ours)
    return ESCAPES.sub("", said.decode("utf-8", "replace"))


def _read(terminal: int) -> Iterator[bytes]:
    with suppress(OSError):  # Linux's word for the end
        while piece := os.read(terminal, 65536):
            yield piece


def _configure_claude(_home: Path, model: str) -> dict[str, str]:
    return {
        "ANTHROPIC_BASE_URL": model,
        "ANTHROPIC_API_KEY": NO_KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "ENABLE_TOOL_SEARCH": "false",  # else the model is told of no tool at first
    }


def _configure_codex(home: Path, model: str) -> dict[str, str]:
    place = home / ".codex" / "config.toml"
    place.parent.mkdir(exist_ok=True)
    if not place.exists():
        place.write_text(f'mcp_oauth_credentials_store = "file"\n{codex_of(model)}', "utf-8")
    return {"STAND_IN_KEY": NO_KEY}


def _setting(name: str, value: str) -> tuple[str, str]:
    return "-c", f"{name}={json.dumps(value)}"


HOSTS: Final = {
    "Claude Code": SigningHost(
        "claude",
        "@anthropic-ai/claude-code/cli-wrapper.cjs",
        (
            ("mcp", "add", "--transport", "http", SERVER, "URL"),
            ("mcp", "login", SERVER),
        ),
        f'Authenticated with "{SERVER}"',
        ("--print", "Go.", "--allowedTools", f"mcp__{SERVER}"),
        _configure_claude,
        answers_in_messages,
    ),
    "Codex": SigningHost(
        "hosts",
        "@openai/codex/bin/codex.js",
        (("mcp", "add", SERVER, "--url", "URL"),),
        "Successfully logged in",
        (
            *("exec", "--skip-git-repo-check"),
            # There is no person to approve a call.
            *_setting(f"mcp_servers.{SERVER}.default_tools_approval_mode", "approve"),
            "Go.",
        ),
        _configure_codex,
        answers_in_responses,
    ),
}
