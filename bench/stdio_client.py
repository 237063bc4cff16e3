"""A host on the other end of a pipe: raw JSON lines, one request at a time, times by the clock."""

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any

from servers import PATIENCE
from wire import CALL, HELLO, LEGACY, check_echo, initialized, request


class StdioHost:
    """One running server and the era it is spoken to in."""

    def __init__(self, process: subprocess.Popen[bytes], era: str, started: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self._started = started
        self._era = era
        self._stdin = process.stdin.fileno()
        self._stdout = process.stdout.fileno()
        self._number = 0
        self._unread = b""

    def seconds_up(self) -> float:
        """Return the seconds since just before the process was spawned."""
        return time.perf_counter() - self._started

    def hello(self) -> dict[str, Any]:
        """Open the connection as the era does; return the result."""
        if self._era == LEGACY:
            result = self.ask("initialize", HELLO)
            os.write(self._stdin, initialized() + b"\n")
            return result
        return self.ask("server/discover", {})

    def ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request and give its result."""
        answer = self.exchange(method, params)[0]
        result: dict[str, Any] = json.loads(answer)["result"]
        return result

    def call(self) -> float:
        """Call `send_task` once; return the seconds from the request's first byte to the answer."""
        answer, seconds = self.exchange("tools/call", CALL)
        check_echo(answer)
        return seconds

    def exchange(self, method: str, params: Mapping[str, Any]) -> tuple[bytes, float]:
        """Send one request; return the line of its answer, and the seconds it took."""
        self._number += 1
        line = request(self._era, self._number, method, params) + b"\n"
        start = time.perf_counter()
        os.write(self._stdin, line)
        while not _is_answer(answer := self._read_line()):
            continue
        return answer, time.perf_counter() - start

    def _read_line(self) -> bytes:
        while b"\n" not in self._unread:
            if not select.select([self._stdout], [], [], PATIENCE)[0]:
                raise TimeoutError("the server says nothing")
            if not (chunk := os.read(self._stdout, 1 << 16)):
                raise EOFError("the server ended")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line


def _is_answer(line: bytes) -> bool:
    """Tell an answer from a notification, and from what a server prints where only JSON belongs."""
    return line.startswith(b"{") and b'"method":"notifications/' not in line


@contextlib.contextmanager
def spawned(
    command: list[str], era: str, env: Mapping[str, str], *, quiet: bool = False
) -> Iterator[StdioHost]:
    """Spawn a server and speak to it over its pipes; ends it by closing stdin, as hosts do."""
    started = time.perf_counter()
    pipe = subprocess.PIPE
    errors = subprocess.DEVNULL if quiet else None
    with subprocess.Popen(
        command, env=env, stdin=pipe, stdout=pipe, stderr=errors, bufsize=0
    ) as process:
        try:
            yield StdioHost(process, era, started)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
            process.kill()
