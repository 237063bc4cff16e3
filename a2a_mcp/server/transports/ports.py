"""The sockets that a server listens on, or the reason why it cannot, for a person at the terminal.

They are opened before the rest of a server starts. Nothing is served here.
"""

from __future__ import annotations

import errno
from socket import IPPROTO_TCP, TCP_NODELAY, gaierror, socket
from typing import Final

import anyio
from anyio.abc import SocketAttribute

OTHER_PORT: Final = "choose another with --port"
OTHER_HOST: Final = "choose another with --host"
REASONS: Final = {
    errno.EADDRINUSE: f"this port is in use; {OTHER_PORT}",
    errno.EACCES: f"this port is not allowed to you; {OTHER_PORT}",
    errno.EADDRNOTAVAIL: f"this machine has no such address; {OTHER_HOST}",
}


class CannotListen(OSError):
    """An address cannot be listened on; the message says which, why, and what to do."""


def origin_of(host: str, port: int) -> str:
    """Return the URL of a host and port."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def open_port(host: str, port: int) -> list[socket]:
    """Return sockets that listen on every address of a host; port 0 takes a free port.

    Raises CannotListen.
    """
    try:
        opened = await anyio.create_tcp_listener(local_host=host, local_port=port)
    except (gaierror, UnicodeError):  # a name that is not valid cannot be resolved
        why = f"there is no such host; {OTHER_HOST}"
    except OverflowError:
        why = f"a port is at most 65535; {OTHER_PORT}"
    except OSError as error:
        why = REASONS.get(error.errno or 0, f"{error.strerror or error}; {OTHER_HOST} or --port")
    else:
        raw = SocketAttribute.raw_socket
        sockets = [listener.extra(raw) for listener in opened.listeners]  # noqa: S610 - not Django
        for each in sockets:
            # Accepted connections inherit this. asyncio sets it only for sockets that it opened
            # itself; without it, the second piece of an answer comes 40 ms late.
            each.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return sockets
    raise CannotListen(f"cannot listen at {origin_of(host, port)}: {why}")
