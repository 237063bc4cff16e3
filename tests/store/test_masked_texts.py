"""Secrets in the texts of a result, however an agent has nested them."""

from __future__ import annotations

from typing import Any

from a2a_mcp.a2a.model import Part
from a2a_mcp.store.masked_texts import without_secrets


def nested(text: str, levels: int) -> Any:
    value: Any = text
    for _ in range(levels):
        value = {"in": [value]}
    return value


def masked(text: str) -> str:
    return text.replace("secret", "***")


def test_metadata_as_deep_as_json_can_be_read_is_kept_unless_a_secret_is_in_it() -> None:
    clean = Part(kind="text", text="t", metadata={"it": nested("clean", 2_000)})
    assert without_secrets({"parts": [vars(clean)]}, masked) == {"parts": [vars(clean)]}
    telling = {"metadata": {"it": nested("a secret", 2_000), "and": nested("a secret", 3)}}
    assert "secret" not in _flat(found := without_secrets(telling, masked))
    assert found["metadata"]["and"] == nested("a ***", 3)


def _flat(value: Any) -> str:
    """Return the texts of a value without going into it by calls of its own."""
    texts, left = [], [value]
    while left:
        item = left.pop()
        if isinstance(item, dict | list):
            left += item.values() if isinstance(item, dict) else item
        else:
            texts.append(str(item))
    return " ".join(texts)
