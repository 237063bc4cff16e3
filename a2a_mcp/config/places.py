"""Where the configuration and the state are, there or not. Nothing is read here.

It imports no schema, so that a shell's completion finds the file at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from a2a_mcp.errors import ConfigError

APP: Final = "a2a-mcp"


def config_path(path: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file to read: `path`, else `$A2A_MCP_CONFIG`, else the platform's, there or not.

    None when there is no home folder. Raises ConfigError when a named file does not exist.
    """
    for given, origin in ((path, "--config"), (environ.get("A2A_MCP_CONFIG"), "$A2A_MCP_CONFIG")):
        if given:
            named = Path(os.path.expanduser(given)).absolute()
            if not named.exists():
                raise ConfigError([f"{named}: {origin}: there is no such file"])
            return named
    folder = user_folder("config")
    return folder / "agents.toml" if folder else None


def user_folder(kind: str) -> Path | None:
    """Return the user's folder for `config` or `state` here; None without a home folder."""
    import platformdirs  # imported only here: it takes 15 ms of the start

    find = platformdirs.user_config_path if kind == "config" else platformdirs.user_state_path
    folder = find(APP, appauthor=False)
    return folder if folder.is_absolute() else None  # "~" stays as it is without a home
