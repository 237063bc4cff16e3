"""The tour's output: steps, calls, progress and answers, on a terminal or in a file.

It only prints, and calls nothing. Colours are used only on a terminal.
"""

import json
import shutil
import textwrap
from collections.abc import Mapping
from typing import Final, TextIO

WIDEST: Final = 96
BOLD: Final = "1"
CYAN: Final = "36"
GREY: Final = "2"
RED: Final = "31"


class Page:
    """Prints to a stream, within the width of the terminal, and numbers the steps."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._coloured = out.isatty()
        self._width = min(WIDEST, shutil.get_terminal_size().columns)
        self._step = 0

    def step(self, title: str, note: str) -> None:
        """Begin a numbered step: its title, and a sentence on what it is good for."""
        self._step += 1
        self._print("")
        self._print(f"{self._step}. {title}", style=BOLD)
        self.prose(note)

    def prose(self, text: str, *, style: str = "") -> None:
        """Print a paragraph, broken into lines."""
        self._print(textwrap.fill(text, self._width, break_on_hyphens=False), style=style)

    def call(self, tool: str, arguments: Mapping[str, object]) -> None:
        """Print a call as a model would make it."""
        listed = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
        self._print(self._indent(f"{tool}({listed})", "  -> ", "     "), style=CYAN)

    async def progress(self, progress: float, total: float | None, message: str | None) -> None:
        """Print a progress notification; the MCP client calls this."""
        for line in (message or "").splitlines():
            self._print(self._indent(line, "   . ", "     "), style=GREY)

    def answer(self, text: str, *, failed: bool = False) -> None:
        """Print the text that a model would read; the lines of an error are marked."""
        margin = "   x " if failed else "   | "
        for line in text.splitlines() or ["(nothing)"]:
            self._print(self._indent(line, margin, margin), style=RED if failed else "")

    def difference(self, text: str) -> None:
        """Print a difference from what was expected."""
        self.prose(f"  !! {text}", style=RED)

    def code(self, line: str) -> None:
        """Print a command to copy, on one line."""
        self._print(f"    {line}", style=CYAN)

    def _indent(self, text: str, first: str, rest: str) -> str:
        return (
            textwrap.fill(
                text,
                self._width,
                initial_indent=first,
                subsequent_indent=rest,
                replace_whitespace=False,
                break_on_hyphens=False,
            )
            or first.rstrip()
        )

    def _print(self, text: str, *, style: str = "") -> None:
        # The terminal's encoding may lack characters of an agent's words.
        encoding = self._out.encoding or "utf-8"
        text = text.encode(encoding, "replace").decode(encoding)
        shown = f"\033[{style}m{text}\033[0m" if style and self._coloured else text
        print(shown, file=self._out, flush=True)
