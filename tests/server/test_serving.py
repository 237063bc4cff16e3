"""What one run of the server holds: built when a request first needs it, once, and closed."""

from typing import Any

import anyio
import pytest

from a2a_mcp.server.serving import Serving
from a2a_mcp.telemetry.calls import begin_call, current_call

pytestmark = pytest.mark.anyio


class Built:
    """Stands for what is built; counts how often it is built and closed."""

    def __init__(self) -> None:
        self.times = self.closed = 0
        self.app = object()

    def __call__(self) -> Any:
        self.times += 1
        return self

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_run_without_work_builds_nothing_and_closes_nothing() -> None:
    built = Built()
    await Serving(built).aclose()
    assert (built.times, built.closed) == (0, 0)


async def test_the_first_request_builds_and_the_others_share_it() -> None:
    built = Built()
    serving = Serving(built)
    assert serving.app is serving.app is built.app
    await serving.aclose()
    assert (built.times, built.closed) == (1, 1)


async def test_work_in_the_background_does_not_belong_to_the_call_that_came_first() -> None:
    """Else it would have that caller's token and rights, trace, and id in the log."""
    before = current_call()  # other tests of this loop may have begun some
    calls: list[str | None] = []

    async def work() -> None:
        calls.append(current_call())

    def compose() -> Any:
        group.start_soon(work)

    async with anyio.create_task_group() as group:
        serving = Serving(compose)
        begin_call()
        serving.composed()
    assert calls == [before]
    assert current_call() != before
