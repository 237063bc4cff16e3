"""What commands print for a person, and what they ask: width and colour follow the terminal.

Words of agents are shown as plain text: nothing in them is read as markup.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from a2a_mcp.a2a.model import JSON
from a2a_mcp.text.untrusted import scrub


def console() -> Console:
    """Return what prints to stdout."""
    return Console(highlight=False, markup=False, emoji=False)


def print_json(value: JSON | Mapping[str, JSON] | Sequence[JSON]) -> None:
    """Print a value for a script."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_markdown(text: str) -> None:
    """Print Markdown, rendered for a person and as it is for a pipe."""
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.markdown import Markdown  # takes a tenth of a second

    console().print(Markdown(scrub(text)))


def print_rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; text that is too wide for the terminal goes on in the next line."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(scrub(cell)) for cell in row))
    console().print(table)


def has_person() -> bool:
    """Return whether somebody sits there who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask(question: str, proposed: str = "") -> str:
    """Return what the person types; an empty line takes what is proposed, `-` means nothing."""
    hint = f" [{proposed}]" if proposed else ""
    try:
        typed = input(f"{question}{hint}: ").strip()
    except EOFError:
        typed = "-"
    if typed == "-":
        return ""
    return typed or proposed


def agrees(question: str) -> bool:
    """Return whether the person agrees; only a yes is one."""
    return ask(f"{question} (y/N)").lower() in ("y", "yes")
