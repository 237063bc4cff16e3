"""The options with which every command reads its configuration. Values only: nothing is imported.

The parsers of commands read the names, the types and the words behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """Which configuration is read, where state is kept, and how is logged."""

    config: Path | None = None
    "agents.toml ($A2A_MCP_CONFIG, else the user's)"
    strict: bool = False
    "treat a mistake in one agent as fatal"
    state_dir: Path | None = None
    "where tasks and results are kept ($A2A_MCP_STATE_DIR)"
    log_level: str | None = None
    "debug, info, warning (the default) or error ($A2A_MCP_LOG)"
    log_json: bool = False
    "write the log as JSON lines"
