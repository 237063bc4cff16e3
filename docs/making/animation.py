"""A recording of a terminal (asciicast v2) as an animated SVG.

It knows what the commands of this package write: text, colours, the start of the line, lines above,
and what erases a line. Nothing else is needed, so no terminal is emulated in full.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape

Cell = tuple[str, str]
"""A character and the class of its look."""

WIDE: Final = 8.4
HIGH: Final = 19
EDGE: Final = 16
SHORTEST: Final = 0.1  # seconds of a frame: a spinner turns faster than an eye needs
LAST: Final = 4.0  # seconds for which the end is shown
LOOKS: Final = {
    "1": "b",
    "2": "d",
    "31": "r",
    "32": "g",
    "33": "y",
    "34": "u",
    "35": "m",
    "36": "c",
}
OF_256: Final = re.compile(r"38;5;(\d+)")
GREYS: Final = range(232, 256)
GREEN: Final = 70
PIECES: Final = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07]*\x07|\x1b[=>]|([\s\S])")
STYLE: Final = """
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#d6deeb}
.b{font-weight:700}.d{opacity:.65}.r{fill:#ff6b6b}.g{fill:#7fdb8c}.y{fill:#f3c969}.u{fill:#7aa2f7}
.m{fill:#c792ea}.c{fill:#7fdbca}.q{fill:#4b5563}
"""


@dataclass
class Screen:
    """What a terminal shows."""

    lines: list[list[Cell]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    look: frozenset[str] = frozenset()

    def write(self, data: str) -> None:
        """Take what a program has written."""
        for found in PIECES.finditer(data):
            if found[3]:
                self._put(found[3])
            elif found[2]:
                self._control(found[1], found[2])

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            self.lines += [[] for _ in range(self.row + 1 - len(self.lines))]
        elif character == "\b":
            self.column = max(self.column - 1, 0)
        elif character.isprintable():
            line = self.lines[self.row]
            line += [(" ", "")] * (self.column + 1 - len(line))
            line[self.column] = character, " ".join(sorted(self.look))
            self.column += 1

    def _control(self, given: str, letter: str) -> None:
        number = int(given) if given.isdecimal() else 0
        if letter == "m":
            self._dress(given)
        elif letter == "A":
            self.row = max(self.row - max(number, 1), 0)
        elif letter == "G":
            self.column = max(number, 1) - 1
        elif letter == "K":
            self.lines[self.row] = [] if number == 2 else self.lines[self.row][: self.column]
        elif letter == "J":
            self.lines[self.row] = self.lines[self.row][: self.column]
            del self.lines[self.row + 1 :]

    def _dress(self, given: str) -> None:
        if of_256 := OF_256.fullmatch(given):
            self.look = frozenset({_hue(int(of_256[1]))})
            return
        for code in given.split(";"):
            if code in ("", "0", "39", "22"):
                self.look = frozenset()
            elif look := LOOKS.get(code if code[:1] != "9" else f"3{code[1:]}"):
                self.look |= {look}

    def drawn(self) -> str:
        """Return the screen as SVG."""
        return "".join(
            f'<text x="{EDGE}" y="{EDGE + HIGH * number + 14}">{_line(line)}</text>'
            for number, line in enumerate(self.lines)
            if line
        )


def _hue(number: int) -> str:
    """Return the look that is near one of 256 colours, of which progress bars use three."""
    return "q" if number in GREYS else "g" if number == GREEN else "r"


def _line(line: list[Cell]) -> str:
    parts: list[list[str]] = []
    for character, look in line:
        if parts and parts[-1][0] == look:
            parts[-1][1] += character
        else:
            parts.append([look, character])
    return "".join(
        f'<tspan class="{look}">{escape(words)}</tspan>' if look else escape(words)
        for look, words in parts
    )


def animation(cast: str, title: str) -> str:
    """Return a recording as SVG."""
    head, *events = map(json.loads, cast.splitlines())
    wide, high = EDGE * 2 + WIDE * head["width"], EDGE * 2 + HIGH * head["height"]
    frames = list(_frames(events))
    total = frames[-1][0] + LAST
    steps = "".join(
        f"{100 * at / total:.3f}%{{transform:translateY({-high * n:g}px)}}"
        for n, (at, _) in enumerate(frames)
    )
    end = f"100%{{transform:translateY({-high * (len(frames) - 1):g}px)}}"
    shown = "".join(
        f'<g transform="translate(0 {high * n:g})">{drawn}</g>'
        for n, (_, drawn) in enumerate(frames)
    )
    still = f"@media (prefers-reduced-motion){{.f{{animation:none;transform:translateY({-high * (len(frames) - 1):g}px)}}}}"
    moves = f"@keyframes f{{{steps}{end}}}.f{{animation:f {total:.2f}s step-end infinite}}{still}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}{moves}</style>"
        f'<rect width="{wide:g}" height="{high:g}" rx="10" fill="#0b1220"/>'
        f'<svg width="{wide:g}" height="{high:g}"><g class="f">{shown}</g></svg></svg>\n'
    )


def _frames(events: list[list[float | str]]) -> Iterator[tuple[float, str]]:
    """Yield what is shown, and from when on; looks that are too short to be seen are left out."""
    screen, shown = Screen(), ""
    for number, (at, _, data) in enumerate(events):
        screen.write(str(data))
        until = float(events[number + 1][0]) if number + 1 < len(events) else float("inf")
        drawn = screen.drawn()
        if until - float(at) >= SHORTEST / 2 and drawn != shown:
            shown = drawn
            yield float(at), drawn
