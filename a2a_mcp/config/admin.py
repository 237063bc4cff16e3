"""The table `admin` of the server: where operators look at it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from a2a_mcp.config.fields import Table, Text


class AdminTable(Table):
    """A listener of its own, on this machine by default: it asks nobody who they are."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 9090
