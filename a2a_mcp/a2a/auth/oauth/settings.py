"""How tokens are got for an agent, as the configuration says it. Values only.

None means: as the agent's card or the authorization server's metadata says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from a2a_mcp.a2a.auth.static import Aws, Credential, Mtls, Secret

Flow: TypeAlias = Literal["client_credentials", "authorization_code", "device_code"]
Exchange: TypeAlias = Literal["token-exchange", "entra-obo"]
"""How a caller's own token becomes one for an agent."""
ClientAuth: TypeAlias = Literal["basic", "post", "none", "private_key_jwt", "mtls"]


@dataclass(frozen=True, slots=True)
class OAuth:
    """An OAuth client, and where its tokens come from.

    One that registers itself has no `client_id` of the configuration, but an empty one.
    """

    client_id: str
    flow: Flow | None = None
    exchange: Exchange | None = None
    issuer: str | None = None
    token_url: str | None = None
    authorization_url: str | None = None
    device_url: str | None = None
    revocation_url: str | None = None
    client_secret: Secret | None = None
    client_auth: ClientAuth | None = None
    client_key: Path | None = None
    scopes: tuple[str, ...] = ()
    audience: str | None = None
    resource: str | None = None
    ca_file: Path | None = None
    redirect_port: int = 0
    scheme: str | None = None
    registers: bool = False

    @property
    def is_public(self) -> bool:
        """Return whether the client has nothing to prove who it is."""
        has_none = self.client_secret is None and self.client_key is None
        return has_none and self.client_auth != "mtls"

    @property
    def may_need_person(self) -> bool:
        """Return whether a person may have to sign in before there is a token."""
        by_itself = self.exchange is not None or self.flow == "client_credentials"
        return not by_itself and (self.flow is not None or self.is_public)


AnyCredential: TypeAlias = Credential | OAuth | Mtls | Aws
