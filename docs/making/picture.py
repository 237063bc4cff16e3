"""The picture of what the bridge is, as SVG, light and dark: `scripts/pictures`."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

IMAGES: Final = Path(__file__).resolve().parents[1] / "images"
WIDTH: Final = 860
HEIGHT: Final = 300
FONT: Final = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"


class Colours(NamedTuple):
    """The colours of one picture."""

    ink: str
    quiet: str
    box: str
    edge: str
    bridge: str
    on_bridge: str


LIGHT: Final = Colours("#1f2328", "#59636e", "#f6f8fa", "#d1d9e0", "#3949ab", "#ffffff")
DARK: Final = Colours("#f0f6fc", "#9198a1", "#151b23", "#3d444d", "#7986cb", "#0d1117")

HOSTS: Final = ("Claude", "Codex", "Cursor, VS Code", "Gemini CLI, …")
AGENTS: Final = (
    ("an agent of today", "A2A 1.0, gRPC"),
    ("your company's agents", "A2A 0.3, sign-in"),
    ("one from last year", "A2A 0.1, JSON-RPC"),
)
PROMISES: Final = ("7 tools", "tasks on disk", "sent at most once", "results cut to size")


def picture(colours: Colours) -> str:
    """Return the picture as SVG."""
    said = "A host speaks MCP to the bridge; the bridge speaks A2A, in each version, to agents."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" font-family="{escape(FONT)}"><title>{said}</title>',
        *_hosts(colours),
        *_bridge(colours),
        *_agents(colours),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _hosts(colours: Colours) -> list[str]:
    rows = [_text(100, 105 + 34 * n, name, colours.ink) for n, name in enumerate(HOSTS)]
    head = _text(100, 62, "your MCP host", colours.quiet, size=14)
    way = _way((182, 150), (318, 150), "MCP", "stdio or HTTP", colours)
    return [_box(18, 76, 164, 148, colours), head, *rows, *way]


def _bridge(colours: Colours) -> list[str]:
    rows = [
        _text(420, 146 + 26 * n, words, colours.on_bridge, size=14)
        for n, words in enumerate(PROMISES)
    ]
    title = _text(420, 108, "a2a-mcp", colours.on_bridge, size=22, bold=True)
    box = f'<rect x="322" y="72" width="196" height="170" rx="12" fill="{colours.bridge}"/>'
    return [box, title, *rows]


def _agents(colours: Colours) -> list[str]:
    head = _text(732, 22, "remote A2A agents", colours.quiet, size=14)
    found = [head]
    for number, (name, version) in enumerate(AGENTS):
        top = 34 + 84 * number
        found += [
            _box(630, top, 212, 68, colours),
            _text(736, top + 29, name, colours.ink),
            _text(736, top + 51, version, colours.quiet, size=13),
            _arrow((522, 130 + 27 * number), (624, top + 34), colours),
        ]
    return [*found, _text(572, 66, "A2A", colours.ink, bold=True)]


def _way(
    start: tuple[int, int], end: tuple[int, int], name: str, below: str, colours: Colours
) -> list[str]:
    middle = (start[0] + end[0]) // 2
    words = _text(middle, start[1] - 12, name, colours.ink, bold=True)
    return [_arrow(start, end, colours), words, _text(middle, 174, below, colours.quiet, size=13)]


def _arrow(start: tuple[int, int], end: tuple[int, int], colours: Colours) -> str:
    (left, top), (right, bottom) = start, end
    bend = (right - left) // 2
    path = f"M{left} {top} C{left + bend} {top} {right - bend} {bottom} {right - 8} {bottom}"
    head = f"M{right} {bottom} l-10 -5 v10 z"
    line = f'<path d="{path}" fill="none" stroke="{colours.quiet}" stroke-width="2"/>'
    return f'{line}<path d="{head}" fill="{colours.quiet}"/>'


def _box(left: int, top: int, width: int, height: int, colours: Colours) -> str:
    place = f'x="{left}" y="{top}" width="{width}" height="{height}" rx="10"'
    return f'<rect {place} fill="{colours.box}" stroke="{colours.edge}"/>'


def _text(x: int, y: int, words: str, fill: str, *, size: int = 15, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x}" y="{y}" font-size="{size}" text-anchor="middle"'
    return f'<text {place} fill="{fill}"{weight}>{escape(words)}</text>'


def main() -> None:
    """Write the pictures."""
    for name, colours in (("light", LIGHT), ("dark", DARK)):
        (IMAGES / f"bridge-{name}.svg").write_text(picture(colours), encoding="utf-8")


if __name__ == "__main__":
    main()
