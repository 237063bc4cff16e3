"""A hook of MkDocs: pages beside docs/ become pages of the site, and links lead to them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT: Final = Path(__file__).resolve().parents[2]
BROUGHT: Final = (
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "agents.example.toml",
    "bench/README.md",
)
OUTWARD: Final = re.compile(r"\]\((?:\.\./)+(?!decisions/)")
INWARD: Final = re.compile(r"\]\(docs/")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of BROUGHT under the names that they have in the repository."""
    for name in BROUGHT:
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Let links that leave docs/, or enter it, lead to the pages of the site."""
    place = page.file.src_uri
    if place in BROUGHT:
        return INWARD.sub("](" + "../" * place.count("/"), markdown)
    return OUTWARD.sub("](", markdown) if "/" not in place else markdown
