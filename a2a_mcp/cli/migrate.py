"""`a2a-mcp migrate`: what a state folder keeps goes into the database, or back."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from a2a_mcp.cli.options import USUAL, AsJson, Given

Direction: TypeAlias = Annotated[
    Literal["to-database", "to-folder"],
    Parameter(help="into the database of [server.store], or out of it"),
]
DryRun: TypeAlias = Annotated[
    bool, Parameter(name="--dry-run", help="only count what would be written")
]


def migrate(
    direction: Direction,
    /,
    *,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Move tasks and results between the state folder and the database, and compare every row.

    No bridge may run on either. What is read stays as it is. A move that was stopped goes on when
    it is run again.
    """
    from a2a_mcp.cli.work import migrate as work

    return work.migrate(direction, options, dry_run=dry_run, as_json=as_json)
