"""The transports of one agent, each opened when it is first used: over HTTP, and over gRPC.

gRPC comes with an extra, so its library is imported only for an agent that is called over it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from a2a_mcp.a2a.errors import ExtraMissing
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.redirects import moved_note
from a2a_mcp.a2a.http.transport import Transport as HttpTransport
from a2a_mcp.a2a.interfaces import GRPC_MISSING, Interface
from a2a_mcp.a2a.transport import Transport
from a2a_mcp.agents.http import open_foreign_transport, open_transport
from a2a_mcp.agents.marked import MarkedTransport
from a2a_mcp.agents.observed import observed
from a2a_mcp.config.schema import AgentConfig

if TYPE_CHECKING:
    from a2a_mcp.a2a.auth.client_certificates import ClientCertificate


def speaks_grpc() -> bool:
    """Return whether the libraries for gRPC are installed, without importing them."""
    return _is_installed("grpc") and _is_installed("google.protobuf")


def _is_installed(name: str) -> bool:
    """Return whether a package is there; a folder that another version has left is none."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:  # of the package around it
        return False
    return spec is not None and spec.origin is not None


class Transports:
    """The transports of the agent that `config` describes.

    `url` returns where the agent is, as far as that is known; `tls` the TLS settings that all
    agents share; `certificate` the bridge's own, or raises CredentialUnavailable.
    """

    def __init__(
        self,
        config: AgentConfig,
        url: Callable[[], str],
        tls: Callable[[], ssl.SSLContext],
        certificate: Callable[[], ClientCertificate | None],
    ) -> None:
        self._config = config
        self._url = url
        self._tls = tls
        self._certificate = certificate
        self._http: HttpTransport | None = None
        self._grpc: dict[str, Transport] = {}

    def http(self) -> HttpTransport:
        """Return the transport over HTTP; raises AgentUnreachable, CredentialUnavailable."""
        if self._http is None:
            self._certificate()
            self._http = open_transport(self._config, self._url(), self._tls)
        return self._http

    def foreign(self, body_bytes: int) -> HttpTransport:
        """Return a new transport to a server that is not the agent's, for a small answer."""
        limits = HttpLimits(**self._config.limits.model_dump())
        return open_foreign_transport(replace(limits, body_bytes=body_bytes), self._tls())

    def grpc(self, url: str) -> Transport:
        """Return the transport over gRPC to the server at `url`.

        Raises ExtraMissing where the libraries are not there, and as `http` does.
        """
        if url not in self._grpc:
            if not speaks_grpc():
                raise ExtraMissing(GRPC_MISSING)
            from a2a_mcp.agents.grpc import open_grpc_transport

            self._grpc[url] = open_grpc_transport(self._config, url, self._tls, self._certificate())
        return self._grpc[url]

    def of(self, interface: Interface) -> Transport:
        """Return the transport that an interface needs; raises as these do."""
        is_grpc = interface.dialect.binding == "GRPC"
        transport = self.grpc(interface.url) if is_grpc else self.http()
        return observed(MarkedTransport(transport), self._config, interface)

    @property
    def moves(self) -> list[str]:
        """Return notes on the addresses that redirected calls, for the card's author."""
        if self._http is None:
            return []
        return [moved_note(url, target) for url, target in self._http.moved.items()]

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._opened():
            await transport.aclose()

    async def retire(self) -> None:
        """Close the connections once running calls have ended."""
        for transport in self._opened():
            await transport.retire()

    def _opened(self) -> list[Transport]:
        return [*([self._http] if self._http else []), *self._grpc.values()]
