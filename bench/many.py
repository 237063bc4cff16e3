"""What unrelated calls cost beside many followed tasks that speak all the time."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from servers import ROOT
from table import Row, bounded

LOAD: Final = ROOT / "tests" / "stress" / "many.py"
MOST_SLOWER_MS: Final = 50
MOST_GROWTH_MB: Final = 100


def chatty(env: Mapping[str, str], *, tasks: int, seconds: int) -> list[Row]:
    """Follow that many chatty tasks for so long, each over a stream of its own."""
    options = [str(tasks), "--chatty", "--seconds", str(seconds), "--concurrency", "1000", "--json"]
    done = subprocess.run([sys.executable, str(LOAD), *options], env=env, capture_output=True)
    found = json.loads(done.stdout)
    alone, beside = found["unrelated call alone, p95 ms"], found["beside the tasks, p95 ms"]
    group, growth = f"{tasks} chatty tasks", found["memory grown by, MB"]
    return [
        bounded(group, "unrelated call, median", "ms", found["beside the tasks, median ms"]),
        bounded(group, "p95 beside them, more than alone", "ms", beside - alone, MOST_SLOWER_MS),
        bounded(group, "memory grown by", "MB", growth, MOST_GROWTH_MB),
    ]
