"""What the documents say of the repository's own files is true."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENTS: Final = ["CONTRIBUTING.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]
FOLDERS: Final = (
    "a2a_mcp",
    "tests",
    "docs",
    "bench",
    "scripts",
    "packaging",
    "deploy",
    r"\.ci",
    r"\.github",
)
NAMED: Final = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`")
PATTERN: Final = "vX_Y"  # stands for a file that a reader would write


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_every_path_that_a_document_names_exists(document: str) -> None:
    named = NAMED.findall((ROOT / document).read_text(encoding="utf-8"))
    wanted = [path for path in named if PATTERN not in path]
    assert [path for path in wanted if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "script", [".ci/run", *(f"scripts/{path.name}" for path in ROOT.glob("scripts/*"))]
)
def test_a_script_is_there_and_may_be_run(script: str) -> None:
    path = ROOT / script
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert path.stat().st_mode & 0o111
