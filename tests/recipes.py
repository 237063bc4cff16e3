"""The recipes of the documents, with a test's own places in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

CLOUDS: Final = Path(__file__).parents[1] / "docs" / "agents-in-clouds.md"


def recipe(name: str, replaced: dict[str, str]) -> str:
    """Return what the document on clouds configures for an agent, with addresses replaced."""
    blocks = re.findall(r"^```toml\n(.*?)^```$", CLOUDS.read_text(), re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if f"[agents.{name}]\n" in block]
    text = found[found.index(f"[agents.{name}]") :]
    for was, now in replaced.items():
        text = text.replace(was, now)
    return text
