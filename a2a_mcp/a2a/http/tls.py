"""Whom TLS trusts by default: the certificate authorities of this system.

It holds one function, apart from the transport, because making the context takes about 20 ms: the
caller makes it once and shares it between agents.
"""

from __future__ import annotations

from ssl import SSLContext

import httpx


def default_context() -> SSLContext:
    """Return a new context that trusts SSL_CERT_FILE and SSL_CERT_DIR, else certifi's list."""
    return httpx.create_ssl_context()
