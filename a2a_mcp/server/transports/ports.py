"""The address a server of ours listens at, opened before anything else of it, or why it cannot be.

Who reads the reason sits at the terminal. Nothing is served here.
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
    """An address cannot be listened at; the message says which, why, and what to do."""


def origin_of(host: str, port: int) -> str:
    """Give the URL of a host and port."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def open_port(host: str, port: int) -> list[socket]:
    """Listen at every address of a host; port 0 takes a free one. Raises CannotListen."""
    try:
        opened = await anyio.create_tcp_listener(local_host=host, local_port=port)
    except (gaierror, UnicodeError):  # what is no name at all cannot even be asked for
        why = f"there is no such host; {OTHER_HOST}"
    except OverflowError:
        why = f"a port is at most 65535; {OTHER_PORT}"
    except OSError as error:
        why = REASONS.get(error.errno or 0, f"{error.strerror or error}; {OTHER_HOST} or --port")
    else:
        raw = SocketAttribute.raw_socket
        sockets = [listener.extra(raw) for listener in opened.listeners]  # noqa: S610 - not Django
        for each in sockets:
            # Whom it accepts inherits this. asyncio sees to it for sockets of its own only, and
            # without it the end of an answer in two pieces comes 40 ms late.
            each.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return sockets
    raise CannotListen(f"cannot listen at {origin_of(host, port)}: {why}")
