"""Codex and Gemini CLI: how each is configured, run for one turn, and read.

Each gets a home of its own and a key that is none, and talks to the stand-in only.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from real_agents.node import node
from real_agents.npm import packages

Schema = dict[str, Any]
Tools = dict[str, Schema]

TURN_SECONDS: Final = 120
NO_KEY: Final = "no-key"


@dataclass(frozen=True, slots=True)
class Cli:
    """A host: its script in node_modules, and what it is given and read by."""

    script: str
    arguments: tuple[str, ...]
    configure: Callable[[Path, str, Sequence[str]], dict[str, str]]
    """Write the configuration below a home; return what the environment must hold."""
    tools: Callable[[Schema], Iterator[tuple[str, Schema]]]
    """Yield the bridge's tools in a request to the model: each with its schema of arguments."""


def run(cli: Cli, home: Path, model: str, server: Sequence[str]) -> str:
    """Run one turn of a host that starts `server` over stdio; return what it printed."""
    home.mkdir()
    folder = home / "work"
    folder.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(
        [node(), str(packages("hosts") / "node_modules" / cli.script), *cli.arguments],
        cwd=folder,
        env=environment | cli.configure(home, model, server),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TURN_SECONDS,
        check=False,
    )
    return done.stdout


def codex_of(model: str) -> str:
    """Return the part of Codex's configuration that names a stand-in as its model."""
    return f"""
model = "stand-in"
model_provider = "stand-in"

[model_providers.stand-in]
name = "stand-in"
base_url = {json.dumps(f"{model}/v1")}
wire_api = "responses"
env_key = "STAND_IN_KEY"
"""


def _configure_codex(home: Path, model: str, server: Sequence[str]) -> dict[str, str]:
    command, *arguments = server
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text(
        f"""{codex_of(model)}
[mcp_servers.a2a]
command = {json.dumps(command)}
args = {json.dumps(arguments)}
required = true
startup_timeout_sec = 30
""",
        encoding="utf-8",
    )
    return {"STAND_IN_KEY": NO_KEY}


def _tools_of_codex(request: Schema) -> Iterator[tuple[str, Schema]]:
    for tool in request["tools"]:
        if tool.get("name") == "mcp__a2a":
            for inner in tool["tools"]:
                yield inner["name"], inner["parameters"]


def _configure_gemini(home: Path, model: str, server: Sequence[str]) -> dict[str, str]:
    command, *arguments = server
    settings = {
        "mcpServers": {"a2a": {"command": command, "args": arguments}},
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    (home / ".gemini").mkdir()
    (home / ".gemini" / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return {"GEMINI_API_KEY": NO_KEY, "GOOGLE_GEMINI_BASE_URL": model}


def _tools_of_gemini(request: Schema) -> Iterator[tuple[str, Schema]]:
    prefix = "mcp_a2a_"
    for tool in request.get("tools", []):
        for declared in tool.get("functionDeclarations", []):
            if declared["name"].startswith(prefix):
                yield declared["name"].removeprefix(prefix), declared["parametersJsonSchema"]


CLIS: Final = {
    "Codex": Cli(
        "@openai/codex/bin/codex.js",
        ("exec", "--skip-git-repo-check", "Say done."),
        _configure_codex,
        _tools_of_codex,
    ),
    "Gemini CLI": Cli(
        "@google/gemini-cli/bundle/gemini.js",
        (
            "--skip-trust",
            # Without a person to ask, only tools of servers named here are given to the model.
            *("--allowed-mcp-server-names", "a2a"),
            *("--model", "gemini-2.5-pro"),
            *("--prompt", "Say done."),
        ),
        _configure_gemini,
        _tools_of_gemini,
    ),
}
