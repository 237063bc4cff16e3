"""Why a connection could not be made, in words that say what to correct.

It looks at the exception that the HTTP library's error was raised from, never at the request.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import httpx

from a2a_mcp.a2a.http.origins import origin_of, plain
from a2a_mcp.a2a.model import JSON

# OpenSSL's numbers of what is wrong with a certificate (X509_V_ERR_…).
CERTIFICATE_FAULTS: Final = {
    9: "its certificate is not valid yet: is the clock of this machine right?",
    10: "its certificate has expired; its operator must renew it",
    62: "its certificate is for another host name; use the name that is in it",
    64: "its certificate is for another address; use the name that is in it",
}
UNKNOWN_AUTHORITIES: Final = frozenset({2, 18, 19, 20, 21})
SPEAKS_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
NO_COMMON_TLS: Final = frozenset(
    {
        *("TLSV1_ALERT_PROTOCOL_VERSION", "TLSV1_ALERT_INSUFFICIENT_SECURITY"),
        *("UNSUPPORTED_PROTOCOL", "SSLV3_ALERT_HANDSHAKE_FAILURE"),
        "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED",
    }
)
NAMELESS: Final = re.compile(r"\[SSL\] (.+) \(_ssl")
# In the answers of Go's server, nginx and Apache, with HTTP 400.
WANTS_HTTPS: Final = re.compile(r"HTTPS server|HTTPS port|SSL-enabled server port", re.IGNORECASE)


class ProxyUnreachable(httpx.ProxyError):
    """There is no connection to the proxy: nothing is known of the agent."""


def proxy_unreachable(proxy: str, error: httpx.ConnectError) -> ProxyUnreachable:
    """Return the error for a proxy that could not be connected to."""
    return ProxyUnreachable(
        f"no connection to the proxy {plain(proxy)} ({error}); it is named in the agent's proxy "
        "setting or in the environment"
    )


def is_of_tls(error: BaseException) -> bool:
    """Return whether TLS failed, which begins when the connection stands."""
    return any(isinstance(cause, ssl.SSLError) for cause in _causes(error))


def connect_failure(error: httpx.ConnectError, url: str) -> str:
    """Return what kept a connection to `url` from being made."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return _certificate_fault(cause)
            case ssl.SSLError() if _reason(cause) in SPEAKS_NO_TLS:
                return _speaks_http(url)
            case ssl.SSLError() if _reason(cause) in NO_COMMON_TLS:
                return f"it speaks no version of TLS that is still safe ({_reason(cause)})"
            case socket.gaierror():
                return f"its host name {origin_of(url).host} is not known: {cause.strerror}"
            case ConnectionRefusedError():
                return "no connection: nothing listens at this port"
    return f"no connection: {error}" if str(error) else "no connection"


def _reason(error: ssl.SSLError) -> str:
    """Return OpenSSL's name of a fault; where Python knows none, it is made of OpenSSL's words."""
    words = NAMELESS.search(str(error))
    return error.reason or (words[1].replace(" ", "_").upper() if words else "")


def proxy_failure(error: httpx.ProxyError) -> str:
    """Return what a proxy answered in the place of the agent, or that it cannot be reached."""
    if isinstance(error, ProxyUnreachable):
        return str(error)
    told = f"the proxy refused the connection: {error}"
    if str(error).startswith("407"):
        return f"{told}; its user name and password belong into the agent's proxy setting"
    return told


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause:
        yield cause
        if isinstance(cause, ExceptionGroup):  # of the addresses of a name; one stands for all
            yield cause.exceptions[0]
        cause = cause.__cause__ or cause.__context__


def _certificate_fault(cause: ssl.SSLCertVerificationError) -> str:
    if cause.verify_code in UNKNOWN_AUTHORITIES:
        return (
            f"its certificate is signed by an unknown authority ({cause.verify_message}); if it is "
            "your own, name the authority's file in the agent's ca_file"
        )
    known = CERTIFICATE_FAULTS.get(cause.verify_code)
    return known or f"its certificate is refused: {cause.verify_message}"


def https_instead(url: str, status: int, body: JSON) -> str | None:
    """Return what to use where an http URL was answered as by a port of https; else None."""
    if status != 400 or not isinstance(body, str) or not WANTS_HTTPS.search(body):
        return None
    return f"the server speaks https at this port, not http: use {_secured(url)}"


def perhaps_https(url: str) -> str:
    """Return what else may be wrong where an http server hangs up; empty for an https URL.

    Servers that speak https end the connection so, most of them without a word.
    """
    if origin_of(url).scheme != "http":
        return ""
    return f"if the server speaks https at this port, use {_secured(url)}"


def _secured(url: str) -> str:
    origin = origin_of(url)
    return str(replace(origin, scheme="https"))


def _speaks_http(url: str) -> str:
    unsecured = str(origin_of(url)).replace("https://", "http://", 1)
    return f"the server speaks http at this port, not https: use {unsecured}, or its https port"
