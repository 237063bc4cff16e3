"""What many followed tasks cost: unrelated calls beside those that speak, polling of the others."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

from servers import ROOT
from table import Row, bounded

LOAD: Final = ROOT / "tests" / "stress" / "many.py"
MOST_SLOWER_MS: Final = 50
MOST_GROWTH_MB: Final = 100
MOST_SHARE: Final = 10
SHARE: Final = "share of a core while nobody calls, %"


def chatty(env: Mapping[str, str], *, tasks: int, seconds: int) -> list[Row]:
    """Follow that many chatty tasks for so long, each over a stream of its own."""
    found = loaded(env, str(tasks), "--chatty", "--seconds", str(seconds), "--concurrency", "1000")
    alone, beside = found["unrelated call alone, p95 ms"], found["beside the tasks, p95 ms"]
    group, growth = f"{tasks} chatty tasks", found["memory grown by, MB"]
    return [
        bounded(group, "unrelated call, median", "ms", found["beside the tasks, median ms"]),
        bounded(group, "p95 beside them, more than alone", "ms", beside - alone, MOST_SLOWER_MS),
        bounded(group, "memory grown by", "MB", growth, MOST_GROWTH_MB),
    ]


def polled(env: Mapping[str, str], *, tasks: int, connections: int) -> list[Row]:
    """Follow that many silent tasks at one agent; those beyond its connections are polled."""
    options = ("--seconds", "2", "--concurrency", str(connections))
    found = loaded(env, str(tasks), *options)
    group, share = f"{tasks} tasks, {connections} connections", found[SHARE]
    return [bounded(group, "CPU while nobody calls", "% of a core", share, MOST_SHARE)]


def loaded(env: Mapping[str, str], *options: str) -> dict[str, Any]:
    """Run one load; return its figures by name."""
    command = [sys.executable, str(LOAD), *options, "--json"]
    done = subprocess.run(command, env=env, capture_output=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
