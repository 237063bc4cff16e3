"""What the commands that read a configuration share: the start.

Arguments are checked, the configuration is read once, and the log is set up. Nothing is served or
contacted here.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from a2a_mcp.cli.commands import COMMANDS
from a2a_mcp.cli.start_options import Options
from a2a_mcp.config import load
from a2a_mcp.config.places import config_path
from a2a_mcp.config.reload import Reloader
from a2a_mcp.errors import ConfigError
from a2a_mcp.telemetry.logs import configure

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """The configuration of this run, and where its state is kept."""

    reloader: Reloader
    state_folder: Path

    @property
    def config(self) -> load.Config:
        """The configuration as it was read."""
        return self.reloader.config


def start(options: Options, urls: Sequence[str] = (), *, quiet: bool = False) -> Started:
    """Read the configuration and set up the log; raises ConfigError.

    This runs before an MCP server is made, because the SDK sets up a log where there is none.
    `quiet` leaves out the warnings about the configuration.
    """
    refuse_mistyped(urls)
    path = config_path(options.config)
    reloader = Reloader(path=path, urls=urls, strict=options.strict)
    config = reloader.config
    level = load.log_level(options.log_level)
    configure(level, options.log_json, redact=config.secrets.mask)
    if not quiet:
        _warn(config)
    state_folder = load.state_folder(options.state_dir, config, os.environ)
    return Started(reloader, state_folder)


def _warn(config: load.Config) -> None:
    for note in config.notes:
        log.warning("%s", note)
    for name, reason in config.faults.items():
        log.warning("agent %s is disabled: %s", name, reason)


def refuse_mistyped(words: Iterable[str]) -> None:
    """Raise ConfigError for the first word that is not a URL; the error says what may be meant."""
    for word in words:
        mistake = _mistake(word)
        if mistake:
            raise ConfigError([f"a2a-mcp: {mistake}"])


def refuse_what_is_no_url(words: Iterable[str], otherwise: str) -> None:
    """Raise ConfigError for the first word that is not a URL or NAME=URL; `otherwise` ends it."""
    for word in words:
        if "://" not in word:
            mistake = _missing_scheme(word) or f"{word!r} {otherwise}"
            raise ConfigError([f"a2a-mcp: {mistake}"])


def _mistake(word: str) -> str | None:
    """Return what is wrong with an argument that should be a URL or NAME=URL."""
    if word in COMMANDS:
        return f"the command {word} comes first: a2a-mcp {word} …"
    similar = get_close_matches(word, COMMANDS, n=1, cutoff=0.7)
    if similar:
        return f"there is no command {word!r}; did you mean {similar[0]}?"
    if "://" in word:
        return None
    return _missing_scheme(word) or f"{word!r} is neither a URL nor a command; see a2a-mcp --help"


def _missing_scheme(word: str) -> str | None:
    """Return a suggestion for what looks like a URL without `http://` or `https://`."""
    name, equals, address = word.rpartition("=")
    if address == "localhost" or ":" in address:
        scheme = "http"
    elif "." in address:
        scheme = "https"
    else:
        return None
    return f"{word!r} is no URL; did you mean {name}{equals}{scheme}://{address}?"
