"""What commands print for a person, and what they ask: width and colour follow the terminal.

Words of agents are shown as plain text: nothing in them is read as markup.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

import anyio

from a2a_mcp.a2a.model import JSON
from a2a_mcp.presentation.content import readable_json
from a2a_mcp.text.untrusted import scrub

GAP: Final = 2
LEAST_LAST: Final = 24
"""Columns that the last column of a table needs, if it is to be read."""

ENDS: Final = (".", "?", "!", ":", "…")
"""What ends a question by itself."""

PAINT: Final = (
    (re.compile(r"^\S+ \[ready\]$", re.MULTILINE), "32"),
    (re.compile(r"^\S+ \[(?:failing|disabled)\]$", re.MULTILINE), "31"),
    (re.compile(r"^(?:Problem|What to do):", re.MULTILINE), "1"),
)
"""Words of a report, and the style in which a terminal shows them."""

A_COMMAND: Final = re.compile(r"a2a-mcp [^,;.()`]+")
GLUE: Final = "\0"
"""Stands for a space at which no line ends; no text for a person holds it."""

LINE_BREAK: Final = re.compile(r"(?<=\S)\n(?=\S)")
"""Markdown joins such lines; agents that write plain text mean the break."""


def print_json(value: JSON | Mapping[str, JSON] | Sequence[JSON]) -> None:
    """Print a value for a script."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_markdown(text: str) -> None:
    """Print Markdown, rendered for a person and as it is for a pipe; JSON in it is laid out."""
    is_person = sys.stdout.isatty()
    shown = "\n".join(_laid_out(line, fenced=is_person) for line in scrub(text).split("\n"))
    if not is_person:
        print(shown)
        return
    from rich.console import Console  # takes a tenth of a second
    from rich.markdown import Markdown

    console = Console(highlight=False, markup=False, emoji=False)
    console.print(Markdown(LINE_BREAK.sub("  \n", shown)))


def painted(text: str, out: TextIO) -> str:
    """Return a report as a terminal shows it: states in colour, problems and advice bold."""
    if not out.isatty() or "NO_COLOR" in os.environ or sys.platform == "win32":
        return text
    for words, style in PAINT:
        text = words.sub(f"\x1b[{style}m\\g<0>\x1b[0m", text)
    return text


def wrapped(text: str, out: TextIO) -> str:
    """Return a text whose lines a terminal need not break within a word; a command stays whole."""
    if not out.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(_wrapped(line, width) for line in text.split("\n"))


def _wrapped(line: str, width: int) -> str:
    if _width(line) <= width:
        return line
    whole = A_COMMAND.sub(lambda found: found[0].replace(" ", GLUE), line)
    lines = textwrap.wrap(
        whole,
        width,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return "\n".join(lines).replace(GLUE, " ")


def _laid_out(line: str, *, fenced: bool) -> str:
    """Return a line that is JSON as several, other lines as they are."""
    try:
        value = json.loads(line) if line.startswith(("{", "[")) else None
    except (ValueError, RecursionError):
        return line
    if not isinstance(value, dict | list):
        return line
    shown = readable_json(value)
    return f"```json\n{shown}\n```" if fenced else shown


def print_rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the last column may go on in further lines.

    Where the terminal is too narrow for that, each row is a paragraph.
    """
    shown = [[scrub(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(headings, *shown, strict=True)]
    width = columns()
    first = sum(widths[:-1]) + GAP * (len(widths) - 1)
    if width - first < min(widths[-1], LEAST_LAST):
        print("\n".join(line for row in shown for line in _paragraph(row, width)))
        return
    for row in (headings, *shown):
        print("\n".join(_line(row, widths, first, width)))


def _line(row: Sequence[str], widths: Sequence[int], first: int, width: int) -> list[str]:
    """Return a row, its last cell in as many lines as it needs."""
    start = "".join(
        cell + " " * (widths[at] - _width(cell) + GAP) for at, cell in enumerate(row[:-1])
    )
    last = textwrap.wrap(row[-1], width - first, break_long_words=False) or [""]
    return [
        (start if not at else " " * first) + part.rstrip() if part else start.rstrip()
        for at, part in enumerate(last)
    ]


def _paragraph(row: Sequence[str], width: int) -> list[str]:
    rest = " · ".join(cell for cell in row[1:] if cell)
    wrapped = textwrap.wrap(rest, width - GAP, break_long_words=False, break_on_hyphens=False)
    return [row[0], *(" " * GAP + line for line in wrapped)]


def _width(text: str) -> int:
    """Return how many columns a text takes: letters of some scripts take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def columns() -> int:
    """Return how wide the output may be; a pipe has no end."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return shutil.get_terminal_size().columns
    return sys.maxsize


def has_person() -> bool:
    """Return whether somebody sits there who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


async def asked(question: str) -> str:
    """Return what the person types, while other work goes on; Ctrl-C ends it at once."""
    end = " " if question.endswith(ENDS) else ": "
    print(question, end=end, flush=True)
    if sys.stdin.isatty() and sys.platform != "win32":
        await anyio.wait_readable(sys.stdin)  # a terminal gives whole lines
    return _typed("")


def ask(question: str, proposed: str = "") -> str:
    """Return what the person types; an empty line takes what is proposed, `-` means nothing."""
    hint = f" [{proposed}]" if proposed else ""
    typed = _typed(f"{question}{hint}: ")
    return "" if typed == "-" else typed or proposed


def _typed(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        print()
        return "-" if prompt else ""


def agrees(question: str) -> bool:
    """Return whether the person agrees; only a yes is one."""
    return ask(f"{question} (y/N)").lower() in ("y", "yes")
