"""Processes that are watched: what ends them, and with which exit code; each test has its own."""

import signal
import subprocess
import sys
from typing import Final

import pytest

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.errors import ConfigError
from a2a_mcp.server.transports.workers import check_workers

SCRIPT: Final = """
import os, select, signal, sys
from a2a_mcp.server.transports.workers import start_workers
def told(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # one write, so that no line is cut
worker = start_workers(2)
if isinstance(worker, int):
    told("code", worker)
    sys.exit(worker)
told("worker", os.getpid())
%s
select.select([worker.watched], [], [])
told("drained", os.getpid())
"""
SECONDS: Final = 60


class Watching:
    """A script whose workers say what they do, a line each."""

    def __init__(self, then: str = "") -> None:
        command = [sys.executable, "-c", SCRIPT % then]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def line(self) -> list[str]:
        assert self.process.stdout
        return self.process.stdout.readline().split()

    def workers(self, count: int) -> set[int]:
        lines = [self.line() for _ in range(count)]
        assert {word for word, _ in lines} == {"worker"}
        return {int(process) for _, process in lines}

    def rest(self) -> tuple[list[list[str]], int]:
        """Return what is said until all have ended, and the exit code."""
        said, _ = self.process.communicate(timeout=SECONDS)
        return sorted(line.split() for line in said.splitlines()), self.process.returncode


def drained(workers: set[int]) -> list[list[str]]:
    return sorted(["drained", str(each)] for each in workers)


def test_sigterm_lets_every_worker_end_by_itself() -> None:
    watching = Watching()
    workers = watching.workers(2)
    watching.process.send_signal(signal.SIGTERM)
    said, code = watching.rest()
    assert (said, code) == ([["code", "0"], *drained(workers)], 0)


def test_a_second_signal_reaches_the_workers_as_it_is() -> None:
    watching = Watching("""
signal.signal(signal.SIGTERM, lambda *_: (told("second", os.getpid()), os._exit(0)))
os.read(worker.watched, 1)
told("drains", os.getpid())
while True:  # a signal just before pause() would not end it
    select.select([], [], [], 0.05)
""")
    workers = watching.workers(2)
    watching.process.send_signal(signal.SIGTERM)
    assert {int(watching.line()[1]) for _ in workers} == workers
    watching.process.send_signal(signal.SIGTERM)
    said, code = watching.rest()
    assert (said, code) == ([["code", "0"], *sorted(["second", str(w)] for w in workers)], 0)


def test_a_worker_that_is_killed_is_started_again() -> None:
    watching = Watching()
    killed, kept = watching.workers(2)
    subprocess.run(["kill", "-9", str(killed)], check=True, timeout=SECONDS)
    (fresh,) = watching.workers(1)
    assert fresh not in (killed, kept)
    watching.process.send_signal(signal.SIGTERM)
    said, code = watching.rest()
    assert (said, code) == ([["code", "0"], *drained({kept, fresh})], 0)


def test_workers_end_when_the_process_that_watches_them_is_gone() -> None:
    watching = Watching()
    workers = watching.workers(2)
    watching.process.kill()
    said, code = watching.rest()
    assert (said, code) == (drained(workers), -signal.SIGKILL)


def test_where_no_worker_can_start_all_end_with_its_code() -> None:
    watching = Watching("sys.exit(2)")
    said, code = watching.rest()
    assert said[0] == ["code", "2"]
    assert code == 2


@pytest.mark.parametrize(
    ("workers", "sessions", "refused"),
    [(1, "sticky", False), (1, "none", False), (2, "none", False), (2, "sticky", True)],
)
def test_sessions_cannot_live_in_one_of_several_workers(
    workers: int, sessions: str, refused: bool
) -> None:
    settings = ServerConfig.model_validate({"workers": workers, "sessions": sessions})
    if refused:
        with pytest.raises(ConfigError, match=r'server\.sessions: must be "none"'):
            check_workers(settings)
    else:
        check_workers(settings)
