"""Why a connection could not be made, in words that say what to correct.

It looks at the exception that the HTTP library's error was raised from, never at the request.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from a2a_mcp.a2a.http.origins import origin_of

# OpenSSL's numbers of what is wrong with a certificate (X509_V_ERR_…).
CERTIFICATE_FAULTS: Final = {
    9: "its certificate is not valid yet: is the clock of this machine right?",
    10: "its certificate has expired; its operator must renew it",
    62: "its certificate is for another host name; use the name that is in it",
    64: "its certificate is for another address; use the name that is in it",
}
UNKNOWN_AUTHORITIES: Final = frozenset({2, 18, 19, 20, 21})
SPEAKS_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})


def connect_failure(error: httpx.ConnectError, url: str) -> str:
    """Return what kept a connection to `url` from being made."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return _certificate_fault(cause)
            case ssl.SSLError(reason=reason) if reason in SPEAKS_NO_TLS:
                return _speaks_http(url)
            case socket.gaierror():
                return f"its host name {origin_of(url).host} is not known: {cause.strerror}"
    return f"no connection: {error}" if str(error) else "no connection"


def proxy_failure(error: httpx.ProxyError) -> str:
    """Return what a proxy answered in the place of the agent."""
    told = f"the proxy refused the connection: {error}"
    if str(error).startswith("407"):
        return f"{told}; its user name and password belong into the agent's proxy setting"
    return told


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _certificate_fault(cause: ssl.SSLCertVerificationError) -> str:
    if cause.verify_code in UNKNOWN_AUTHORITIES:
        return (
            f"its certificate is signed by an unknown authority ({cause.verify_message}); if it is "
            "your own, name the authority's file in the agent's ca_file"
        )
    known = CERTIFICATE_FAULTS.get(cause.verify_code)
    return known or f"its certificate is refused: {cause.verify_message}"


def _speaks_http(url: str) -> str:
    plain = str(origin_of(url)).replace("https://", "http://", 1)
    return f"the server speaks http at this port, not https: use {plain}, or its https port"
