"""Write a new agents.toml, with an agent or with an example of one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.hosts.installation import Change
from a2a_mcp.cli.work import add, agents_file
from a2a_mcp.errors import ConfigError

EXAMPLE: Final = """
# [agents.weather]
# url = "https://agent.example"
# description = "Tells the weather"  # your words for the model
"""


def write_first(
    url: str | None, name: str | None, description: str | None, config: Path | None
) -> int:
    """Write agents.toml; return the exit code. Raises ConfigError, A2AError."""
    file = config or agents_file.place(None)
    if agents_file.text_of(file):
        add_it = f"a2a-mcp agents add {url or 'URL'}"
        raise ConfigError([f"{file}: is there already; add to it with {add_it}"])
    if url is None:
        return _write_example(file)
    return add.report(add.add(file, url, name, description))


def _write_example(file: Path) -> int:
    Change(file, "", agents_file.HEADER + EXAMPLE).write()
    print(f"Wrote {file}")
    print("Add an agent: a2a-mcp agents add URL")
    return DONE
