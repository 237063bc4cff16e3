"""How answers end when the server is about to: their connections close, and held streams end.

A host of before 2026-07-28 holds a stream open (GET), for what it did not ask for. That never ends
by itself, and would make the end of a server wait until its time is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from a2a_mcp.server.ended_by import ended_by

START: Final = "http.response.start"
LAST: Final[Message] = {"type": "http.response.body", "body": b"", "more_body": False}
CONNECTION: Final = b"connection"


def last_answers(app: ASGIApp, is_draining: Callable[[], bool], closing: anyio.Event) -> ASGIApp:
    """Return the application with answers that close their connections while the server drains.

    Once `closing` is set, answers to GET come to their end.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        answer = _Answer(send, is_draining)
        if scope["method"] != "GET":
            await app(scope, receive, answer.send)
            return
        await app(scope, lambda: _received(receive, closing), answer.send)
        await answer.complete()

    return served


async def _received(receive: Receive, closing: anyio.Event) -> Message:
    """Return what the host says next, or that it has left once `closing` is set."""
    async with ended_by(closing):
        return await receive()
    return {"type": "http.disconnect"}


class _Answer:
    """Passes an answer on, and knows whether its end is missing."""

    def __init__(self, send: Send, is_draining: Callable[[], bool]) -> None:
        self._send = send
        self._is_draining = is_draining
        self._is_open = False

    async def send(self, message: Message) -> None:
        """Send a piece of the answer; its head says that the connection closes in the drain."""
        is_head = message["type"] == START
        self._is_open = is_head or bool(message.get("more_body"))
        if is_head and self._is_draining():
            message = {**message, "headers": _closing(message.get("headers", ()))}
        await self._send(message)

    async def complete(self) -> None:
        """Send the end, unless that was done."""
        if self._is_open:
            await self._send(LAST)


def _closing(headers: Any) -> list[tuple[bytes, bytes]]:
    others = [(name, value) for name, value in headers if name.lower() != CONNECTION]
    return [*others, (CONNECTION, b"close")]
