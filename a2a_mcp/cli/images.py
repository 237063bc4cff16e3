"""Images in a terminal that can show them, by what it says of itself in the environment. Pure.

Two ways are known: that of iTerm2, and that of kitty, which takes PNG alone. Both carry the image
as base64, so that no byte of an agent's file is read by the terminal as a command.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

Drawing: TypeAlias = Callable[[bytes, int], str]
"""Returns what draws an image, from its bytes and the terminal's columns; empty if it cannot."""

PNG: Final = b"\x89PNG\r\n\x1a\n"
WIDTH_IN_PNG: Final = slice(16, 20)
LARGEST: Final = 4 * 1024 * 1024
CHUNK: Final = 4096
COLUMN_PIXELS: Final = 8
"""How wide a column is at least; an image that may be wider than the terminal is made to fit."""


def iterm(image: bytes, columns: int) -> str:
    """Return an image as iTerm2 wants it; the terminal makes it fit by itself."""
    del columns
    facts = f"inline=1;size={len(image)};preserveAspectRatio=1"
    return f"\x1b]1337;File={facts}:{b64encode(image).decode()}\x07"


def kitty(image: bytes, columns: int) -> str:
    """Return an image as kitty wants it: in chunks, without an answer from the terminal (`q=2`)."""
    if not image.startswith(PNG) or len(image) < WIDTH_IN_PNG.stop:
        return ""
    (width,) = struct.unpack(">I", image[WIDTH_IN_PNG])
    fits = f",c={columns}" if width > columns * COLUMN_PIXELS else ""
    text = b64encode(image).decode()
    chunks = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    heads = [f"a=T,f=100,q=2{fits},", *[""] * (len(chunks) - 1)]
    more = [1] * (len(chunks) - 1) + [0]
    rows = zip(heads, more, chunks, strict=True)
    return "".join(f"\x1b_G{head}m={left};{chunk}\x1b\\" for head, left, chunk in rows)


KNOWN: Final[tuple[tuple[str, str, Drawing], ...]] = (
    ("KITTY_WINDOW_ID", "", kitty),
    ("TERM", "xterm-kitty", kitty),
    ("TERM_PROGRAM", "ghostty", kitty),
    ("TERM_PROGRAM", "iTerm.app", iterm),
    ("TERM_PROGRAM", "WezTerm", iterm),
    ("TERM_PROGRAM", "mintty", iterm),
    ("LC_TERMINAL", "iTerm2", iterm),
)
"""A variable, its value (empty: any), and how its terminal draws; the first match counts."""

BETWEEN: Final = ("TMUX", "STY")
"""Variables of programs that stand between a command and its terminal, and drop images."""


def drawing(environment: Mapping[str, str]) -> Drawing | None:
    """Return how the terminal draws images; None where it is not known to."""
    if any(environment.get(name) for name in BETWEEN):
        return None
    return next((draw for name, value, draw in KNOWN if _says(environment, name, value)), None)


def _says(environment: Mapping[str, str], name: str, value: str) -> bool:
    said = environment.get(name)
    return said == value if value else bool(said)
