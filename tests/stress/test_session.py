"""A short session; `scripts/session 10000` is the long one."""

from pathlib import Path

import pytest
from stress.session import sessions

pytestmark = pytest.mark.anyio

CALLS = 300


async def test_some_hundred_calls_leave_memory_and_descriptors_as_they_were(tmp_path: Path) -> None:
    for figures in await sessions(tmp_path, CALLS):
        assert figures.faults() == [], figures
        assert figures.calls >= CALLS // 2
