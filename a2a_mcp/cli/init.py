"""`a2a-mcp init [URL]`: a commented agents.toml in the user's folder, with a first agent in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from a2a_mcp.cli import adding, agents_file
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.hosts.installation import Change
from a2a_mcp.cli.options import ConfigFile, Description, Name, Url
from a2a_mcp.errors import ConfigError

EXAMPLE: Final = """
# [agents.weather]
# url = "https://agent.example"
# description = "Tells the weather"  # your words for the model
"""


def init(
    url: Annotated[Url | None, Parameter(help="the first agent: its URL or NAME=URL")] = None,
    *,
    name: Name = None,
    description: Description = None,
    config: ConfigFile = None,
) -> int:
    """Write agents.toml; return the exit code. Raises ConfigError, A2AError."""
    file = config or agents_file.place(None)
    if agents_file.text_of(file):
        raise ConfigError([f"{file}: is there already; add to it with a2a-mcp agents add URL"])
    if url is None:
        return _write_example(file)
    return report(adding.add(file, url, name, description))


def _write_example(file: Path) -> int:
    Change(file, "", agents_file.HEADER + EXAMPLE).write()
    print(f"Wrote {file}")
    print("Add an agent: a2a-mcp agents add URL")
    return DONE


def report(written: adding.Written) -> int:
    """Say what was written, what is left to the person, and what comes next."""
    print(f"Wrote the agent {written.name!r} into {written.change.file}")
    if written.kept:
        print(f"The file as it was: {written.kept}")
    for remark in written.remarks:
        print(f"There as a comment: {remark}")
    for variable in written.variables:
        print(f"It wants a credential: set ${variable}, or write it otherwise in `auth`.")
    print(f"See how it is: a2a-mcp check {written.name}")
    return DONE
