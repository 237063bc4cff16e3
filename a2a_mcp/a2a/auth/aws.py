"""Requests signed for AWS (SigV4), with the credentials that AWS's own tools would use here.

It brings in botocore, which comes with an extra. Nothing of it is called but the search for
credentials and the signature; looking for them may ask servers of AWS, and blocks meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from a2a_mcp.a2a.auth.static import Aws, Sign

SIGNED: Final = ("content-type", "x-amz")
"""How the headers begin that are signed; a proxy may change any other."""


class AwsUnavailable(Exception):
    """There are no credentials; the text says why."""


class AwsIdentity:
    """Who calls, for one agent."""

    def __init__(self, settings: Aws) -> None:
        self._settings = settings
        self._session = Session(profile=settings.profile)

    def signer(self) -> tuple[Sign, list[str]]:
        """Return what signs requests with fresh credentials, and what of these is secret.

        Raises AwsUnavailable.
        """
        try:
            found = self._session.get_credentials()
            frozen = found.get_frozen_credentials() if found else None
        except (BotoCoreError, RuntimeError, OSError) as error:
            raise AwsUnavailable(str(error)) from None
        if frozen is None:
            raise AwsUnavailable("there are none in the environment, a profile or this machine")
        signature = SigV4Auth(frozen, self._settings.service, self._settings.region)
        return _signing(signature), [each for each in (frozen.secret_key, frozen.token) if each]


def _signing(signature: Any) -> Sign:
    def sign(verb: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        kept = {name: text for name, text in headers.items() if name.lower().startswith(SIGNED)}
        request = AWSRequest(verb, url, kept, body)
        signature.add_auth(request)
        return dict(request.headers.items())

    return sign
