"""The table `push` of the server: where agents may say that a task has moved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from a2a_mcp.config import values
from a2a_mcp.config.fields import Table, Text
from a2a_mcp.text.urls import is_private_place


class PushTable(Table):
    """The public address that agents post to, and the port of a listener of its own.

    Without `port` the posts come to the server of `--http`, so nothing listens over stdio.
    """

    url: Annotated[str, AfterValidator(values.webhook_url)]
    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None

    @property
    def path(self) -> str:
        """Return the path below which posts come."""
        return urlsplit(self.url).path

    def is_reachable_from(self, agent_url: str) -> bool:
        """Return whether an agent may be able to post there: no private place is, from outside."""
        return not is_private_place(self.url) or is_private_place(agent_url)

    def notes(self, agent_urls: Iterable[str]) -> list[str]:
        """Return a warning for the terminal where some agents cannot post there."""
        if all(map(self.is_reachable_from, agent_urls)):
            return []
        return [
            "server.push.url: is on this machine or in a private network, so agents elsewhere are "
            "not asked to post there; their tasks are polled"
        ]
