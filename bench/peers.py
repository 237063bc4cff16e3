"""Measure other bridges between MCP and A2A beside this one: `uv run python bench/peers.py`.

Each is installed from the package index by uv, into an environment of its own in a cache folder.
What cannot be installed or started is named with the reason, and the others are measured.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from servers import (
    BENCH,
    cpu_seconds,
    cpu_seconds_ever,
    environment,
    free_port,
    listening,
    resident_mib,
)
from stdio_client import StdioHost, spawned
from table import number
from wire import LEGACY, MESSAGE, WrongAnswer, check_echo

WARM_UP: Final = 10
ROWS: Final = {
    "tools": "start to `tools/list`, ms",
    "tools cpu": "start to `tools/list`, CPU ms",
    "idle": "memory then, MiB",
    "echo": "one echo, ms",
    "echo cpu": "one echo, CPU ms",
    "loaded": "memory after the echoes, MiB",
}
Arguments = dict[str, str]


@dataclass(frozen=True)
class Peer:
    """A bridge: how it is installed, started, told of an agent and asked for an echo.

    `{url}` in a text stands for the agent's URL, `{folder}` for a folder of its own. `register` is
    a call before the first echo; `fetch` the tool that gives the answer where the send does not.
    """

    name: str
    module: str
    arguments: Arguments
    tool: str = "send_message"
    packages: tuple[str, ...] = ()
    python: str = f"{sys.version_info.major}.{sys.version_info.minor}"
    options: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    register: Arguments | None = None
    fetch: str | None = None


PEERS: Final = (
    Peer(
        "a2a-mcp",
        "a2a_mcp",
        {"message": MESSAGE},
        tool="send_task",
        options=("--state-dir", "{folder}", "{url}"),
    ),
    Peer(
        "a2anet-mcp 2.0.0",
        "a2anet_mcp",
        {"agent_id": "echo", "message": MESSAGE},
        packages=("a2anet-mcp==2.0.0", "a2a-utils<0.5", "a2a-sdk<1", "mcp<2"),
        python="3.13",
        settings={"A2A_MCP_AGENT_CARDS": '{"echo": {"url": "{url}.well-known/agent-card.json"}}'},
    ),
    Peer(
        "mcp-a2a-gateway 0.1.7",
        "mcp_a2a_gateway",
        {"agent_url": "{url}", "message": MESSAGE},
        packages=("mcp-a2a-gateway==0.1.7", "a2a-sdk<1"),
        settings={"MCP_DATA_DIR": "{folder}"},
        register={"url": "{url}"},
    ),
    Peer(
        "a2a-mcp-server 0.1.5",
        "a2a_mcp_server",
        {"agent_url": "{url}", "message": MESSAGE},
        packages=("a2a-mcp-server==0.1.5",),
        settings={"A2A_MCP_DATA_DIR": "{folder}", "MCP_TRANSPORT": "stdio"},
        register={"url": "{url}"},
        fetch="get_task_result",
    ),
)


class Unavailable(Exception):
    """A peer that cannot be measured here; the text says why."""


def note(words: str) -> None:
    """Tell a waiting person what is done."""
    print(words, file=sys.stderr, flush=True)


# --- their environments ---


def interpreter(peer: Peer, cache: Path) -> str:
    """Return the Python that has a peer installed; it is installed if it is not yet.

    Raises:
        Unavailable: it cannot be installed.

    """
    if not peer.packages:
        return sys.executable
    folder = cache / peer.name.replace(" ", "-")
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        note(f"installing {peer.name}")
        run_uv("venv", "--clear", "--python", peer.python, str(folder))
        run_uv("pip", "install", "--python", str(python), *peer.packages)
        (folder / "installed").touch()
    return str(python)


def run_uv(*arguments: str) -> None:
    """Run uv quietly.

    Raises:
        Unavailable: it failed.

    """
    try:
        subprocess.run(["uv", "--quiet", *arguments], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise Unavailable("uv is not installed") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(" ".join(error.stderr.split())[:300]) from None


# --- one turn of one bridge ---


def filled(text: str, url: str, folder: str) -> str:
    """Return a text with the agent's URL and the peer's folder put in."""
    return text.replace("{url}", url).replace("{folder}", folder)


@contextmanager
def running(
    peer: Peer, python: str, url: str, env: Mapping[str, str]
) -> Iterator[tuple[StdioHost, str]]:
    """Run a bridge over stdio with an empty folder; its own chatter is not shown."""
    with tempfile.TemporaryDirectory(dir=env["HOME"]) as folder:
        settings = {name: filled(text, url, folder) for name, text in peer.settings.items()}
        options = [filled(text, url, folder) for text in peer.options]
        command = [python, "-m", peer.module, *options]
        with spawned(command, LEGACY, {**env, **settings}, quiet=True) as host:
            yield host, folder


def turn(
    peer: Peer, python: str, url: str, env: Mapping[str, str], echoes: int
) -> dict[str, float]:
    """Start a bridge, list its tools and have some echoes; return milliseconds and MiB."""
    with running(peer, python, url, env) as (host, folder):
        host.hello()
        host.ask("tools/list", {})
        found = {"tools": host.seconds_up() * 1e3, "tools cpu": cpu_seconds_ever(host.pid) * 1e3}
        found["idle"] = resident_mib(host.pid)
        if peer.register:
            call(host, "register_agent", peer.register, url, folder)
        for _ in range(WARM_UP):
            echo(host, peer, url, folder)
        before = cpu_seconds(host.pid)
        found["echo"] = statistics.median(echo(host, peer, url, folder) for _ in range(echoes))
        found["echo cpu"] = (cpu_seconds(host.pid) - before) * 1e3 / echoes
        found["loaded"] = resident_mib(host.pid)
    return found


def echo(host: StdioHost, peer: Peer, url: str, folder: str) -> float:
    """Have one echo; return the milliseconds until its words were there.

    Raises:
        WrongAnswer: the words did not come.

    """
    answer, seconds = call(host, peer.tool, peer.arguments, url, folder)
    if peer.fetch:
        task = {"task_id": json.loads(text_of(answer))["task_id"]}
        answer, more = call(host, peer.fetch, task, url, folder)
        seconds += more
    check_echo(answer)
    return seconds * 1e3


def call(
    host: StdioHost, tool: str, arguments: Arguments, url: str, folder: str
) -> tuple[bytes, float]:
    """Call a tool; return the line of the answer, and the seconds that it took."""
    given = {name: filled(text, url, folder) for name, text in arguments.items()}
    return host.exchange("tools/call", {"name": tool, "arguments": given})


def text_of(answer: bytes) -> str:
    """Return the text of a tool's result."""
    content: list[dict[str, Any]] = json.loads(answer)["result"]["content"]
    return str(content[0]["text"])


