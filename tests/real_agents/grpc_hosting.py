"""What the test agents over gRPC share: a server that notes the calls, and a token that it wants.

Runs in the agents' own environments. The card and the record are served over HTTP, as elsewhere.
"""

import argparse
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from hosting import Record, parser
from noting import arrived

HOST = "127.0.0.1"


class Guard(grpc.aio.ServerInterceptor):
    """Records every call and refuses those without the token."""

    def __init__(self, record: Record, token: str) -> None:
        self._record = record
        self._token = token

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        headers = {key: str(value) for key, value in details.invocation_metadata}
        seen = {"method": "GRPC", "path": details.method, "headers": headers}
        self._record.requests.append(seen)
        arrived(details.method, headers)
        if self._token and headers.get("authorization") != f"Bearer {self._token}":
            return grpc.unary_unary_rpc_method_handler(_refuse)
        return await continuation(details)


async def _refuse(_request: Any, context: grpc.aio.ServicerContext) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "missing or wrong token")


def grpc_options() -> argparse.Namespace:
    """Return the options of an agent over gRPC; its port is a free one unless it is given."""
    arguments = parser()
    arguments.add_argument("--grpc-port", type=int, default=0, help="0 takes a free one")
    arguments.add_argument("--token", default="", help="refuse calls without this bearer token")
    options = arguments.parse_args()
    options.grpc_port = options.grpc_port or _free_port()
    return options


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def starts(
    options: argparse.Namespace, record: Record, add: Callable[[grpc.aio.Server], None]
) -> Callable[[], Awaitable[grpc.aio.Server]]:
    """Return what starts the server; `add` adds the agent's services to it."""

    async def start() -> grpc.aio.Server:
        made = grpc.aio.server(interceptors=[Guard(record, options.token)])
        add(made)
        made.add_insecure_port(f"{HOST}:{options.grpc_port}")
        await made.start()
        return made

    return start
