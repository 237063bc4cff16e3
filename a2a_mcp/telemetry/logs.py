"""Logging to stderr: one line a record, no secret, no URL's query, nothing that steers a terminal.

stdout belongs to the protocol. Configure this before an `MCPServer` is made: the SDK calls
`logging.basicConfig`, which does nothing where the root logger has a handler already.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from typing import Final, TextIO

from a2a_mcp.text.untrusted import scrub

OURS: Final = "a2a_mcp"

# httpx logs every URL at INFO; a query may hold a key (threats C2).
_PRIVATE: Final = re.compile(r"(https?://)(?:[^\s/?#@\"'<>]*@)?([^\s?#\"'<>]*)(?:[?#][^\s\"'<>]*)?")
_ONE_LINE: Final = str.maketrans({"\n": r"\n", "\u2028": r"\u2028", "\u2029": r"\u2029"})


def configure(
    level: str,
    json_lines: bool = False,
    stream: TextIO | None = None,
    redact: Callable[[str], str] = str,
) -> None:
    """Send records to `stream` (stderr if None): ours from `level` up, others' from WARNING up.

    `level` is a name such as `info`, as `config.log_level` gives it. `redact` hides the secrets
    known at the time of the record: `SecretRegister.mask`.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(redact, json_lines=json_lines))
    handler.addFilter(_wanted)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level.upper())


def _wanted(record: logging.LogRecord) -> bool:
    # A library may set its own loggers to DEBUG; the handler has the last word.
    ours = record.name == OURS or record.name.startswith(f"{OURS}.")
    return ours or record.levelno >= logging.WARNING


class LineFormatter(logging.Formatter):
    """A record as one line of text, or of JSON, with secrets hidden, tracebacks included."""

    def __init__(self, redact: Callable[[str], str], *, json_lines: bool) -> None:
        super().__init__()
        self._redact = redact
        self._json_lines = json_lines

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, without its end."""
        message = self._clean(super().format(record))
        if not self._json_lines:
            time = self.formatTime(record, "%H:%M:%S")
            return f"{time} {record.levelname.lower()} {record.name}: {message}"
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        return json.dumps(line)

    def _clean(self, text: str) -> str:
        hidden = _PRIVATE.sub(r"\1\2", self._redact(text))
        return scrub(hidden).translate(_ONE_LINE)
