"""Connect to a host: its addresses are tried in the order that the system prefers.

The next address is tried when one fails or is slow (RFC 8305, "happy eyeballs"), and the first that
answers is used. It knows no URL; what may be dialled is decided before.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from ssl import SSLContext, SSLError
from typing import Any, Final

import anyio
import httpx

from a2a_mcp.a2a.http.wire import Wire

HEAD_START: Final = 0.25  # seconds before the next address is tried too
NUMBERS: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV

Target = tuple[socket.AddressFamily, Any]
"""A family and an address of it, in the form that sockets take."""


async def open_wire(
    host: bytes, port: int, trusts: SSLContext | None, name: str, seconds: float | None
) -> Wire:
    """Return a new connection, inside TLS with the server `name` where `trusts` is given.

    `seconds` bound the connection and the handshake, each. Raises httpx.ConnectError and
    httpx.ConnectTimeout.
    """
    connected = await _socket(host, port, seconds)
    with _closed_after_a_fault(connected), within(seconds, httpx.ConnectTimeout):
        try:
            return await _wire(connected, trusts, name, seconds)
        except OSError as error:
            told = str(error) if isinstance(error, SSLError) else "it broke in the TLS handshake"
            raise httpx.ConnectError(told) from error


@contextlib.contextmanager
def _closed_after_a_fault(opened: socket.socket) -> Iterator[None]:
    with contextlib.ExitStack() as undone:
        undone.callback(opened.close)
        yield
        undone.pop_all()


@contextlib.contextmanager
def within(seconds: float | None, error: type[httpx.TimeoutException]) -> Iterator[None]:
    """Raise an error of httpx where the work takes longer than `seconds`; None means no end."""
    if seconds is None:
        yield
        return
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError as late:
        raise error(f"not within {seconds:g} s") from late


async def _wire(
    connected: socket.socket, trusts: SSLContext | None, name: str, seconds: float | None
) -> Wire:
    _, wire = await asyncio.get_running_loop().create_connection(
        lambda: Wire(connected),
        sock=connected,
        ssl=trusts,
        server_hostname=name if trusts else None,
        ssl_handshake_timeout=seconds if trusts else None,
    )
    return wire


async def _socket(host: bytes, port: int, seconds: float | None) -> socket.socket:
    try:
        with within(seconds, httpx.ConnectTimeout):
            return await connected_first(await _targets(host, port))
    except socket.gaierror as error:
        raise httpx.ConnectError(str(error)) from error
    except OSError as error:
        raise httpx.ConnectError("All connection attempts failed") from error


async def _targets(host: bytes, port: int) -> Sequence[Target]:
    """Return the addresses of a host, the families by turns; numbers are looked up nowhere."""
    kind = socket.SOCK_STREAM
    try:
        found = socket.getaddrinfo(host, port, type=kind, flags=NUMBERS)
    except socket.gaierror:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=kind)
    first = found[0][0]
    preferred = [(family, address) for family, *_, address in found if family is first]
    others = [(family, address) for family, *_, address in found if family is not first]
    pairs = zip_longest(preferred, others)
    return [target for pair in pairs for target in pair if target]


async def connected_first(targets: Sequence[Target]) -> socket.socket:
    """Return a socket connected to the first address that answers; raises OSError for none."""
    if len(targets) == 1:
        return await _connected(targets[0])
    return await _Race().won(targets)


class _Race:
    """Attempts at several addresses of one host; used once."""

    def __init__(self) -> None:
        self._winner: socket.socket | None = None
        self._faults: list[OSError] = []

    async def won(self, targets: Sequence[Target]) -> socket.socket:
        with contextlib.ExitStack() as undone:
            undone.callback(self._close)
            await self._run(targets)
            undone.pop_all()
        if self._winner is None:
            raise self._faults[0]
        return self._winner

    def _close(self) -> None:
        if self._winner:
            self._winner.close()

    async def _run(self, targets: Sequence[Target]) -> None:
        async with anyio.create_task_group() as group:
            for target in targets:
                failed = anyio.Event()
                group.start_soon(self._attempt, target, failed, group.cancel_scope)
                with anyio.move_on_after(HEAD_START):
                    await failed.wait()

    async def _attempt(
        self, target: Target, failed: anyio.Event, others: anyio.CancelScope
    ) -> None:
        try:
            connected = await _connected(target)
        except OSError as error:
            self._faults.append(error)
            failed.set()
            return
        if self._winner:
            connected.close()
            return
        self._winner = connected
        others.cancel()


async def _connected(target: Target) -> socket.socket:
    family, address = target
    new = socket.socket(family, socket.SOCK_STREAM)
    with _closed_after_a_fault(new):
        new.setblocking(False)
        new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio leaves it to us
        await asyncio.get_running_loop().sock_connect(new, address)
    return new
