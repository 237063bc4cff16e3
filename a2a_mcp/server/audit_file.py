"""The file of the audit, which may be moved away at any time, or /dev/stderr."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from pathlib import Path


class AuditFile(WatchedFileHandler):
    """The standard library's handler, which opens the file again where it has been moved."""

    def __init__(self, path: Path, lose: Callable[[], None]) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self._lose = lose

    def add(self, line: Mapping[str, object]) -> None:
        """Write a line; `lose` is called where it cannot be written."""
        record = logging.LogRecord("audit", logging.INFO, "", 0, json.dumps(line), (), None)
        try:
            self.emit(record)
        except OSError:  # of opening the file
            self._lose()

    def end(self) -> None:
        """Close the file; what a full disk did not take is lost."""
        with suppress(OSError):
            self.close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's
        """Count a line that could not be written."""
        self._lose()
