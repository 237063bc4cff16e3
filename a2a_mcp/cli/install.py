"""`a2a-mcp install` and `uninstall`: put the bridge into a host's settings, or take it out.

Without a host, it lists those it knows and those it finds on this machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from a2a_mcp.cli.exit_codes import DONE, USAGE_ERROR
from a2a_mcp.cli.hosts import installation
from a2a_mcp.cli.hosts.documents import Entry
from a2a_mcp.cli.hosts.table import HOSTS, Host, Served, Start
from a2a_mcp.cli.startup import refuse_mistyped
from a2a_mcp.config.places import config_path
from a2a_mcp.errors import ConfigError

NAME: Final = "a2a"
NO_AGENT: Final = (
    "a2a-mcp: no agent is configured yet, so {title} gets tools without agents. Give a URL behind "
    "the host, or: a2a-mcp init URL"
)
NOTHING_WRITTEN: Final = (
    "Nothing was written. Without --dry-run this change is made, and the old file kept beside it."
)
OTHER: Final = "cursor"
"""The host whose entry most other hosts take as it is."""


def install(arguments: list[str]) -> int:
    """Add the bridge to a host; return the exit code. Raises ConfigError, OSError."""
    options = _install_parser().parse_intermixed_args(arguments)
    if options.host is None:
        return _list_hosts()
    if options.host not in HOSTS:
        return _show_snippet(options)
    host = HOSTS[options.host]
    file = options.file or installation.place(host)
    entry = _entry(host, options)  # a mistake in the words comes before one in the file
    before = installation.entry_in(host, options.name, file) or {}
    if not options.urls and not options.http:
        options.urls = _agents_of(before)
        entry = _entry(host, options)
    change = installation.added(host, options.name, entry, file)
    _write(change, dry_run=options.dry_run, done=f"{host.title} now has {options.name!r}: {file}")
    _say_what_was_there(before, options)
    _say_next(host, options)
    return DONE


def _agents_of(entry: Entry) -> list[str]:
    """Return the agents that an entry starts the bridge with."""
    words = entry.get("args") or ()
    return [str(word) for word in words if "://" in str(word)]


def _say_what_was_there(before: Entry, options: argparse.Namespace) -> None:
    """Say which agents of an earlier entry stay, or are no longer there."""
    old, new = _agents_of(before), options.urls
    if old and old == new:
        print(f"With the agents that it had: {' '.join(old)}")
    elif old:
        print(f"In the place of: {' '.join(old)}")


def uninstall(arguments: list[str]) -> int:
    """Take the bridge out of a host; return the exit code. Raises ConfigError, OSError."""
    parser = argparse.ArgumentParser(prog="a2a-mcp uninstall")
    _add_common(parser)
    options = parser.parse_args(arguments)
    host = HOSTS.get(options.host)
    if host is None:
        raise ConfigError([_unknown(options.host)])
    file = options.file or installation.place(host)
    change = installation.removed(host, options.name, file)
    if not change.is_one:
        print(f"{host.title} has no {options.name!r} in {file}")
        return DONE
    _write(change, dry_run=options.dry_run, done=f"{options.name!r} is no longer in {file}")
    return DONE


def _install_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="a2a-mcp install")
    _add_common(parser, host="?")
    add = parser.add_argument
    add("urls", nargs="*", metavar="URL", help="an agent's URL or its card's, or NAME=URL")
    add("--config", type=Path, help="the agents.toml that the host's bridge reads")
    add("--env", action="append", default=[], metavar="NAME=VALUE", help="a variable for it")
    add("--http", metavar="URL", help="use the bridge that listens there instead of starting one")
    add("--header", action="append", default=[], metavar="NAME=VALUE", help="with --http")
    return parser


def _add_common(parser: argparse.ArgumentParser, host: str | None = None) -> None:
    add = parser.add_argument
    add("host", nargs=host, metavar="HOST", help=", ".join(HOSTS))
    add("--name", default=NAME, help="the name of the entry (%(default)s)")
    add("--file", type=Path, help="the host's file, where it is not in its usual place")
    add("--dry-run", action="store_true", help="show the change and write nothing")


def _entry(host: Host, options: argparse.Namespace) -> Entry:
    if options.http is None:
        return host.started(_start(options))
    if host.served is None:
        raise ConfigError([f"{host.title} starts commands only: leave out --http"])
    return host.served(Served(options.http, _pairs("--header", options.header)))


def _start(options: argparse.Namespace) -> Start:
    refuse_mistyped(options.urls)
    command, leading = installation.command()
    config = config_path(options.config) if options.config else None
    named = ["--config", str(config)] if config else []
    return Start(command, [*leading, *named, *options.urls], _pairs("--env", options.env))


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise ConfigError([f"{option}: must be NAME=VALUE"])
        pairs[name] = value
    return pairs


def _write(change: installation.Change, *, dry_run: bool, done: str) -> None:
    if dry_run:
        print(change.shown() or f"{change.file} stays as it is\n", end="", flush=True)
        print(NOTHING_WRITTEN, file=sys.stderr)
        return
    kept = change.write() if change.is_one else None
    print(done)
    if kept:
        print(f"The file as it was: {kept}")


def _say_next(host: Host, options: argparse.Namespace) -> None:
    """Say what the person must do now, and what the bridge would miss in the host."""
    if not options.dry_run:
        print(host.after.format(title=host.title))
    config = config_path(options.config)
    if options.http or config is None:
        return
    if not options.urls and not _has_agents(config) and not options.env:
        print(NO_AGENT.format(title=host.title), file=sys.stderr)
    for name in installation.unpassed(host, config, _pairs("--env", options.env)):
        print(
            f"a2a-mcp: {host.title} does not pass ${name} of your shell to the bridge: add "
            f"--env {name}=VALUE, or write {{ file = … }} in {config}",
            file=sys.stderr,
        )


def _has_agents(config: Path) -> bool:
    """Return whether a configuration names an agent; one that cannot be read may."""
    try:
        tables = tomllib.loads(config.read_text(encoding="utf-8-sig")) if config.is_file() else {}
    except (OSError, ValueError):
        return True
    return bool(tables.get("agents"))


def _list_hosts() -> int:
    here = installation.hosts_here()
    for key, host in HOSTS.items():
        file = installation.place(host)
        print(f"{key:16}{host.title:16}{_state(host, file, found=key in here)}")
    print("\nAdd the bridge to one: a2a-mcp install HOST https://agent.example")
    return DONE


def _state(host: Host, file: Path, *, found: bool) -> str:
    if not found:
        return "not found"
    try:
        entry = installation.entry_in(host, NAME, file)
    except (ConfigError, OSError) as error:
        return f"found, but {error}"
    return f"has the bridge, in {file}" if entry else f"found: {file.parent}"


def _show_snippet(options: argparse.Namespace) -> int:
    """Print what an unknown host may take; the exit code says that nothing was done."""
    if any("://" not in url for url in options.urls):
        raise ConfigError([_unknown(options.host)])
    print(f"{_unknown(options.host)}. Most others take an entry like this:", file=sys.stderr)
    print(json.dumps({"mcpServers": {options.name: _entry(HOSTS[OTHER], options)}}, indent=2))
    return USAGE_ERROR


def _unknown(name: str) -> str:
    return f"a2a-mcp: {name!r} is not a host that it can write to: {', '.join(HOSTS)}"
