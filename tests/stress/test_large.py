"""Large answers go through real processes within three times their size, and memory comes back.

`python tests/stress/large.py` prints the figures. How long other calls wait is for the bench, on a
quiet machine.
"""

from pathlib import Path
from typing import Final

from stress.large import SIZES, Cost, measured

MOST_TIMES: Final = 3.0
MOST_LEFT: Final = 0.5


def test_large_answers_take_little_memory_and_give_it_back(tmp_path: Path) -> None:
    costs = measured(tmp_path, rounds=1)
    assert len(costs) == 3 * len(SIZES)
    assert [cost for cost in costs if not _is_small(cost)] == []
    assert min(cost.peak for cost in costs) > 1, "nothing large went through"


def _is_small(cost: Cost) -> bool:
    return cost.peak < MOST_TIMES and cost.stays < MOST_LEFT
