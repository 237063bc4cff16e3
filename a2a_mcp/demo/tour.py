"""The tour: the demo agent, the bridge started as a host starts it, and an MCP client.

It never touches the user's own files: state and configuration are in a temporary folder.
"""

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TextIO

import anyio
from mcp import Client, MCPError, StdioServerParameters, stdio_client

from a2a_mcp.demo.agent import running
from a2a_mcp.demo.page import Page
from a2a_mcp.demo.steps import STEPS, Tour

TOUR_SECONDS: Final = 120
LOG_LINES: Final = 15


async def tour(out: TextIO, command: Sequence[str]) -> int:
    """Show the bridge's tools on `out`; return 0 if all went as expected, else 1.

    `command` starts the bridge, and is shown at the end.

    Differences from what was expected are printed where they occur and again at the end.
    """
    page = Page(out)
    with TemporaryDirectory(prefix="a2a-mcp-demo-", ignore_cleanup_errors=True) as folder:
        differences = await _walk(page, Path(folder))
    if differences:
        page.step("Not as expected", "The tour found what this version should not do:")
        for difference in differences:
            page.difference(difference)
        return 1
    _farewell(page, shlex.join(command))
    return 0


async def _walk(page: Page, folder: Path) -> list[str]:
    """Take every step; return the differences from what was expected."""
    differences: list[str] = []
    log = folder / "bridge.log"
    try:
        with log.open("w", encoding="utf-8") as errors, anyio.fail_after(TOUR_SECONDS):
            async with running() as url:
                page.prose(f"A demo agent listens at {url}, the bridge stands before it.")
                async with Client(stdio_client(_bridge(url, folder), errors)) as client:
                    walk = Tour(client, page)
                    differences = walk.differences
                    for step in STEPS:
                        await step(walk)
    except* (MCPError, OSError, RuntimeError) as group:
        differences.extend(f"{type(error).__name__}: {error}" for error in _leaves(group))
    if differences:
        lines = log.read_text(encoding="utf-8").splitlines()
        differences.extend(f"the bridge's log: {line}" for line in lines[-LOG_LINES:])
    return differences


def _bridge(url: str, folder: Path) -> StdioServerParameters:
    """Return how to start the bridge with one agent, and with `folder` for its files."""
    config = folder / "agents.toml"
    config.write_text(f'[agents.demo]\nurl = "{url}"\n', encoding="utf-8")
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "a2a_mcp", "--config", str(config), "--state-dir", str(folder)],
    )


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _farewell(page: Page, bridge: str) -> None:
    page.step("Your turn", "All went as expected. Keep the demo agent running in a terminal:")
    page.code(f"{bridge} demo-agent --port 9999")
    page.prose("and add the bridge to a host, here Claude Code (docs/hosts.md has the others):")
    page.code(f"claude mcp add --scope user a2a -- {bridge} http://127.0.0.1:9999")
    page.prose("With your own agent's URL in its place, the host uses your agent.")
