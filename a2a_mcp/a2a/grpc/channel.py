"""One connection to one gRPC server, brought up before anything is sent over it.

A library's error does not tell whether a server took a message before it went away. So the
connection must stand first: an error before that proves that nothing was sent. Nothing of the
environment is used, and no name is dialled that is not a host with a port.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from a2a_mcp.a2a.errors import AgentUnreachable, Delivery
from a2a_mcp.a2a.grpc.addresses import grpc_form
from a2a_mcp.a2a.grpc.causes import connect_failure
from a2a_mcp.a2a.grpc.library import grpc
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.origins import origin_of

_T = TypeVar("_T")

READY: Final = grpc.ChannelConnectivity.READY
BROKEN: Final = grpc.ChannelConnectivity.TRANSIENT_FAILURE
PROBE: Final = "/grpc.health.v1.Health/Check"
IDLE_MS: Final = 30_000  # a send must not meet a connection that has long been cut on its way
METADATA_BYTES: Final = 64 * 1024
IDENTITY_ONLY: Final = 1


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom TLS trusts, and who calls: certificates and a key, each as PEM."""

    authorities: bytes
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)


class Channel:
    """The connection to the server at `url`, of which only scheme, host and port count.

    An http URL is without TLS. `proxy` is an http URL. Raises AgentUnreachable.
    """

    def __init__(
        self, url: str, limits: HttpLimits, user_agent: str, trust: Trust, proxy: str | None
    ) -> None:
        self._origin = origin_of(url)
        self.url = grpc_form(self._origin)
        self._limits = limits
        self._trust = trust
        self._options = _options(limits, user_agent, proxy)
        self._connecting = anyio.Lock()
        self._channel: Any = None
        self._calls = 0
        self._retired = False

    async def aclose(self) -> None:
        """Close the connection."""
        channel, self._channel = self._channel, None
        if channel:
            await channel.close()

    async def retire(self) -> None:
        """Close the connection when no call uses it; a later call closes its own at its end."""
        self._retired = True
        if not self._calls:
            await self.aclose()

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[Any]:
        """Yield the library's channel, whose connection stands; raises AgentUnreachable."""
        self._calls += 1
        try:
            yield await self._ready()
        finally:
            self._calls -= 1
            if self._retired and not self._calls:
                with anyio.CancelScope(shield=True):
                    await self.aclose()

    async def _ready(self) -> Any:
        if self._channel and self._channel.get_state() is READY:
            return self._channel
        try:
            with anyio.fail_after(self._limits.connect_seconds):
                async with self._connecting:
                    return await self._connected()
        except TimeoutError:
            await self._drop()
            raise self._unreachable("no connection in time") from None

    async def _drop(self) -> None:
        """Leave a connection that cannot be made: the library would wait before it tries again.

        Calls that still use an older connection of this channel hold it themselves.
        """
        if self._calls == 1:
            await self.aclose()
        self._channel = None

    async def _connected(self) -> Any:
        if self._channel is None:
            self._channel = self._open()
        channel = self._channel
        while (state := channel.get_state(try_to_connect=True)) is not READY:
            if state is BROKEN:
                await self._fail(channel)
            await scoped(channel.wait_for_state_change(state))
        return channel

    async def _fail(self, channel: Any) -> None:
        """Raise what keeps the connection from standing: a call of no consequence is told it."""
        try:
            await scoped(channel.unary_unary(PROBE)(b""))
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                return
            await self._drop()
            raise self._unreachable(connect_failure(error.details() or "")) from None

    def _open(self) -> Any:
        target = "dns:///" + self.url.partition("://")[2]
        if self._origin.scheme == "http":
            return grpc.aio.insecure_channel(target, self._options)
        credentials = grpc.ssl_channel_credentials(
            self._trust.authorities, self._trust.key, self._trust.certificate
        )
        return grpc.aio.secure_channel(target, credentials, self._options)

    def _unreachable(self, told: str) -> AgentUnreachable:
        return AgentUnreachable(told, delivery=Delivery.NEVER, url=self.url)


def _options(limits: HttpLimits, user_agent: str, proxy: str | None) -> Sequence[tuple[str, Any]]:
    """Return the channel's settings.

    No keepalive: servers end a connection that asks too often, and with it the calls on it. No
    policy of repeating calls either, since none is looked up. What the library sends again is only
    what a server has provably not looked at, when it renews the connection at that moment.
    """
    return (
        ("grpc.client_idle_timeout_ms", IDLE_MS),
        ("grpc.compression_enabled_algorithms_bitset", IDENTITY_ONLY),
        ("grpc.enable_http_proxy", int(proxy is not None)),
        *([("grpc.http_proxy", proxy)] if proxy else []),
        ("grpc.max_metadata_size", METADATA_BYTES),
        ("grpc.max_receive_message_length", limits.body_bytes),
        ("grpc.primary_user_agent", user_agent),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.use_local_subchannel_pool", 1),
    )


async def scoped(call: Awaitable[_T]) -> _T:
    """Return what a call of the library gives.

    Cancelled by anyio, the library raises an error of its own making, which anyio's scopes take
    for somebody else's and let through.
    """
    try:
        return await call
    except anyio.get_cancelled_exc_class():
        await checkpoint_if_cancelled()
        raise
