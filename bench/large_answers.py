"""What large answers cost: memory at its peak as multiples of their size, and the event loop."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from servers import ROOT
from table import Row, bounded

LOAD: Final = ROOT / "tests" / "stress" / "large.py"
GROUP: Final = "big answers"
MOST_TIMES: Final = 3
MOST_BLOCK_MS: Final = 50


def large_answers(env: Mapping[str, str]) -> list[Row]:
    """Send, read and open a text of 20 MB and a file of 50 MB, three times each."""
    command = [sys.executable, str(LOAD), "--json"]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True)
    rows: list[Row] = []
    for cost in json.loads(done.stdout):
        call, held_up = cost["call"], cost["block_ms"]
        rows += [
            bounded(GROUP, f"{call}, peak", "x its size", cost["peak"], MOST_TIMES),
            bounded(GROUP, f"{call}, what stays", "x its size", cost["stays"]),
            bounded(GROUP, f"{call}, longest wait of the loop", "ms", held_up, MOST_BLOCK_MS),
        ]
    return rows
