"""Walk through the schemas of tools, as the definitions have them and as hosts pass them on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def properties_of(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield every property in a schema by its path, also those of items and members."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}", inner
        yield from properties_of(inner, f"{path}{name}.")
    if "items" in schema:
        yield from properties_of(schema["items"], f"{path}[].")
