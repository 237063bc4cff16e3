"""Writes the pages of the reference that are made of the code: `scripts/reference`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(Path(__file__).parent))

import capacity  # noqa: E402
import keys  # noqa: E402
import tools  # noqa: E402

PAGES: Final = {
    "capacity.md": capacity.page,
    "reference-configuration.md": keys.page,
    "reference-tools.md": tools.page,
}


def main() -> None:
    """Write each page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
