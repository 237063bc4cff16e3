"""A home for each test of a command."""

from pathlib import Path

import pytest
from commands import Home, home_in


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_in(tmp_path)
