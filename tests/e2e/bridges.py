"""Bridge processes: each has a folder of its own for its configuration and its state."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import anyio
import httpx
from anyio.abc import Process
from canaries import note_table
from mcp import StdioServerParameters
from real_agents.noting import tell

START_SECONDS: Final = 60
END_SECONDS: Final = 30
"""A bridge that has begun to end is at its end by then; a call that is open would take 45."""

LOOK_SECONDS: Final = 0.05
PATIENT: Final = f"""
from a2a_mcp.server.transports import signals
signals.GRACE_SECONDS = {END_SECONDS}
"""
"""Begins a script that runs the bridge: a signal gives it as long as the test does.

After the usual time the signal would end it by force, on a busy machine in the middle of its work.
"""

T = TypeVar("T")
Table = Mapping[str, Any]


@dataclass(frozen=True)
class Home:
    """A folder that holds agents.toml and the state of one bridge, or of several."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "agents.toml"

    @property
    def stderr(self) -> Path:
        """What the bridges of this home have said for a person."""
        return self.folder / "stderr.txt"

    def configure(self, agents: Mapping[str, str | Table], **server: Any) -> "Home":
        """Write agents.toml: a URL or a table by name, and the settings of [server]."""
        tables = {
            f"agents.{json.dumps(name)}": {"url": agent} if isinstance(agent, str) else agent
            for name, agent in agents.items()
        }
        if server:
            tables["server"] = server
        text = "".join(
            f"[{name}]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
            for name, table in tables.items()
        )
        note_table(tables)
        fresh = self.config.with_suffix(".fresh")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.config)
        return self

    def command(self, *options: str) -> list[str]:
        places = ["--config", str(self.config), "--state-dir", str(self.folder)]
        return [*self.program(), *places, *options]

    def program(self) -> list[str]:
        """Return the words that run a bridge, before its options."""
        return [sys.executable, "-m", "a2a_mcp"]

    def environment(self) -> dict[str, str]:
        """Return this process's own environment, without what could name agents or folders."""
        return {name: value for name, value in os.environ.items() if not name.startswith("A2A_")}

    def stdio(self) -> StdioServerParameters:
        """Return what the SDK's client needs to start the bridge."""
        command, *arguments = self.command()
        return StdioServerParameters(command=command, args=arguments, env=self.environment())

    @asynccontextmanager
    async def started(self, *options: str) -> AsyncIterator[Process]:
        """Start the bridge with pipes; it always ends with the block."""
        with self.stderr.open("ab") as stderr:
            process = await anyio.open_process(
                self.command(*options), stderr=stderr, env=self.environment()
            )
        try:
            yield process
        finally:
            with anyio.CancelScope(shield=True):
                if process.returncode is None:
                    process.kill()
                await process.aclose()

    @asynccontextmanager
    async def serving(self, *options: str, port: int = 0) -> AsyncIterator["Served"]:
        """Start the bridge with --http, on a free port if none is given; it accepts connections."""
        port = port or free_port()
        async with self.started("--http", "--port", str(port), *options) as process:
            served = Served(f"http://127.0.0.1:{port}", process)
            async with httpx.AsyncClient() as client:
                await until(lambda: served.accepts(client), START_SECONDS)
            yield served


class PatientHome(Home):
    """A home whose bridges no signal ends by force."""

    def program(self) -> list[str]:
        main = "from a2a_mcp.cli.main import main\nmain()"
        return [sys.executable, "-c", PATIENT + main]


@dataclass(frozen=True)
class Served:
    """A bridge that serves HTTP."""

    origin: str
    process: Process

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    async def accepts(self, client: httpx.AsyncClient) -> bool:
        assert self.process.returncode is None, "the bridge has ended"
        try:
            return (await client.get(f"{self.origin}/healthz")).status_code == 200
        except httpx.TransportError:
            return False


def toml(value: Any) -> str:
    """Write a value as TOML: it differs from JSON in its tables."""
    if isinstance(value, Mapping):
        members = (f"{json.dumps(name)} = {toml(item)}" for name, item in value.items())
        return "{ " + ", ".join(members) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def until(probe: Callable[[], Awaitable[T]], seconds: float = 60) -> T:
    """Ask until the answer is true, and return it. Raises TimeoutError after `seconds`."""
    with anyio.fail_after(seconds):
        while not (found := await probe()):  # noqa: ASYNC110 - it happens in other processes
            await anyio.sleep(LOOK_SECONDS)
        return found


def ran(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=START_SECONDS, check=False, **options
    )
    tell("a command printed", done.stdout + done.stderr)
    return done
