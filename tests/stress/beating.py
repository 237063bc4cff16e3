"""The bridge with a heart: it writes down how long its event loop was held up.

    BEATS=file python tests/stress/beating.py OPTIONS-OF-THE-BRIDGE

A beat is due every few milliseconds. One that comes late is written as the milliseconds since the
last one, in wall time or in processor time of the process, whichever is less: what another process
took of this machine counts for nothing.
"""

import asyncio
import os
import sys
import time
from typing import Final

from a2a_mcp.cli.main import main

BEAT_SECONDS: Final = 0.005
LATE_SECONDS: Final = 0.010


class Heart:
    """Beats in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, file: int) -> None:
        self._loop = loop
        self._file = file
        self._last = time.monotonic(), time.process_time()

    def beat(self) -> None:
        now = time.monotonic(), time.process_time()
        gap = min(after - before for after, before in zip(now, self._last, strict=True))
        if gap > LATE_SECONDS:
            os.write(self._file, f"{gap * 1e3:.0f}\n".encode())
        self._last = now
        self._loop.call_later(BEAT_SECONDS, self.beat)


class Policy(asyncio.DefaultEventLoopPolicy):
    """Gives each new event loop a heart."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        file = os.open(os.environ["BEATS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        loop.call_soon(Heart(loop, file).beat)
        return loop


if __name__ == "__main__":
    asyncio.set_event_loop_policy(Policy())
    sys.exit(main())
