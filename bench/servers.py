"""The processes of a bench: what is started, with which environment, and what it costs the machine.

Linux only: memory and CPU time are read from /proc.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BENCH: Final = Path(__file__).parent
ROOT: Final = BENCH.parent
PATIENCE: Final = 30.0
"""Seconds to wait for any one thing before giving up."""


@dataclass(frozen=True)
class Contestant:
    """A server to measure: its name, and the command without what `--http` adds."""

    name: str
    command: tuple[str, ...]

    def stdio(self) -> list[str]:
        """Return the command that serves stdio."""
        return [sys.executable, *self.command]

    def http(self, port: int) -> list[str]:
        """Return the command that serves streamable HTTP on a loopback port."""
        return [sys.executable, *self.command, "--http", "--port", str(port)]


def floor(agent_url: str, *, streaming: bool) -> Contestant:
    """Return the floor, which is told what the bridge reads in the card."""
    plain = () if streaming else ("--no-streaming",)
    return Contestant("floor", (str(BENCH / "floor.py"), agent_url, *plain))


def bridge(agent_url: str, state: Path) -> Contestant:
    """Return the bridge with one agent and an empty state folder."""
    return Contestant("bridge", ("-m", "a2a_mcp", "--state-dir", str(state), agent_url))


def large_bridge(config: Path, state: Path) -> Contestant:
    """Return the bridge with a configuration and a state folder filled by `large.py`."""
    options = ("--config", str(config), "--state-dir", str(state))
    return Contestant("large", ("-m", "a2a_mcp", *options))


def environment(home: Path) -> dict[str, str]:
    """Return what every process gets: an empty home, and compiled modules kept out of the tree."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    pycache = str(home / "pycache")
    return kept | {"HOME": str(home), "PYTHONPYCACHEPREFIX": pycache, "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process listens.

    Raises:
        RuntimeError: it ended, or was not listening in time.

    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise RuntimeError(f"{process.args!r} does not listen on port {port}")


@contextlib.contextmanager
def listening(command: list[str], port: int, env: Mapping[str, str]) -> Iterator[int]:
    """Run a process that listens on a port; return its process id, and ends it afterwards."""
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port, process)
            yield process.pid
        finally:
            process.kill()


@contextlib.contextmanager
def echo_agent(env: Mapping[str, str], *, streaming: bool) -> Iterator[str]:
    """Run the echo agent; return its URL."""
    port = free_port()
    command = [sys.executable, str(BENCH / "echo_agent.py"), "--port", str(port)]
    if not streaming:
        command.append("--no-streaming")
    with listening(command, port, env):
        yield f"http://127.0.0.1:{port}/"


def resident_mib(pid: int) -> float:
    """Return a process's resident memory now, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kib) / 1024


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process's living threads have used so far, in seconds."""
    nanoseconds = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it ended between the two looks
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def cpu_seconds_ever(pid: int) -> float:
    """Return the CPU seconds a process has used, ended threads too, in steps of 10 ms."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:13])) / os.sysconf("SC_CLK_TCK")
