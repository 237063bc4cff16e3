"""Every command in the documents is run here, or it is said what runs it, or why nothing can.

A command that is new in a document needs a row of `STEPS` or of `ELSEWHERE`.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import pytest
from commands import demo_agent, home_in, running

from a2a_mcp.cli.commands import COMMANDS

pytestmark = pytest.mark.anyio

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENTS: Final = tuple(
    sorted(
        path for pattern in ("*.md", "docs/**/*.md", "bench/*.md") for path in ROOT.glob(pattern)
    )
)
PROGRAMS: Final = (
    r"a2a-mcp|uv|uvx|pip|pipx|python3?|claude|codex|gemini|docker|brew|npm|npx|curl|kubectl|helm"
    r"|scripts/\w+|\.ci/run"
)
SHOWN: Final = re.compile(rf"^    ((?:[A-Z_0-9]+=\S+ )*(?:{PROGRAMS})(?: .*)?)$", re.MULTILINE)
FENCED: Final = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMED: Final = re.compile(r"`a2a-mcp ([a-z][a-z-]*)")

# In the order in which a newcomer meets them: each step finds what the one before it has left.
STEPS: Final[dict[str, str]] = {
    "a2a-mcp demo-agent": "",  # it is the agent of the others
    "a2a-mcp init https://agent.example": "'demo-agent'",
    "a2a-mcp check": "Demo agent",
    'a2a-mcp send NAME "what can you do?"': "demo agent",
    "a2a-mcp inspect NAME": "Demo agent",  # ends with 1: a skill of it fails on purpose
    "a2a-mcp install cursor https://agent.example": "mcp.json",
    "a2a-mcp install cursor": "mcp.json",
    "a2a-mcp install claude-desktop --dry-run": "claude_desktop_config.json",
}
SERVES: Final = "a2a-mcp --http https://agent.example"

ELSEWHERE: Final[dict[str, str]] = {
    'uv tool install ".[demo]"': "tests/packaging/test_packages.py installs and starts the wheel",
    "pip install uv && uv run --extra demo a2a-mcp demo": "tests/demo/test_tour.py",
    "pip install uv && uv run pytest -n auto": ".ci/run",
    "a2a-mcp migrate to-database": "tests/cli/test_migrate.py",
    "claude mcp add --scope user a2a -- a2a-mcp https://agent.example": (
        "needs Claude Code; tests/cli/test_install.py compares what is written with what it writes"
    ),
    "scripts/check": ".ci/run runs its lines",
    "uv pip compile pyproject.toml": "asks the package index for every version",
    "uv run python bench/": "takes minutes, and means something on a quiet machine only",
}


def shown() -> list[str]:
    """Return the commands of all documents, without comments."""
    found: list[str] = []
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        lines = [line for block in FENCED.findall(text) for line in block.splitlines()]
        found += [*SHOWN.findall(text), *filter(None, lines)]
    plain = (re.sub(r"\s+#.*$", "", line).removesuffix(" \\").strip() for line in found)
    return list(dict.fromkeys(plain))


def test_every_command_that_is_shown_is_run_or_it_is_said_why_not() -> None:
    unknown = [
        command
        for command in shown()
        if command not in (*STEPS, SERVES) and not command.startswith(tuple(ELSEWHERE))
    ]
    assert unknown == []


def test_no_row_is_about_a_command_that_no_document_shows() -> None:
    commands = shown()
    assert {*STEPS, SERVES} <= {*commands}
    assert [row for row in ELSEWHERE if not any(one.startswith(row) for one in commands)] == []


def test_files_that_run_a_command_exist() -> None:
    places = re.findall(r"(?:tests|\.ci)/[\w/.]+", " ".join(ELSEWHERE.values()))
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_command_of_ours_that_is_named_exists() -> None:
    named = {word for path in DOCUMENTS for word in NAMED.findall(path.read_text("utf-8"))}
    assert named - {*COMMANDS, "help", "https"} == set()


async def test_the_steps_of_a_newcomer_work_in_the_order_of_the_documents(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    with demo_agent(home) as url:
        for command, words in STEPS.items():
            if not words:
                continue
            line = command.replace("https://agent.example", url).replace("NAME", "demo-agent")
            done = await home.run(*shlex.split(line)[1:])
            assert done.code == (1 if "inspect" in line else 0), (line, done.err)
            assert words in done.out + done.err, line


async def test_the_server_over_http_says_where_it_is(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    arguments = shlex.split(SERVES)[1:]
    with running(home, *arguments, "--port", "0") as words:
        assert any("/mcp" in line for line in words)
