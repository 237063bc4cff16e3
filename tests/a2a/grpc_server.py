"""A gRPC server of A2A in the test's own process: what each method answers is written in JSON."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import grpc
from google.protobuf import json_format
from real_agents.noting import arrived

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.grpc.channel import Channel, Trust
from a2a_mcp.a2a.grpc.pool import Pool
from a2a_mcp.a2a.grpc.schema import Schema
from a2a_mcp.a2a.grpc.schema_1_0 import V1_0
from a2a_mcp.a2a.grpc.transport import GrpcTransport
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.interfaces import Interface
from a2a_mcp.a2a.versions import v1_0

NOBODY: Final = Trust(b"")
Answer = Callable[[Any, grpc.aio.ServicerContext], Awaitable[Any]]
"""Returns JSON, or bytes as they are, for a request in JSON."""
Answers = Callable[[Any, grpc.aio.ServicerContext], AsyncIterator[Any]]


@dataclass
class GrpcServer:
    """What reached the server: method, params and metadata of each call, in order."""

    url: str = ""
    calls: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list)
    _came: anyio.Event = field(default_factory=anyio.Event)

    def take(self, name: str, params: Any, pairs: dict[str, str]) -> None:
        self.calls.append((name, params, pairs))
        self._came.set()

    async def called(self, times: int = 1) -> None:
        """Wait until that many calls have come."""
        while len(self.calls) < times:
            self._came = anyio.Event()
            await self._came.wait()


class Service:
    """Turns the methods that a test gives into those of a gRPC server."""

    def __init__(self, server: GrpcServer, schema: Schema) -> None:
        self._server = server
        self._schema = schema
        self._methods = Pool(schema).methods

    def handler(self, unary: dict[str, Answer], streams: dict[str, Answers]) -> Any:
        made = {
            name: grpc.unary_unary_rpc_method_handler(self._unary(name, answer))
            for name, answer in unary.items()
        } | {
            name: grpc.unary_stream_rpc_method_handler(self._stream(name, answers))
            for name, answers in streams.items()
        }
        return grpc.method_handlers_generic_handler(f"{self._schema.package}.A2AService", made)

    def _unary(self, name: str, answer: Answer) -> Any:
        async def called(data: bytes, context: grpc.aio.ServicerContext) -> bytes:
            return self._written(name, await answer(self._heard(name, data, context), context))

        return called

    def _stream(self, name: str, answers: Answers) -> Any:
        async def called(data: bytes, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
            async for said in answers(self._heard(name, data, context), context):
                yield self._written(name, said)

        return called

    def _heard(self, name: str, data: bytes, context: grpc.aio.ServicerContext) -> Any:
        method = self._methods[f"/{self._schema.package}.A2AService/{name}"]
        params = json_format.MessageToDict(method.asked.FromString(data))
        pairs = {key: str(value) for key, value in context.invocation_metadata() or ()}
        arrived(name, pairs, json.dumps(params).encode())
        self._server.take(name, params, pairs)
        return params

    def _written(self, name: str, said: Any) -> bytes:
        if isinstance(said, bytes):
            return said
        method = self._methods[f"/{self._schema.package}.A2AService/{name}"]
        data: bytes = json_format.ParseDict(said, method.given()).SerializeToString()
        return data


@asynccontextmanager
async def serving_grpc(
    unary: dict[str, Answer] | None = None,
    streams: dict[str, Answers] | None = None,
    *,
    schema: Schema = V1_0,
    credentials: Any = None,
    port: int = 0,
    **settings: Any,
) -> AsyncIterator[GrpcServer]:
    """Serve the methods by name; `settings` are those of grpc.aio.server."""
    server = GrpcServer()
    running = grpc.aio.server(**settings)
    running.add_generic_rpc_handlers((Service(server, schema).handler(unary or {}, streams or {}),))
    address = f"127.0.0.1:{port}"
    if credentials:
        port = running.add_secure_port(address, credentials)
    else:
        port = running.add_insecure_port(address)
    server.url = f"http{'s' if credentials else ''}://127.0.0.1:{port}"
    await running.start()
    try:
        yield server
    finally:
        await running.stop(0)


def transport(
    url: str, *, trust: Trust = NOBODY, proxy: str | None = None, **limits: Any
) -> GrpcTransport:
    bounds = HttpLimits(**limits)
    return GrpcTransport(Channel(url, bounds, "tests", trust, proxy), bounds)


@asynccontextmanager
async def calling(
    url: str, attachment: Attachment | None = None, dialect: Any = v1_0.GRPC, **settings: Any
) -> AsyncIterator[A2AClient]:
    """Yield a client of the server at `url`."""

    async def attach() -> Attachment:
        return attachment or Attachment()

    made = transport(url, **settings)
    try:
        yield A2AClient(made, Interface(url, dialect), attach)
    finally:
        await made.aclose()
