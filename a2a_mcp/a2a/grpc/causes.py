"""Why a connection could not be made, in words that say what to correct. Pure.

The library has only texts, in which the cause stands somewhere.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 300
CAUSES: Final = (
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED: certificate has expired"),
        "its certificate has expired; its operator must renew it",
    ),
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED: ([^:]*)"),
        r"its certificate is signed by an unknown authority (\1); if it is your own, name the "
        "authority's file in the agent's ca_file",
    ),
    (
        re.compile(r"Hostname Verification Check failed"),
        "its certificate is for another host name; use the name that is in it",
    ),
    (
        re.compile(r"WRONG_VERSION_NUMBER"),
        "the server speaks gRPC without TLS, or no gRPC, at this port: if it is the right one, "
        "write it as grpc://host:port in url, endpoint or allowed_origins, which needs "
        "allow_http = true unless it is on this machine",
    ),
    (
        re.compile(r"Socket closed|Connection reset|GOAWAY"),
        "the server closed the connection before anything was sent: does it speak gRPC at this "
        "port, does it want TLS (grpcs://), or a certificate of the caller?",
    ),
    (
        re.compile(r"errors resolving|Domain name not found|DNS resolution failed"),
        "its host name is not known",
    ),
    (
        re.compile(r"HTTP proxy returned response code 407"),
        "the proxy refused the connection: HTTP 407; its user name and password belong into the "
        "agent's proxy setting",
    ),
    (
        re.compile(r"HTTP proxy returned response code (\d+)"),
        r"the proxy refused the connection: HTTP \1",
    ),
    (re.compile(r"Connection refused"), "the connection was refused: nobody listens at this port"),
)


def connect_failure(text: str) -> str:
    """Return what kept a connection from being made, for the library's text."""
    for pattern, words in CAUSES:
        found = pattern.search(text)
        if found:
            return found.expand(words)
    return f"no connection: {text}"[:LONGEST]
