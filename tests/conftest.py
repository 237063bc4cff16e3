"""What every test may use: real agents (see `real_agents`), and asyncio as the only backend.

Also which tests are slow, in which order test files run, and how many run at once.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import canaries
import pytest
from hypothesis import settings
from real_agents import Agent, Agents, start_agent
from real_agents.gate import Gate
from steady_loop import SteadyLoop

POSIX_ONLY: Final = (
    "store/sqlite/test_resources.py",
    "server/transports/test_first_words.py",
    "server/transports/test_pipes.py",
    "e2e/test_database.py",
    "e2e/test_first_words.py",
    "e2e/test_object_storage.py",
    "e2e/test_pipes.py",
    "e2e/test_uvloop.py",
    "e2e/test_workers.py",
    "store/test_objects.py",
    "store/moving/test_move.py",
    "store/moving/test_tables.py",
    "cli/test_migrate.py",
    "server/transports/test_fair_accept.py",
    "server/transports/test_workers.py",
    "stress/test_replicas.py",
)
collect_ignore = list(POSIX_ONLY) if sys.platform == "win32" else []
"""Files that import what only POSIX has."""

SLOW: Final = (
    "stress",
    "e2e",
    "wild",
    "real_agents",
    "sign_in",
    "behaviour",
    "store/moving",
    "store/test_objects.py",
    "store/sqlite/test_processes.py",
    "store/sqlite/test_upkeep.py",
    "server/test_results.py",
    "server/apps/test_view.py",
    "server/transports/test_first_words.py",
    "server/transports/test_pipes.py",
    "a2a/grpc/test_channel.py",
    "a2a/decoding/test_any_json.py",
    "a2a/versions/test_official.py",
    "a2a/grpc/test_schema.py",
    "config/test_any_table.py",
    "server/tools/test_converters.py",
    "server/elicitation/test_asked_once.py",
    "bridge/test_recover_tasks.py",
    "bridge/test_cancel.py",
    "tracking/test_tracker.py",
    "tracking/test_tracked_task.py",
    "tracking/test_messages_beside_tasks.py",
    "tracking/test_repeated_questions.py",
    "tracking/test_unfinished_streams.py",
    "tracking/test_sweep.py",
    "tracking/test_hooks.py",
    "server/transports/test_webhooks.py",
    "simulation",
    "demo",
    "cli",
    "docs",
    "packaging",
)
"""Folders and files whose tests start processes, try many inputs or wait for clocks.

They run in this order.
"""

sys.addaudithook(canaries.watch_commands)

settings.register_profile("patient", deadline=None)  # another process may take the cores
settings.load_profile("patient")

SLOW_FIXTURES: Final = frozenset({"running_agent", "own_agent"})


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the slow files unread where nobody asks for them: a third of the collection."""
    fast_only = config.option.markexpr == "not slow"
    return True if fast_only and _place(collection_path) < len(SLOW) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests and run their files first, so that all workers end at about one time."""
    for item in items:
        if _is_slow(item):
            item.add_marker(pytest.mark.slow)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: _place(item.path) if item.path in slow else len(SLOW) + 1)


def _is_slow(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return _place(item.path) < len(SLOW) or not SLOW_FIXTURES.isdisjoint(fixtures)


def _place(path: Path) -> int:
    inside = path.relative_to(Path(__file__).parent)
    places = (number for number, name in enumerate(SLOW) if inside.is_relative_to(name))
    return next(places, len(SLOW))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Return one worker more than there are cores: many tests wait for other processes."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) + 1
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def no_secret_is_told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail the last test of a run, or of each of its workers, where a secret has leaked."""
    with canaries.watching(tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Return asyncio, on Windows with its own loop: others start no processes there."""
    return "asyncio", {} if sys.platform == "win32" else {"loop_factory": SteadyLoop}


@pytest.fixture(scope="session")
async def one_loop() -> None:
    """Keep the event loop for the tests that follow, for those in whose process gRPC is used.

    Its library has one queue of events for all loops, and raises in the next loop what comes late
    for one that is closed.
    """


@pytest.fixture(scope="session")
def running_agent() -> Iterator[Agents]:
    """Return `running_agent(kind, *options)`: its agents are shared, so never stop one of them."""
    agents = Agents()
    try:
        yield agents
    finally:
        agents.end()


@pytest.fixture(scope="module")
def login(running_agent: Agents) -> Agent:
    """Return the authorization server whose tokens agents with `--issuer` take."""
    return running_agent("oidc")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Return what agents wait for until it opens: its path stands in a message for seconds."""
    return Gate(tmp_path / "gate")


@pytest.fixture
def own_agent() -> Iterator[Callable[..., Agent]]:
    """Return `own_agent(kind, *options)`: its agents are this test's alone, to stop or kill."""
    with ExitStack() as ends:
        yield lambda kind, *options: ends.enter_context(start_agent(kind, *options))
