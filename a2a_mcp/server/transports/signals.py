"""The signals that end a server, received alike on every system and event loop."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final, NoReturn

import anyio
from anyio.lowlevel import current_token

GRACE_SECONDS: Final = 1.5

SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGBREAK")  # Windows: Ctrl-C and Ctrl-Break
    if hasattr(signal, name)
)


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals received so far; the first one sets `came`."""

    came: anyio.Event = field(default_factory=anyio.Event)
    received: list[int] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The exit code of a process that the first signal ended, as a shell shows it; else 0."""
        return 128 + self.received[0] if self.received else 0


@contextmanager
def received_signals() -> Iterator[Signals]:
    """Yield the signals received within the block.

    Event loops on Windows take no handlers of signals, so Python's own are set, everywhere alike.
    """
    signals = Signals()
    loop: Any = current_token().native_token

    def note(number: int, _frame: FrameType | None) -> None:
        signals.received.append(number)
        loop.call_soon_threadsafe(signals.came.set)  # a handler runs between two instructions

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_at_signals() -> None:
    """Let signals end the process by its own return while there is no event loop yet. POSIX only.

    It returns when modules that are being imported in a thread are.
    """

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        end_at_the_latest(GRACE_SECONDS, number)
        sys.exit(128 + number)

    for number in SIGNALS:
        signal.signal(number, end)


def end_at_the_latest(seconds: float, number: int) -> None:
    """Let a signal end the process after `seconds`, as if nothing had handled it. POSIX only.

    It ends a process that waits for a thread which cannot be interrupted, one that looks up a
    name for example.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
