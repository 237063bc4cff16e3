"""Logging to stderr: one line per record, without secrets, URL queries or terminal controls.

stdout belongs to the protocol. Call `configure` before an `MCPServer` is made: the SDK calls
`logging.basicConfig`, which does nothing if the root logger already has a handler.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from typing import Final, TextIO

from a2a_mcp.telemetry.calls import current_call
from a2a_mcp.text.untrusted import scrub

PACKAGE: Final = "a2a_mcp"

# httpx logs every URL at INFO, and a user or query in a URL may hold a credential.
_PRIVATE: Final = re.compile(r"(https?://)(?:[^\s/?#@\"'<>]*@)?([^\s?#\"'<>]*)(?:[?#][^\s\"'<>]*)?")
_ONE_LINE: Final = str.maketrans({"\n": r"\n", "\u2028": r"\u2028", "\u2029": r"\u2029"})


def configure(
    level: str,
    json_lines: bool = False,
    stream: TextIO | None = None,
    redact: Callable[[str], str] = str,
) -> None:
    """Write this package's records from `level` up, and others' from WARNING up, to `stream`.

    `level` is a name such as `info`; `stream` is stderr if None. `redact` is called for each record
    and returns it with the secrets known at that time masked.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(redact, json_lines=json_lines))
    handler.addFilter(_wanted)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(PACKAGE).setLevel(level.upper())


def _wanted(record: logging.LogRecord) -> bool:
    # A library may set its own logger to DEBUG, so the handler filters too.
    of_package = record.name == PACKAGE or record.name.startswith(f"{PACKAGE}.")
    return of_package or record.levelno >= logging.WARNING


class LineFormatter(logging.Formatter):
    """Formats a record with its traceback as one line of text or JSON, with secrets masked.

    A line ends with the id of the call in which it was written. As JSON, the id and what the record
    has as `facts` come as members of their own: numbers, and names that are ours.
    """

    def __init__(self, redact: Callable[[str], str], *, json_lines: bool) -> None:
        super().__init__()
        self._redact = redact
        self._json_lines = json_lines

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line break at its end."""
        message = self._clean(super().format(record))
        if not self._json_lines:
            time = self.formatTime(record, "%H:%M:%S")
            return f"{time} {record.levelname.lower()} {record.name}: {message}{_of_call()}"
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        return json.dumps(line | self._facts(record))

    def _facts(self, record: logging.LogRecord) -> dict[str, str | int]:
        facts: dict[str, str | int] = getattr(record, "facts", {})
        call = current_call()
        known = facts | {"call": call} if call else facts
        return {
            name: self._clean(value) if isinstance(value, str) else value
            for name, value in known.items()
        }

    def _clean(self, text: str) -> str:
        hidden = _PRIVATE.sub(r"\1\2", self._redact(text))
        return scrub(hidden).translate(_ONE_LINE)


def _of_call() -> str:
    call = current_call()
    return f" (call {call})" if call else ""
