"""The identity of the bridge at one agent in AWS: each request is signed with it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import anyio

from a2a_mcp.a2a.auth.static import Attachment, Aws, Sign
from a2a_mcp.agents import credential_faults as faults
from a2a_mcp.config.secrets import SecretRegister

if TYPE_CHECKING:
    from a2a_mcp.a2a.auth.aws import AwsIdentity


class AwsSignatures:
    """Signs as `settings` say; secrets of AWS are added to `secrets` while they are in use."""

    def __init__(self, settings: Aws, secrets: SecretRegister) -> None:
        self._settings = settings
        self._secrets = secrets
        self._masked: list[str] = []
        self._identity: AwsIdentity | None = None
        self._lock = anyio.Lock()

    async def attachment(self) -> Attachment:
        """Return what signs a request; raises CredentialUnavailable."""
        if find_spec("botocore") is None:
            raise faults.no_aws_library()
        async with self._lock:
            sign, secrets = await anyio.to_thread.run_sync(self._found)
        self._mask(secrets)
        return Attachment(sign=sign)

    def _found(self) -> tuple[Sign, list[str]]:
        """Look for credentials, which may ask a server; return what signs with them, and them."""
        from a2a_mcp.a2a.auth.aws import AwsIdentity, AwsUnavailable  # imports botocore

        try:
            self._identity = self._identity or AwsIdentity(self._settings)
            return self._identity.signer()
        except AwsUnavailable as error:
            raise faults.no_aws_credentials(str(error)) from None

    def _mask(self, secrets: list[str]) -> None:
        if secrets == self._masked:
            return
        for text in self._masked:
            self._secrets.discard(text)
        for text in secrets:
            self._secrets.add(text)
        self._masked = secrets
