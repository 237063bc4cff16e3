"""Where agents post that a task has moved: in the server of `--http`, or at a port of its own.

A post is answered before anything is done about it, because a2a-sdk lets its agent wait for the
answer. Its body is never read: the token alone says for which task it is. Whatever is unknown gets
the same 404, and nobody is let in further by any header, so hosts and origins are not checked.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any, Final

import anyio
from mcp.server import MCPServer
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from a2a_mcp.config.push import PushTable
from a2a_mcp.server.transports.ports import CannotListen, open_port
from a2a_mcp.server.transports.rates import Rate
from a2a_mcp.server.transports.side_listener import listen
from a2a_mcp.store.base import TaskStore
from a2a_mcp.store.state_key import StateKey
from a2a_mcp.telemetry.supervise import run_logged
from a2a_mcp.tracking.hook_addresses import Addresses
from a2a_mcp.tracking.hooks import Hooks

log = logging.getLogger(__name__)

PROOF: Final = "x-a2a-notification-token"
LONGEST_BODY: Final = 64 * 1024
"""A connection on which more than this is under way is closed, so that it is not received."""

RETRY_SECONDS: Final = 30.0


class Webhooks:
    """Receives posts for the tasks that `hooks` knows."""

    def __init__(self, push: PushTable, hooks: Hooks) -> None:
        self.hooks = hooks
        self._push = push
        self._each = Rate(a_second=10, burst=50)
        self._all = Rate(a_second=200, burst=1000)

    async def answer(self, request: Request) -> Response:
        """Answer a post; with the right token its task is read soon."""
        name = request.scope["path"].rpartition("/")[2]
        response = self._answer(name, request.headers.get(PROOF, ""))
        if _is_large(request):
            response.headers["connection"] = "close"
        return response

    def _answer(self, name: str, token: str) -> Response:
        if not self.hooks.takes(name, token):
            return PlainTextResponse("Not Found", 404)
        if not (self._each.allows(name) and self._all.allows()):
            return Response(status_code=429)
        self.hooks.heard(name)
        return Response(status_code=204)

    def mount(self, server: MCPServer[Any]) -> None:
        """Receive posts in the server of `--http`, below the path of the public URL."""
        server.custom_route(f"{self._push.path}/{{name}}", ["POST"])(self.answer)

    async def run(self, tasks: TaskStore) -> None:
        """Exchange posts with other processes, and listen where a port is set, until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(run_logged, "telling posts", partial(self.hooks.exchange, tasks))
            if self._push.port:
                group.start_soon(run_logged, "receiving posts", self._listen)

    async def _listen(self) -> None:
        """Listen as soon as the port is free: another process may have it, which tells of posts."""
        everywhere = Route("/{_:path}", self.answer, methods=["POST"])
        await listen(Starlette(routes=[everywhere]), await self._sockets())

    async def _sockets(self) -> list[socket]:
        told = False
        while True:
            try:
                return await open_port(self._push.host, self._push.port or 0)
            except CannotListen as error:
                if not told:
                    _tell(error)
                told = True
            await anyio.sleep(RETRY_SECONDS)


def open_webhooks(push: PushTable, folder: Path | None, key: SecretStr | None) -> Webhooks:
    """Return what receives posts; addresses are made of `key`, else of the key in the folder."""
    state_key = StateKey(folder, key.get_secret_value() if key else None)
    return Webhooks(push, Hooks(Addresses(push.url, state_key)))


def _is_large(request: Request) -> bool:
    """Return whether more than LONGEST_BODY may be under way; a length that is not told may be."""
    length = request.headers.get("content-length", "")
    return "transfer-encoding" in request.headers or (
        length.isdecimal() and int(length) > LONGEST_BODY
    )


def _tell(error: CannotListen) -> None:
    why = str(error).partition(";")[0]
    log.warning(
        "server.push: %s. Posts come to the process that has it, if it shares the state folder; "
        "tasks are polled otherwise",
        why,
    )
