"""The tables `auth` as they are written into `agents.toml`: one on a line, or one below another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tomlkit


def written(tables: Sequence[dict[str, Any]]) -> Any:
    """Return the value of `auth`."""
    if len(tables) == 1:
        return _inline(tables[0])
    made = tomlkit.array().multiline(True)
    made.extend(map(_inline, tables))
    return made


def line(tables: Sequence[dict[str, Any]]) -> str:
    """Return `auth = …` on one line, to be copied."""
    value = written(tables)
    if len(tables) > 1:
        value.multiline(False)
    return tomlkit.dumps({"auth": value}).strip()


def _inline(table: dict[str, Any]) -> Any:
    made = tomlkit.inline_table()
    made.update({k: _inline(v) if isinstance(v, dict) else v for k, v in table.items()})
    return made
