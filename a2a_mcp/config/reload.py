"""Read the configuration again when its files change while the bridge runs.

It compares time stamps and calls `load`; it parses nothing itself. While a changed file cannot be
read, the old configuration stays in use.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from a2a_mcp.config.load import Config, load
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.errors import ConfigError

CHECK_SECONDS: Final = 1.0


class Reloader:
    """The current configuration, read again when its file or the file of a secret has changed.

    `config` is the last that could be read; `problem` says why a later one could not. The arguments
    are those of `load`. Raises ConfigError when the first configuration cannot be read.
    """

    def __init__(
        self,
        *,
        path: Path | None,
        urls: Sequence[str] = (),
        environ: Mapping[str, str] = os.environ,
        strict: bool = False,
        secrets: SecretRegister | None = None,
    ) -> None:
        register = SecretRegister() if secrets is None else secrets
        self.problem: str | None = None
        self._path = path
        self._load: Callable[[], Config] = lambda: load(
            path=path, urls=urls, environ=environ, strict=strict, secrets=register
        )
        self._checked = float("-inf")
        self._stamps = {path: _stamp(path)} if path else {}
        self._existed = False
        self.config = self._read()

    def reload_if_changed(self, now: float) -> Config | None:
        """Return the new configuration if there is one; files are checked once a second at most.

        `now` is in monotonic seconds.
        """
        if now - self._checked < CHECK_SECONDS:
            return None
        self._checked = now
        stamps = {path: _stamp(path) for path in self._stamps}
        if stamps == self._stamps:
            return None
        self._stamps = stamps
        try:
            self.config = self._read()
        except ConfigError as error:
            self.problem = "; ".join(error.faults)
            return None
        self.problem = None
        return self.config

    def _read(self) -> Config:
        # Stamps are taken before the files are read, so that no change in between is missed.
        exists = self._path is not None and self._stamps[self._path] is not None
        if self._existed and not exists:
            raise ConfigError([f"{self._path}: is gone"])
        config = self._load()
        self._existed = exists
        stamps = self._stamps
        self._stamps = {f: stamps[f] if f in stamps else _stamp(f) for f in config.files}
        return config


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
