"""The certificate that the bridge shows one agent, read when it is first needed.

One that was replaced in its file is another credential of another connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from a2a_mcp.a2a.auth.static import Mtls
from a2a_mcp.agents import credential_faults as faults
from a2a_mcp.config.schema import AgentConfig

if TYPE_CHECKING:
    from a2a_mcp.a2a.auth.client_certificates import ClientCertificate


class OwnCertificate:
    """The certificate for the agent that `config` describes; `clock` returns Unix seconds."""

    def __init__(self, config: AgentConfig, clock: Callable[[], float] = time.time) -> None:
        self._agent = config.name
        self._mtls = config.mtls
        self._clock = clock
        self._read: ClientCertificate | None = None

    def get(self) -> ClientCertificate | None:
        """Return the certificate, valid now; None where none is shown.

        Raises CredentialUnavailable.
        """
        return self._usable(self._mtls) if self._mtls else None

    def _usable(self, mtls: Mtls) -> ClientCertificate:
        from a2a_mcp.a2a.auth import client_certificates  # imports cryptography

        try:
            if self._read is None:
                self._read = client_certificates.read_certificate(mtls)
            self._read.check_time(self._clock())
        except client_certificates.CertificateUnusable as error:
            raise faults.bad_certificate(error.key, str(error), self._agent) from None
        return self._read
