"""Records `a2a-mcp send` to the demo agent, which works, asks and answers: `scripts/recording`.

The command is typed here; all else on the terminal is what the command really writes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pexpect

IMAGES: Final = Path(__file__).resolve().parents[1] / "images"
sys.path.insert(0, str(Path(__file__).parent))

from animation import animation  # noqa: E402

WIDTH: Final = 84
HEIGHT: Final = 7
COMMAND: Final = "a2a-mcp send demo-agent 'ask 4'"
ANSWER: Final = "Oslo"
KEY_SECONDS: Final = 0.06
TITLE: Final = "A slow agent works, asks which city, is answered, and ends"


class Recording:
    """The events of a terminal, with the time since it began."""

    def __init__(self) -> None:
        self.events: list[tuple[float, str, str]] = []
        self._began = time.monotonic()
        self._saved = 0.0

    def write(self, data: str) -> None:
        """Add what the terminal shows now."""
        at = time.monotonic() - self._began - self._saved
        self.events.append((round(at, 3), "o", data))

    def flush(self) -> None:
        """Do nothing: pexpect calls it."""

    def skip(self, seconds: float) -> None:
        """Leave time out: a start on a busy machine is nothing to look at."""
        self._saved += seconds

    def typed(self, words: str) -> None:
        """Add words as a person types them."""
        for letter in words:
            time.sleep(KEY_SECONDS)
            self.write(letter)

    def cast(self) -> str:
        """Return the recording as asciicast v2."""
        head = {"version": 2, "width": WIDTH, "height": HEIGHT, "title": TITLE}
        return "\n".join(map(json.dumps, [head, *self.events])) + "\n"


@contextmanager
def _agent(environment: dict[str, str]) -> Iterator[None]:
    agent = _spawned("demo-agent", "--port", "0", env=environment)
    agent.expect(re.compile(r"http://[\d.:]+"))
    url = agent.after.rstrip("/.")
    try:
        init = [sys.executable, "-m", "a2a_mcp", "init", url]
        subprocess.run(init, env=environment, stdin=subprocess.DEVNULL, check=True)  # noqa: S603
        yield
    finally:
        agent.terminate(force=True)


def _spawned(*words: str, env: dict[str, str]) -> pexpect.spawn[str]:
    return pexpect.spawn(
        sys.executable,
        ["-m", "a2a_mcp", *words],
        env=env,
        encoding="utf-8",
        timeout=60,
        dimensions=(HEIGHT, WIDTH),
    )


def recorded(environment: dict[str, str]) -> str:
    """Return the recording of one send, as asciicast v2."""
    recording = Recording()
    recording.write("\x1b[32m$\x1b[0m ")
    recording.typed(COMMAND)
    recording.write("\r\n")
    began = time.monotonic()
    sending = _spawned("send", "demo-agent", "ask 4", env=environment)
    first = sending.read(1)
    recording.skip(max(time.monotonic() - began - 0.4, 0))
    recording.write(first)
    sending.logfile_read = recording
    sending.expect_exact("Which city? ")
    time.sleep(1.2)
    for letter in ANSWER:
        time.sleep(KEY_SECONDS * 2)
        sending.send(letter)
    sending.send("\r")
    sending.expect(pexpect.EOF)
    recording.write("\x1b[32m$\x1b[0m ")
    return recording.cast()


def main() -> None:
    """Write the recording and its animation."""
    with tempfile.TemporaryDirectory() as home:
        places = {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment = {**kept, **places, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
        with _agent(environment):
            cast = recorded(environment)
    (IMAGES / "send.cast").write_text(cast, encoding="utf-8")
    (IMAGES / "send.svg").write_text(animation(cast, TITLE), encoding="utf-8")


if __name__ == "__main__":
    main()
