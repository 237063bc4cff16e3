"""The texts of a result without secrets: no disk and no database holds one that an agent repeats.

Pure. Files (bytes) stay as they came, and so do the ids by which a task is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from a2a_mcp.text.steps import is_long

MaskText: TypeAlias = Callable[[str], str]

NEVER_SECRET: Final = frozenset({"id", "context_id", "task_id", "message_id", "state"})
"""Members of a task and its messages that are read again by their exact text."""

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


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _texts(member)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _member(name: str, value: Any, mask: MaskText) -> Any:
    if name in NEVER_SECRET:
        return value
    return _masked(value, mask, free=name in FREE)


def _masked(value: Any, mask: MaskText, *, free: bool) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list | tuple):
        return [_masked(item, mask, free=free) for item in value]
    if not isinstance(value, dict):
        return value
    if free:
        return {mask(name): _masked(item, mask, free=True) for name, item in value.items()}
    return {name: _member(name, item, mask) for name, item in value.items()}
