"""Turn every failure of the HTTP library into an error that says whether the request was sent.

It must never quote a request: a URL or a header may hold a secret.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Final

import anyio
import httpx

from a2a_mcp.a2a.errors import AgentUnreachable, Delivery
from a2a_mcp.a2a.http.causes import connect_failure, proxy_failure
from a2a_mcp.a2a.http.origins import plain
from a2a_mcp.a2a.http.slots import BUSY

BROKEN: Final = "the connection broke before the answer was complete"
# With these errors it is certain that no byte of the request left.
NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
# With these too. Their texts quote what could not be written, and that may be a secret.
UNWRITABLE: Final = (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError)


@contextlib.contextmanager
def deadline(seconds: float, url: str) -> Iterator[None]:
    """Raise AgentUnreachable where the work takes longer than `seconds`; infinite means no end."""
    if seconds == math.inf:
        yield
        return
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError:
        raise AgentUnreachable(f"no answer within {seconds:g} s", url=plain(url)) from None


@contextlib.contextmanager
def translated(url: str, *, advise: Callable[[], str] = str) -> Iterator[None]:
    """Raise AgentUnreachable in the place of the HTTP library's errors.

    `advise` returns what else may be wrong where nothing could be sent, or an empty text.
    """
    try:
        yield
    except NEVER_SENT as error:
        told = "; ".join(filter(None, (reason(error, url), advise())))
        raise AgentUnreachable(told, delivery=Delivery.NEVER, url=plain(url)) from error
    except UNWRITABLE:
        told = "the request has a URL or a header that HTTP cannot carry"
        raise AgentUnreachable(told, delivery=Delivery.NEVER, url=plain(url)) from None
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise AgentUnreachable(reason(error, url), url=plain(url)) from error


def reason(error: Exception, url: str) -> str:
    """Return in a few words what broke, without the library's class names where it has words."""
    match error:
        case httpx.ConnectTimeout():
            return "no connection in time"
        case httpx.PoolTimeout():
            return BUSY
        case httpx.ConnectError():
            return connect_failure(error, url)
        case httpx.ProxyError():
            return proxy_failure(error)
        case httpx.RemoteProtocolError() | httpx.ReadError():
            return BROKEN
        case _:
            return str(error) or type(error).__name__
