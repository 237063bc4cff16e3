"""Several processes that serve one port: they share its listening socket, and one of them watches.

The watching process serves nothing. It starts a worker again when one has died, and ends with the
last of them. It must not run an event loop or a thread when it starts a worker: a copy of a process
has neither. POSIX only.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.errors import ConfigError
from a2a_mcp.server.transports.fair_accept import Places

log = logging.getLogger(__name__)

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
CANNOT_START: Final = 2
"""The exit code of a worker that would fail again: what it was told cannot be served."""

RESTART_SECONDS: Final = 1.0
"""A worker is started again at most this often, so that one that fails at once costs little."""


def check_workers(settings: ServerConfig) -> None:
    """Raise ConfigError where several processes cannot serve what is configured."""
    if settings.workers == 1:
        return
    if not hasattr(os, "fork"):
        raise ConfigError(["server.workers: this system has no fork; start one process"])
    if settings.sessions == "sticky":
        raise ConfigError(
            [
                'server.sessions: must be "none" with workers: a session of an MCP version before '
                "2026-07-28 lives in one process, and its next request may reach another"
            ]
        )


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker knows: its number from 0, which the one that replaces it has again.

    `watched` can be read once it is to end, or is watched no more. `places` are those of all.
    """

    watched: int
    number: int
    places: Places


def start_workers(count: int) -> Worker | int:
    """Start `count` workers; return once in each of them, and here when the last has ended.

    What is returned here is the exit code for all.
    """
    watch, places = _Watch(*os.pipe()), Places(count)
    before = signal.signal(signal.SIGCHLD, _nothing)  # some systems keep none that nobody handles
    signal.pthread_sigmask(signal.SIG_BLOCK, _watched())
    if not any(map(watch.forks, range(count))) and (code := watch.until_ended()) is not None:
        return code
    os.close(watch.parent_end)
    signal.signal(signal.SIGCHLD, before)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _watched())
    places.note(watch.number, 0)
    return Worker(watch.worker_end, watch.number, places)


def _watched() -> set[signal.Signals]:
    return {*STOPPING, signal.SIGCHLD}


def _nothing(_number: int, _frame: FrameType | None) -> None: ...


@dataclass(slots=True)
class _Watch:
    """The workers by process id: number, and when it was started; and which signals came.

    Signals are blocked and waited for. A handler of one that came just before waitpid() would run
    only once a worker has ended.

    The end of the pipe tells the workers to end. It says the same as a SIGTERM that a worker got
    itself, from a manager of services that signals every process, and is not a second one.
    """

    worker_end: int
    parent_end: int
    started: dict[int, tuple[int, float]] = field(default_factory=dict)
    signals: list[int] = field(default_factory=list)
    number: int = 0

    def note(self, number: int) -> None:
        """Let the workers end, at once unless this is the first SIGTERM."""
        if not self.signals:
            os.close(self.parent_end)
        self.signals.append(number)
        if self.signals != [signal.SIGTERM]:
            self._send(number)

    def _send(self, number: int) -> None:
        for process in self.started:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(process, number)

    def forks(self, number: int) -> bool:
        """Start the worker of a number unless all are to end; return whether this process is it.

        Signals stay blocked in a worker. It has a process group of its own: Ctrl-C reaches the
        watching process alone, which passes it on once.
        """
        process = None if self.signals else os.fork()
        if process == 0:
            os.setpgid(0, 0)
            self.number = number
            return True
        if process:
            self.started[process] = number, time.monotonic()
        return False

    def until_ended(self) -> int | None:
        """Start workers again until all are to end; return the exit code, None in a new worker."""
        failed = 0
        while self.started:
            process, status = self._next_ended()
            if process not in self.started:  # as process 1 of a container it gets the orphans
                continue
            number, since = self.started.pop(process)
            code = os.waitstatus_to_exitcode(status)
            if self.signals:
                continue
            if code == CANNOT_START:  # it has said why
                failed = code
                self.note(signal.SIGTERM)
            else:
                log.warning("worker %d has ended (%d); another one is started", process, code)
                time.sleep(max(0.0, since + RESTART_SECONDS - time.monotonic()))
                if self.forks(number):
                    return None
        return 128 + signal.SIGINT if signal.SIGINT in self.signals else failed

    def _next_ended(self) -> tuple[int, int]:
        """Return a process that has ended and its status; note the signals that come before."""
        while not (ended := os.waitpid(-1, os.WNOHANG))[0]:
            number = signal.sigwait(_watched())
            if number in STOPPING:
                self.note(number)
        return ended
