"""`a2a-mcp init [URL]`: a commented agents.toml in the user's folder, with a first agent in it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from a2a_mcp.cli.options import ConfigFile, Description, Name, Url


def init(
    url: Annotated[
        Url | None, Parameter(name="URL", help="the first agent: its URL or NAME=URL")
    ] = None,
    /,
    *,
    name: Name = None,
    description: Description = None,
    config: ConfigFile = None,
) -> int:
    """Write agents.toml, with a first agent."""
    from a2a_mcp.cli.work.init import write_first

    return write_first(url, name, description, config)
