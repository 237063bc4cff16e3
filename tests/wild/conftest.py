"""Lets the tests of this folder open the recorded exchanges with `captures`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "a2a"))
