"""A changed configuration, noticed while the bridge runs.

It looks at the time stamps of the files and reads them again with `load`; it parses nothing itself.
A file that cannot be read leaves the configuration as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from a2a_mcp.config.load import Config, load
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.errors import ConfigError

LOOK_SECONDS: Final = 1.0


class Reloader:
    """The configuration as it stands, read anew when its file or a secret's file has changed.

    `config` is the latest that could be read; `problem` says why a later one could not. Raises
    ConfigError when there is none to begin with. Arguments are those of `load`.
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
        self._looked = float("-inf")
        self._stamps = {path: _stamp(path)} if path else {}
        self._was_there = False
        self.config = self._read()

    def reload_if_changed(self, now: float) -> Config | None:
        """Give the new configuration if there is one; looks once a second at most.

        `now` is monotonic, in seconds.
        """
        if now - self._looked < LOOK_SECONDS:
            return None
        self._looked = now
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
        is_there = self._path is not None and self._stamps[self._path] is not None
        if self._was_there and not is_there:
            raise ConfigError([f"{self._path}: is gone"])
        config = self._load()
        self._was_there = is_there
        stamps = self._stamps
        self._stamps = {f: stamps[f] if f in stamps else _stamp(f) for f in config.files}
        return config


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
