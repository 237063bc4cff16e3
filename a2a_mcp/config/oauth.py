"""The tables of credentials that get tokens: who asks for them, where, and by which flow.

What is left out is taken from the agent's card, as far as the card may be believed.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from a2a_mcp.a2a.auth.oauth.settings import ClientAuth, Exchange, Flow, OAuth
from a2a_mcp.a2a.auth.static import Secret
from a2a_mcp.config import values
from a2a_mcp.config.fields import ExistingFile, Table, Text
from a2a_mcp.config.secrets import secret

ServerUrl = Annotated[str, AfterValidator(values.server_url)]
Scope = Annotated[str, AfterValidator(values.scope)]

PERSON_URLS: dict[str, str] = {
    "authorization_code": "authorization_url",
    "device_code": "device_url",
}
"""The key that a flow needs beside `token_url`."""


class TokenServerTable(Table):
    """What every table says that gets tokens: of which server, as which client, for what."""

    client_id: Text = ""
    issuer: ServerUrl | None = None
    token_url: ServerUrl | None = None
    client_secret: Annotated[Secret, secret(str)] | None = None
    client_auth: ClientAuth | None = None
    client_key: ExistingFile | None = None
    scopes: Annotated[tuple[Scope, ...], Field(strict=False)] = ()
    audience: Text | None = None
    resource: Text | None = None
    ca_file: ExistingFile | None = None
    scheme: Text | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        fault = self._fault_of_urls() or self._fault_of_flow() or self._fault_of_client()
        if fault:
            raise ValueError(fault)
        return self

    @property
    def _has_proof(self) -> bool:
        shows = self.client_auth == "mtls"
        return shows or self.client_secret is not None or self.client_key is not None

    def _fault_of_urls(self) -> str | None:
        if self.issuer and self.token_url:
            return "issuer and token_url name the same server twice; keep one of them"
        return None

    def _fault_of_flow(self) -> str | None:
        """Return what the way in which tokens are got lacks."""

    def _fault_of_client(self) -> str | None:
        if not self.client_id:
            return "client_id is missing: the name of the bridge at that server"
        if self.client_auth == "private_key_jwt" and self.client_key is None:
            return "client_key is missing: private_key_jwt signs with it"
        if self.client_auth in ("basic", "post") and self.client_secret is None:
            return f'client_secret is missing: client_auth = "{self.client_auth}" sends it'
        return None


class OAuthTable(TokenServerTable):
    """`type = "oauth"`: tokens of an authorization server, renewed when they expire."""

    type: Literal["oauth"]
    registers: bool = Field(default=False, alias="register")
    flow: Flow | None = None
    authorization_url: ServerUrl | None = None
    device_url: ServerUrl | None = None
    revocation_url: ServerUrl | None = None
    redirect_port: Annotated[int, Field(ge=0, le=65_535)] = 0

    def _fault_of_flow(self) -> str | None:
        if self.token_url is None and (self.authorization_url or self.device_url):
            return "token_url is missing beside authorization_url or device_url"
        key = PERSON_URLS.get(self.flow or "")
        if self.token_url and key and getattr(self, key) is None:
            return f"{key} is missing: the flow {self.flow} needs it beside token_url"
        if self.flow == "client_credentials" and not self._has_proof:
            return "client_secret is missing (or client_key): client_credentials needs one"
        return None

    def _fault_of_client(self) -> str | None:
        if not self.registers:
            return super()._fault_of_client()
        if self.client_id:
            return "client_id names a client, and register would make one; keep one of them"
        if self._has_proof or self.client_auth or self.flow == "client_credentials":
            return "register makes a client without a secret, for persons who sign in"
        return None

    def credential(self) -> OAuth:
        """Return the credential that the table describes."""
        return OAuth(**{name: value for name, value in self if name != "type"})


class ExchangeTable(TokenServerTable):
    """`type = "exchange"`: a caller's own token is exchanged for one of the agent."""

    type: Literal["exchange"]
    grant: Exchange = "token-exchange"

    def _fault_of_flow(self) -> str | None:
        if not (self.issuer or self.token_url):
            return "issuer or token_url is missing: callers' tokens are sent to no other server"
        if self.grant == "entra-obo" and not self._has_proof:
            return "client_secret is missing (or client_key): entra-obo needs one"
        if self.grant == "entra-obo" and not self.scopes:
            return "scopes is missing: entra-obo names the agent by a scope"
        return None

    def credential(self) -> OAuth:
        """Return the credential that the table describes."""
        given = {name: value for name, value in self if name not in ("type", "grant")}
        return OAuth(**given, exchange=self.grant)
