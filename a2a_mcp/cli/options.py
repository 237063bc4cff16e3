"""The options that commands share, as their parser fills them in."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from cyclopts import Parameter

from a2a_mcp.cli.startup import Options

Given: TypeAlias = Annotated[Options, Parameter(name="*")]
USUAL: Final = Options()

Urls: TypeAlias = Annotated[
    str, Parameter(name="URL", help="an agent's URL or its card's, or NAME=URL")
]
