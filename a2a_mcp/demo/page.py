"""The tour as a person sees it: steps, calls, progress and answers on a terminal or in a file.

Only prints; knows nothing of what it prints. Plain ASCII of its own, colours on a terminal only.
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
    """A stream to print on, with the terminal's width and the number of the step."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._coloured = out.isatty()
        self._width = min(WIDEST, shutil.get_terminal_size().columns)
        self._step = 0

    def step(self, title: str, note: str) -> None:
        """Begin a numbered step: what it shows, and a sentence on why a host wants it."""
        self._step += 1
        self._print("")
        self._print(f"{self._step}. {title}", style=BOLD)
        self.prose(note)

    def prose(self, text: str, *, style: str = "") -> None:
        """Print a paragraph, or a line of code that is then broken where it must be."""
        self._print(textwrap.fill(text, self._width, break_on_hyphens=False), style=style)

    def call(self, tool: str, arguments: Mapping[str, object]) -> None:
        """Print a call as a model would make it."""
        listed = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
        self._print(self._indent(f"{tool}({listed})", "  -> ", "     "), style=CYAN)

    async def progress(self, progress: float, total: float | None, message: str | None) -> None:
        """Print a progress notification, in the shape the MCP client calls back with."""
        for line in (message or "").splitlines():
            self._print(self._indent(line, "   . ", "     "), style=GREY)

    def answer(self, text: str, *, failed: bool = False) -> None:
        """Print the text a model would read; an error's bears a mark."""
        margin = "   x " if failed else "   | "
        for line in text.splitlines() or ["(nothing)"]:
            self._print(self._indent(line, margin, margin), style=RED if failed else "")

    def difference(self, text: str) -> None:
        """Print what was not as expected."""
        self.prose(f"  !! {text}", style=RED)

    def code(self, line: str) -> None:
        """Print a command to copy, never broken."""
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
        # A terminal's encoding may lack what an agent said.
        encoding = self._out.encoding or "utf-8"
        text = text.encode(encoding, "replace").decode(encoding)
        shown = f"\033[{style}m{text}\033[0m" if style and self._coloured else text
        print(shown, file=self._out, flush=True)