# --- all turns of all bridges ---

Figures = dict[str, dict[str, list[float]]]
"""What each turn measured, by peer and by row."""


@contextmanager
def old_agent(env: Mapping[str, str]) -> Iterator[str]:
    """Run the agent that all of them can speak to; return its URL."""
    port = free_port()
    command = [sys.executable, str(BENCH / "old_echo_agent.py"), "--port", str(port)]
    with listening(command, port, env):
        yield f"http://127.0.0.1:{port}/"


def measured(cache: Path, home: Path, turns: int, echoes: int) -> tuple[Figures, dict[str, str]]:
    """Measure all of them in turns; return the figures, and why some were not measured."""
    ours = environment(home)
    figures: Figures = defaultdict(lambda: defaultdict(list))
    missing: dict[str, str] = {}
    with old_agent(ours) as url:
        for number_of_turn in range(-1, turns):  # the first compiles their modules
            note(f"turn {number_of_turn + 1} of {turns}")
            for peer in (peer for peer in PEERS if peer.name not in missing):
                try:
                    python = interpreter(peer, cache)
                    env = {k: v for k, v in ours.items() if k != "PYTHONPATH" or not peer.packages}
                    found = turn(peer, python, url, env, echoes)
                except (Unavailable, WrongAnswer, EOFError, TimeoutError, KeyError) as error:
                    missing[peer.name] = f"{type(error).__name__}: {error}"
                    continue
                for name, value in found.items() if number_of_turn >= 0 else ():
                    figures[peer.name][name].append(value)
    return figures, missing


def as_table(figures: Figures) -> str:
    """Return the medians as a table of Markdown, with a column for each bridge."""
    lines = ["| | " + " | ".join(figures) + " |", "|---|" + "--:|" * len(figures)]
    for row, words in ROWS.items():
        cells = [number(statistics.median(rows[row])) for rows in figures.values()]
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Install, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(os.path.expanduser(cache)) / "a2a-mcp-bench"
    parser.add_argument("--cache", type=Path, default=folder, help="where they are installed")
    parser.add_argument("--turns", type=int, default=7, help="starts of each")
    parser.add_argument("--echoes", type=int, default=50, help="echoes after each start")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="a2a-mcp-peers-"))
    try:
        figures, missing = measured(options.cache, home, options.turns, options.echoes)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(as_table(figures))
    for name, reason in missing.items():
        print(f"\n{name} was not measured. {reason}")


if __name__ == "__main__":
    main()
