"""Real A2A servers for the tests: one process each, on a2a-sdk and on other frameworks.

This module, `venvs`, `node` and `npm` belong to the tests; the others run in the agents' own
environments. `words` says what the agents understand.
"""

import json
import subprocess
import tempfile
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self
from urllib.parse import urlsplit

from real_agents.node import node
from real_agents.npm import packages
from real_agents.venvs import python_of

KINDS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "1.3-jsonrpc": ("1.3", "sdk_1_3.py", ("--binding", "jsonrpc")),
    "1.3-rest": ("1.3", "sdk_1_3.py", ("--binding", "rest")),
    "1.3-compat-jsonrpc": ("1.3", "sdk_1_3.py", ("--binding", "jsonrpc", "--compat")),
    "1.3-compat-rest": ("1.3", "sdk_1_3.py", ("--binding", "rest", "--compat")),
    "0.3-jsonrpc": ("0.3", "sdk_0_3.py", ("--binding", "jsonrpc")),
    "0.3-rest": ("0.3", "sdk_0_3.py", ("--binding", "rest")),
    "0.2-jsonrpc": ("0.2", "sdk_0_2.py", ()),
}
"""Kind of agent: generation of a2a-sdk, server script, its arguments."""

ALL_KINDS: Final = tuple(KINDS)

GRPC: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "1.3-grpc": ("1.3", "grpc_1_3.py", ()),
    "0.3-grpc": ("0.3", "grpc_0_3.py", ()),
}
"""The same over gRPC, at a port of its own that the card names; 1.3 speaks 0.3 there too."""

WILD: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "python-a2a": ("python-a2a", "wild_python_a2a.py", ()),
    "praisonai": ("praisonai", "wild_praisonai.py", ()),
    "fasta2a": ("fasta2a", "wild_fasta2a.py", ()),
    "fasta2a-0.6": ("fasta2a-0.6", "wild_fasta2a.py", ("--old",)),
}
"""The same for other frameworks, each with its own reading of A2A. Their scripts say what they
cannot do: their only option is `--port`."""

WILD_KINDS: Final = tuple(WILD)

JAVASCRIPT: Final[dict[str, tuple[str, str]]] = {
    "js-0.2": ("js_0.mjs", "0.2"),
    "js-0.3": ("js_0.mjs", "0.3"),
    "js-1.3": ("js_1.mjs", "1.3"),
}
"""The same for generations of @a2a-js/sdk: script and generation. Each process has several agents,
under paths that its script lists; their only option is `--port`."""

OIDC: Final = "oidc"
"""No agent: the authorization server whose tokens agents with `--issuer` take."""

START_SECONDS: Final = 60
STOP_SECONDS: Final = 20


class AgentFailed(RuntimeError):
    """An agent's process did not start; the text holds what it printed."""


@dataclass(frozen=True)
class Agent:
    """A running agent. Leaving its block, or the end of the test process, ends it."""

    kind: str
    url: str
    """Where a user would say the agent is, without a trailing slash."""
    _process: subprocess.Popen[str]
    _stderr: IO[str]

    @property
    def port(self) -> int:
        """The port it listens on, for another one in its place: `--port`."""
        return urlsplit(self.url).port or 0

    @property
    def is_running(self) -> bool:
        """Return whether its process lives."""
        return self._process.poll() is None

    def log(self) -> list[dict[str, Any]]:
        """Return the executions in order: message_id, task_id, context_id, text."""
        return self._shown("log")

    def cancels(self) -> list[dict[str, Any]]:
        """Return the requests to cancel in order: task_id, metadata."""
        return self._shown("cancels")

    def requests(self) -> list[dict[str, Any]]:
        """Return every request to the agent in order: method, path, headers (lower case), at (Unix
        seconds), and for JSON-RPC as `rpc` the method that is called.
        """
        return self._shown("requests")

    def stderr(self) -> str:
        """Return what the process has printed for a person."""
        self._stderr.seek(0)
        return self._stderr.read()

    def stop(self) -> None:
        """End the process in an orderly way: open streams are cut after a second."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process at once, as a crash would. Doing so again does nothing."""
        self._process.kill()
        self._process.wait(STOP_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def _shown(self, what: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{what}", timeout=20) as answer:
            entries: list[dict[str, Any]] = json.load(answer)
        return entries


def start_agent(kind: str, *options: str) -> Agent:
    """Start an agent and return it once it accepts requests.

    Options of every kind: `--port N`, on a2a-sdk `--no-streaming`, from 0.3 on `--says V` (a card
    that declares that version, whatever is spoken), `--token T` (401 without this bearer token; the
    card is public) and `--extended shown` (an extended card with a second skill) or `--extended
    missing` (a card that announces one, which is not there). Of 1.3 also `--issuer URL` (401
    without a token of that server, which the card names) and `--path /x` (agent and card live under
    it). Those over gRPC have `--grpc-port N`.

    Raises:
        KeyError: there is no such kind.
        AgentFailed: it is not ready within START_SECONDS.
        VenvFailed, NodeMissing, NpmFailed: its environment cannot be made.

    """
    command = [*_command(kind), *options]
    stderr = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (the agent's to close)
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
    )
    ready = _first_line(process)
    agent = Agent(kind, json.loads(ready)["url"] if ready else "", process, stderr)
    if not ready:
        said = agent.stderr()
        agent.kill()
        raise AgentFailed(f"{kind} {' '.join(options)}: {said or 'not ready in time'}")
    return agent


def _command(kind: str) -> list[str]:
    if kind == OIDC:
        return [node(), str(Path(__file__).with_name("oidc.mjs")), str(packages("oidc"))]
    if kind in JAVASCRIPT:
        script, generation = JAVASCRIPT[kind]
        server = Path(__file__).with_name(script)
        return [node(), str(server), str(packages("javascript")), generation]
    generation, script, arguments = (KINDS | GRPC | WILD)[kind]
    server = Path(__file__).with_name(script)
    return [str(python_of(generation)), str(server), *arguments]


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    # A pipe cannot be read with a deadline everywhere; the end of the process ends the wait.
    alarm = threading.Timer(START_SECONDS, process.kill)
    alarm.start()
    try:
        return process.stdout.readline()
    finally:
        alarm.cancel()


class Agents:
    """Agents shared by everybody who asks for the same kind and options."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, ...], Agent] = {}

    def __call__(self, kind: str, *options: str) -> Agent:
        """Return the agent, started on first use or when it has died. Raises as `start_agent`."""
        agent = self._running.get((kind, *options))
        if agent is None or not agent.is_running:
            if agent:
                agent.kill()
            agent = self._running[kind, *options] = start_agent(kind, *options)
        return agent

    def end(self) -> None:
        """End them all."""
        for agent in self._running.values():
            agent.kill()
