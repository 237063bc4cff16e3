"""The texts of a result without secrets: no disk and no database holds one that an agent repeats.

Pure. Files (bytes) stay as they came, and so do the ids by which a task is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from a2a_mcp.a2a.decoding.json_values import DEEPEST
from a2a_mcp.text.steps import is_long

MaskText: TypeAlias = Callable[[str], str]

NEVER_SECRET: Final = frozenset({"id", "context_id", "task_id", "message_id", "state"})
"""Members of a task and its messages that are read again by their exact text."""

MOST_LEVELS: Final = DEEPEST + 10
"""So deep is data, with what stands around it; only metadata may be deeper."""

FREE: Final = frozenset({"data", "metadata"})
"""Members in which also the names are an agent's words."""


def without_secrets(document: dict[str, Any], mask: MaskText) -> dict[str, Any]:
    """Return a task as a document with every text masked.

    Nearly none holds a secret: so all texts are looked at in one pass, the long ones uncopied, and
    only a document with a secret in it is built again.
    """
    texts = list(_texts(document))
    looked_at = [text for text in texts if is_long(text)]
    looked_at.append("\n".join(text for text in texts if not is_long(text)))
    if all(mask(text) == text for text in looked_at):
        return document
    return {name: _member(name, value, mask) for name, value in document.items()}


def _texts(document: object) -> Iterator[str]:
    """Yield all texts, however deep: metadata may be nested as far as JSON can be read."""
    left = [document]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            left += value


def _member(name: str, value: Any, mask: MaskText, depth: int = 0) -> Any:
    if name in NEVER_SECRET:
        return value
    return _masked(value, mask, depth + 1, free=name in FREE)


def _masked(value: Any, mask: MaskText, depth: int, *, free: bool) -> Any:
    """Return a value with its texts masked, and without what is nested too deeply to go through."""
    if isinstance(value, str):
        return mask(value)
    if not isinstance(value, list | tuple | dict):
        return value
    if depth > MOST_LEVELS:
        return None
    if isinstance(value, list | tuple):
        return [_masked(item, mask, depth + 1, free=free) for item in value]
    if free:
        return {
            mask(name): _masked(item, mask, depth + 1, free=True) for name, item in value.items()
        }
    return {name: _member(name, item, mask, depth) for name, item in value.items()}
