"""A view as an MCP tool result, with its text and its structure.

Everything that leaves is masked here, because an agent may repeat a credential that it was sent.
Both channels hold the whole message: some hosts show only the text, others only the structure.
Errors become results in `error_results`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol, TypeAlias

import mcp.types as t

from a2a_mcp.a2a.model import JSON
from a2a_mcp.presentation.budget import View, fit_task
from a2a_mcp.presentation.task_view import TaskView, UpdateView
from a2a_mcp.text.truncate import shorten

Mask: TypeAlias = Callable[[str], str]

UPDATE_BYTES: Final = 500
TURN_BYTES: Final = 1_000


class StreamMask(Protocol):
    """A mask that also finds a secret which is split over neighbouring texts."""

    def __call__(self, text: str, /) -> str:
        """Return one text, masked."""
        ...

    def pieces(self, texts: Sequence[str], /) -> list[str]:
        """Return texts that a reader may join, masked; the last may be followed by more."""
        ...


def of_task_view(view: TaskView, mask: StreamMask, limit: int) -> t.CallToolResult:
    """Return the result of a task; each channel holds at most `limit` bytes.

    An agent's words are masked before they are cut: a cut secret would not be recognised.
    """
    fitted = fit_task(_masked_view(view, mask), limit, mask)
    return of_view(fitted, mask, is_error=view.failed)


def _masked_view(view: TaskView, mask: StreamMask) -> TaskView:
    """Return a view whose agent's words are masked, and its updates and turns short."""
    text = _masked_text(view, mask)
    if text is view.text and not (view.updates or view.history or view.error):
        return view
    return replace(
        view,
        text=text,
        error=mask(view.error) if view.error else None,
        updates=_short_updates(view, mask),
        history=tuple(
            replace(turn, text=shorten(mask(turn.text), TURN_BYTES)) for turn in view.history
        ),
    )


def _masked_text(view: TaskView, mask: StreamMask) -> str:
    may_grow = view.state is not None and not view.state.stop
    return mask.pieces([view.text])[0] if may_grow else mask(view.text)


def _short_updates(view: TaskView, mask: StreamMask) -> tuple[UpdateView, ...]:
    pieces = mask.pieces([update.text for update in view.updates])
    return tuple(
        replace(update, text=short_update(piece))
        for update, piece in zip(view.updates, pieces, strict=True)
    )


def short_update(masked: str) -> str:
    """Return the masked words of an update, cut to the bytes that one update may take."""
    return shorten(masked, UPDATE_BYTES)


def of_view(view: View, mask: Mask, *, is_error: bool = False) -> t.CallToolResult:
    """Return the result of a view."""
    return of_channels(view.prose(), view.structured(), mask, is_error=is_error)


def of_channels(
    text: str, structure: dict[str, JSON], mask: Mask, *, is_error: bool
) -> t.CallToolResult:
    """Return a result with both channels masked."""
    return t.CallToolResult(
        content=[t.TextContent(type="text", text=mask(text))],
        structured_content=_masked(structure, mask),
        is_error=is_error,
    )


def _masked(value: JSON, mask: Mask) -> JSON:
    """Return a JSON value with every text in it masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _masked_member(name, item, mask) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, mask) for item in value]
    return value


def _masked_member(name: str, value: JSON, mask: Mask) -> JSON:
    # A state is one of the words that the output schema lists, so it is never a secret.
    return value if name == "state" else _masked(value, mask)
