"""Half a minute of the soak; `scripts/soak 10` runs longer."""

from pathlib import Path

import pytest
from stress.soak import report, soak

pytestmark = pytest.mark.anyio

SECONDS = 30


async def test_half_a_minute_of_kills_cuts_and_a_full_disk_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    ledger = await soak(SECONDS, tmp_path, seed=20)
    assert ledger.findings == [], report(ledger, SECONDS)
    assert ledger.kills >= 5
    assert len(ledger.acknowledged) >= 10
