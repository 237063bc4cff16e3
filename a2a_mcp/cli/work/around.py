"""What stands around the agents on this machine: versions, the state folder, hosts."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from a2a_mcp import __version__
from a2a_mcp.a2a.model import JSON
from a2a_mcp.cli.hosts import installation
from a2a_mcp.cli.hosts.table import HOSTS
from a2a_mcp.errors import ConfigError

COMMAND: Final = "a2a-mcp"


@dataclass(frozen=True, slots=True)
class Around:
    """What is around; `hosts` are those found here, with the state of the bridge in each."""

    state_folder: Path
    hosts: dict[str, str]

    def lines(self) -> list[str]:
        """Return it for a person."""
        hosts = ", ".join(f"{HOSTS[key].title} ({words})" for key, words in self.hosts.items())
        writable = "" if _is_writable(self.state_folder) else " (cannot be written to)"
        return [
            f"Hosts here: {hosts or 'none found (a2a-mcp install lists those that it knows)'}",
            f"State folder: {self.state_folder}{writable}",
            f"Versions: a2a-mcp {__version__}, Python {platform.python_version()}",
        ]

    def structured(self) -> dict[str, JSON]:
        """Return it for a script."""
        return {
            "hosts": dict(self.hosts),
            "state_folder": str(self.state_folder),
            "versions": {"a2a-mcp": __version__, "python": platform.python_version()},
        }


def look_around(state_folder: Path) -> Around:
    """Return what is around on this machine; nothing is written."""
    return Around(state_folder, {key: _bridge_in(key) for key in installation.hosts_here()})


def _bridge_in(key: str) -> str:
    """Say whether a host has an entry that starts the bridge."""
    host = HOSTS[key]
    try:
        entries = installation.entries_in(host, installation.place(host))
    except (ConfigError, OSError):
        return "its file cannot be read"
    if any(COMMAND in str(entry) or "a2a_mcp" in str(entry) for entry in entries.values()):
        return "has the bridge"
    return f"without the bridge: a2a-mcp install {key}"


def _is_writable(folder: Path) -> bool:
    """Return whether a folder can be written to, or made."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    return os.access(there, os.W_OK)
