"""Run the suite once for each version of MCP, and tell what differs from the baseline.

python -m conformance.check

"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
from e2e.bridges import Home
from real_agents import start_agent
from real_agents.node import node
from real_agents.npm import packages

from conformance.baseline import EXPECTED
from conformance.fixtures import AGENT
from conformance.lending import lending

VERSIONS: Final = ("2025-11-25", "2026-07-28")
SUITE: Final = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
PASSED: Final = frozenset({"SUCCESS", "INFO", "SKIPPED"})


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the suite: its id, its status, and what it says."""

    id: str
    status: str
    says: str


async def main() -> int:
    """Run the suite; return 1 if anything differs from the baseline, else 0."""
    findings = 0
    with tempfile.TemporaryDirectory() as folder, start_agent("1.3-jsonrpc") as agent:
        home = Home(Path(folder)).configure({AGENT: {"url": agent.url, "ask_user": True}})
        async with home.serving() as bridge, lending(bridge.url) as url:
            for version in VERSIONS:
                checks = await _run(url, version, Path(folder, version))
                findings += _told(version, checks)
    return 1 if findings else 0


async def _run(url: str, version: str, folder: Path) -> list[Check]:
    suite = str(packages("conformance") / SUITE)
    command = [node(), suite, "server", "--url", url, "--requirements", version, "-o", str(folder)]
    await anyio.run_process(command, check=False, stderr=subprocess.STDOUT)
    return list(_checks(folder))


def _checks(folder: Path) -> Iterator[Check]:
    for path in sorted(folder.glob("*/checks.json")):
        for it in json.loads(path.read_text(encoding="utf-8")):
            yield Check(it["id"], it["status"], it.get("errorMessage", ""))


def _told(version: str, checks: list[Check]) -> int:
    """Print what one run shows; return how many checks differ from the baseline."""
    failed = {it.id: it for it in checks if it.status not in PASSED}
    unexpected = [it for it in failed.values() if it.id not in EXPECTED]
    mended = sorted(
        {it.id for it in checks if it.id in EXPECTED and it.status == "SUCCESS"} - failed.keys()
    )
    passed = sum(it.status == "SUCCESS" for it in checks)
    print(f"{version}: {passed} of {len(checks)} checks pass, {len(failed)} do not")
    for it in unexpected:
        print(f"  {it.status.lower()} {it.id}: {it.says}")
    for name in mended:
        print(f"  {name} passes: take it out of the baseline")
    if not checks:
        print("  the suite ran no check")
    return len(unexpected) + len(mended) + (not checks)


if __name__ == "__main__":
    sys.exit(anyio.run(main))
