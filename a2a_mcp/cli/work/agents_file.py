"""Change `agents.toml` as a person would: comments and order stay, and the old file is kept.

Each function returns the change that it would make; nothing is written here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from a2a_mcp.cli.hosts.installation import Change
from a2a_mcp.config.builder import ConfigBuilder
from a2a_mcp.config.places import config_path
from a2a_mcp.config.secrets import SecretRegister, ValidationContext
from a2a_mcp.errors import ConfigError

HEADER: Final = """\
# The agents that a2a-mcp may call. A change is noticed within a second.
# One table an agent: [agents.NAME] with its url. A secret stands in a variable or a file:
# auth = { type = "bearer", token = { env = "NAME_TOKEN" } }
"""


def place(config: Path | None) -> Path:
    """Return the file to change, there or not; raises ConfigError."""
    found = config_path(config)
    if found is None:
        raise ConfigError(["there is no home folder: name the file with --config"])
    return found


def added(file: Path, name: str, table: Mapping[str, Any], remarks: tuple[str, ...]) -> Change:
    """Return the change that adds an agent, with remarks as comments in its table.

    Raises ConfigError where the name is taken or a value is not right.
    """
    before = text_of(file)
    document = _parsed(file, before or HEADER)
    agents = _agents(document)
    if taken := _found(agents, name):
        raise ConfigError([f"{file}: there is an agent named {taken!r} already; choose --name"])
    _check(file, name, table)
    entry = tomlkit.table()
    entry.update(table)
    for remark in remarks:
        entry.add(tomlkit.comment(remark))
    agents[name] = entry
    document["agents"] = agents
    return Change(file, before, tomlkit.dumps(document))


def removed(file: Path, name: str) -> Change:
    """Return the change that removes an agent, also where it is the default; raises ConfigError."""
    before = text_of(file)
    document = _parsed(file, before)
    known = known_name(file, document, name)
    _agents(document).remove(known)
    if str(document.get("default_agent", "")).casefold() == known.casefold():
        document.remove("default_agent")
    return Change(file, before, tomlkit.dumps(document))


def with_value(file: Path, name: str, key: str, value: Any) -> Change:
    """Return the change that sets one key of an agent; None removes it. Raises ConfigError."""
    before = text_of(file)
    document = _parsed(file, before)
    table = _agents(document)[known_name(file, document, name)]
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
    return Change(file, before, tomlkit.dumps(document))


def known_name(file: Path, document: Any, name: str) -> str:
    """Return an agent's name as the file spells it; raises ConfigError where it is not there."""
    agents = _agents(document)
    known = _found(agents, name)
    if known is None:
        there = ", ".join(agents) or "none"
        raise ConfigError([f"{file}: there is no agent {name!r}; there are: {there}"])
    return known


def _found(agents: Any, name: str) -> str | None:
    return next((str(each) for each in agents if each.casefold() == name.casefold()), None)


def _agents(document: Any) -> Any:
    agents = document.get("agents")
    return tomlkit.table(is_super_table=True) if agents is None else agents


def _check(file: Path, name: str, table: Mapping[str, Any]) -> None:
    """Raise ConfigError for a value that is not right; a variable may be set later."""
    checked = {key: value for key, value in table.items() if key != "auth"}
    builder = ConfigBuilder(ValidationContext(file.parent, os.environ, SecretRegister()))
    builder.add_table(name, checked, file)
    if builder.faults:
        raise ConfigError(builder.strict_errors)


def text_of(file: Path) -> str:
    """Return what a file holds, nothing where there is none; raises ConfigError."""
    try:
        return file.read_bytes().decode("utf-8-sig") if file.exists() else ""
    except UnicodeDecodeError:
        raise ConfigError([f"{file}: is not UTF-8 text"]) from None


def _parsed(file: Path, text: str) -> Any:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ConfigError([f"{file}: is not TOML: {error}"]) from None
