"""The names of the configured agents, as a shell completes them.

They are read, not checked: a key press has no time for that, and what is wrong with an agent is
said when it is used. A file that cannot be read has no names.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from a2a_mcp.config.places import config_path

if TYPE_CHECKING:
    from cyclopts.completion import CompletionContext


def agent_names(context: CompletionContext) -> list[str]:
    """Return the names in the file that the words name, else the usual one, and in the environment.

    What it raises, the completion of the shell swallows.
    """
    entries = os.environ.get("A2A_AGENTS", "").split(",")
    named = (entry.partition("=")[0].strip() for entry in entries if "=" in entry)
    return [*_in_file(_given(context)), *(name for name in named if "://" not in name)]


def _given(context: CompletionContext) -> Path | None:
    try:
        given = context["--config"].raw
    except KeyError:  # a command that takes no file
        return None
    return Path(given) if given else None


def _in_file(given: Path | None) -> list[str]:
    file = config_path(given)
    if file is None or not file.is_file():
        return []
    tables = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    return list(tables.get("agents", {}))
