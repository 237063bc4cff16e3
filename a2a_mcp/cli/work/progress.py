"""What an agent says while it works: a line that moves at a terminal, lines of text elsewhere.

All of it is on stderr, so that stdout holds the answer alone.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.presentation.task_view import UpdateView

AT_WORK: Final = (TaskState.SUBMITTED.value, TaskState.WORKING.value)
TURNS_A_SECOND: Final = 8
BAR_WIDTH: Final = 20
COUNTED: Final = re.compile(
    r"(\d+(?:\.\d+)?)(?:\s*(?:/|of|von|de)\s*(\d+(?:\.\d+)?)|\s*(%))", re.IGNORECASE
)
"""What many agents write into their words: `3 of 20`, `3/20`, `15 %`."""


class Progress:
    """Tells what an agent says on the way, each text once."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._words = ""
        self._began = time.monotonic()
        self._spinner = Spinner("dots")
        self._moves = sys.stderr.isatty()

    async def __call__(self, update: UpdateView) -> None:
        """Tell what is said while the agent works; the end and a question come with the task."""
        words = " ".join(self._mask(update.text).split())
        is_news = words and words != self._words and update.state in AT_WORK and not update.piece
        if is_news and not self._moves:
            print(f"… {words}", file=sys.stderr, flush=True)
        self._words = words if is_news or not self._moves else self._words

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show at a terminal that the agent works, and take that away again."""
        if not self._moves:
            yield
            return
        self._words = ""  # what was said before a question is over
        live = Live(
            get_renderable=self._line,
            console=Console(stderr=True, highlight=False, markup=False, emoji=False),
            transient=True,
            refresh_per_second=TURNS_A_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with live:
            yield

    def _line(self) -> Table:
        """Return the line as it is now: it turns, counts seconds, and shows what is said."""
        line = Table.grid(padding=(0, 1, 0, 0))
        line.add_row(self._spinner, *self._bar(), self._seconds(), self._shown_words())
        return line

    def _seconds(self) -> Text:
        return Text(f"{time.monotonic() - self._began:.0f} s", no_wrap=True)

    def _shown_words(self) -> Text:
        return Text(self._words or "waits for the agent", no_wrap=True, overflow="ellipsis")

    def _bar(self) -> Iterator[ProgressBar]:
        """Yield a bar where the words say how much is done."""
        share = share_done(self._words)
        if share is not None:
            yield ProgressBar(total=1, completed=share, width=BAR_WIDTH)


def share_done(words: str) -> float | None:
    """Return how much is done, from 0 to 1, as an agent's words count it; None where not."""
    found = COUNTED.search(words)
    if found is None:
        return None
    done, total = float(found[1]), float(found[2] or 100)
    return min(done / total, 1.0) if total else None
