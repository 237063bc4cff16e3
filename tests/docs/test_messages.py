"""Troubleshooting quotes messages as the code has them."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

import a2a_mcp

ROOT: Final = Path(__file__).resolve().parents[2]
FOREIGN: Final = frozenset({"Invalid Host header"})  # the SDK's words
QUOTED: Final = re.compile(r"`([^`]+)`")
PAGES: Final = {"README.md": "## When something goes wrong", "docs/troubleshooting.md": ""}


@cache
def texts() -> str:
    """Return all texts of the package, each on a line."""
    found = []
    for path in Path(a2a_mcp.__file__).parent.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        found += [
            node.value
            for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
    return "\n".join(found)


def messages(page: str) -> list[str]:
    """Return what the first cells of the tables of a page, or of its part, quote."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if PAGES[page]:
        text = text.partition(f"\n{PAGES[page]}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (.+?) \|", text, flags=re.MULTILINE)
    return [quoted for cell in cells for quoted in QUOTED.findall(cell)]


@pytest.mark.parametrize("page", PAGES)
def test_every_message_that_is_explained_is_one_of_the_codes(page: str) -> None:
    quoted = messages(page)
    assert len(quoted) > 5
    pieces = {piece.strip(" .?:(){}'") for message in quoted for piece in re.split("[…;]", message)}
    known = (texts(), *FOREIGN)
    assert [piece for piece in pieces if not any(piece in words for words in known)] == []
