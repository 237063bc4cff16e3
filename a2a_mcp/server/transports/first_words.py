"""Reading stdin and writing stdout before there is an event loop, while modules are imported.

Nothing is read beyond what the host has written, so the transport goes on with the same pipes.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from select import select
from threading import Thread
from typing import Final

from a2a_mcp.server.transports.greeting import Greeting

READ_BYTES: Final = 1 << 16


def can_wait_for(stdin: int, stdout: int) -> bool:
    """Return whether the event loop can wait for both descriptors: pipes or sockets, on POSIX.

    Not if both are one socket: asyncio takes what it receives for the end of a pipe to write to.
    """
    if sys.platform == "win32":
        return False
    try:
        both = os.fstat(stdin), os.fstat(stdout)
    except OSError:  # closed
        return False
    if stat.S_ISSOCK(both[0].st_mode) and os.path.samestat(*both):
        return False
    return all(stat.S_ISFIFO(one.st_mode) or stat.S_ISSOCK(one.st_mode) for one in both)


def greet(greeting: Greeting, modules: Sequence[str], stdin: int = 0, stdout: int = 1) -> None:
    """Import modules in a thread, and meanwhile answer the host's plainest requests.

    What else the host says, and its end, is left to the transport.
    """
    imported, done = os.pipe()
    importing = Thread(target=_import, args=(modules, done))
    importing.start()
    _converse(greeting, stdin, stdout, imported)
    importing.join()
    os.close(imported)


def _import(modules: Sequence[str], done: int) -> None:
    with os.fdopen(done, "wb"):  # it closes also when a module cannot be imported
        for module in modules:
            import_module(module)


def _converse(greeting: Greeting, stdin: int, stdout: int, imported: int) -> None:
    """Answer until the SDK must, the modules are imported, or the host is gone."""
    try:
        while not greeting.waits:
            ready, _, _ = select([stdin, imported], [], [])
            data = b"" if imported in ready else os.read(stdin, READ_BYTES)
            if not data:
                return
            _write(stdout, greeting.hear(data))
    except ConnectionError:  # the transport will find it gone
        return


def _write(stdout: int, data: bytes) -> None:
    while data:
        select([], [stdout], [])
        with suppress(BlockingIOError):  # less room than is needed at once
            data = data[os.write(stdout, data) :]
