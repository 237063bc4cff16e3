"""How one agent's gRPC connections are opened: its limits, its proxy, whom it trusts with TLS.

Proxies of the environment are not used: gRPC itself would use them even for this machine. Nothing
is connected here. This module brings in the gRPC library.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from a2a_mcp.a2a.errors import AgentUnreachable, Delivery
from a2a_mcp.a2a.grpc.channel import Channel, Trust
from a2a_mcp.a2a.grpc.transport import GrpcTransport
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.agents.http import USER_AGENT
from a2a_mcp.config.schema import AgentConfig

if TYPE_CHECKING:
    from a2a_mcp.a2a.auth.client_certificates import ClientCertificate


def open_grpc_transport(
    config: AgentConfig,
    url: str,
    tls: Callable[[], ssl.SSLContext],
    certificate: ClientCertificate | None = None,
) -> GrpcTransport:
    """Return the transport to the server at `url`; `tls` returns the shared TLS settings.

    `certificate` is the bridge's own, which it shows.

    Raises AgentUnreachable when its proxy or ca_file cannot be used.
    """
    limits = HttpLimits(**config.limits.model_dump())
    trust = _trust(config, tls, certificate) if url.startswith("https:") else Trust(b"")
    return GrpcTransport(Channel(url, limits, USER_AGENT, trust, _proxy(config)), limits)


def _trust(
    config: AgentConfig,
    tls: Callable[[], ssl.SSLContext],
    certificate: ClientCertificate | None,
) -> Trust:
    authorities = _authorities(config, tls)
    if certificate is None:
        return Trust(authorities)
    return Trust(authorities, certificate.chain, certificate.key)


def _authorities(config: AgentConfig, tls: Callable[[], ssl.SSLContext]) -> bytes:
    """Return the certificates of those whom TLS trusts, as PEM: the same as over HTTP."""
    if config.ca_file is None:
        known = tls().get_ca_certs(binary_form=True)
        return "".join(map(ssl.DER_cert_to_PEM_cert, known)).encode()
    try:
        return config.ca_file.read_bytes()
    except OSError as error:
        raise _unusable(f"its ca_file cannot be used: {error}") from error


def _proxy(config: AgentConfig) -> str | None:
    proxy = config.proxy.get_secret_value() if config.proxy else None
    if proxy and not proxy.startswith("http://"):
        raise _unusable("gRPC goes through a proxy at an http:// URL only")
    return proxy


def _unusable(told: str) -> AgentUnreachable:
    return AgentUnreachable(told, delivery=Delivery.NEVER)
