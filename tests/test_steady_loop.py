"""The clock of the tests' event loop: it waits while the process stands still, and else goes on."""

import signal
import sys
import time
from typing import Final

import anyio
import pytest

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has its own loop"),
]

SHORT: Final = 0.2
STILL: Final = 3 * SHORT


async def test_work_of_the_process_itself_ends_no_wait() -> None:
    with anyio.fail_after(SHORT):
        for _ in range(3):
            time.sleep(STILL)  # noqa: ASYNC251 - nothing else may run meanwhile
            await anyio.lowlevel.checkpoint()


async def test_what_came_while_the_process_stood_still_is_handled_before_a_wait_ends() -> None:
    send, receive = anyio.create_memory_object_stream[None](0)

    async def passes_on() -> None:
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        await send.send(None)

    async with send, receive, anyio.create_task_group() as group:
        signal.signal(signal.SIGALRM, lambda *_: time.sleep(STILL))
        with anyio.fail_after(SHORT):
            signal.setitimer(signal.ITIMER_REAL, SHORT / 2)
            await anyio.sleep(SHORT * 0.6)
            group.start_soon(passes_on)
            await receive.receive()


async def test_a_wait_in_which_nothing_comes_ends() -> None:
    began, clock = time.monotonic(), anyio.current_time()
    with anyio.move_on_after(SHORT) as scope:
        await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert time.monotonic() - began >= SHORT * 0.9
    assert anyio.current_time() - clock == pytest.approx(SHORT, abs=0.1)
