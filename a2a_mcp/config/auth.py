"""The table `auth` of an agent: one table for each type of credential.

A table describes a credential of `a2a.auth`; it sends nothing and resolves no secret.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, PlainValidator
from pydantic_core import CoreSchema, core_schema

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.static import ApiKey, Basic, Bearer, Credential, Headers, Secret
from a2a_mcp.config import values
from a2a_mcp.config.fields import BearerToken, HeaderName, HeaderSecret, HeaderSecrets, Table
from a2a_mcp.config.oauth import OAuthTable
from a2a_mcp.config.secrets import read_text, secret


class BearerTable(Table):
    """`type = "bearer"`."""

    type: Literal["bearer"]
    token: BearerToken

    def credential(self) -> Bearer:
        """Return the credential that the table describes."""
        return Bearer(self.token)


class ApiKeyTable(Table):
    """`type = "api_key"`; where it goes is taken from the card if the table does not say."""

    type: Literal["api_key"]
    key: HeaderSecret
    location: Literal["header", "query", "cookie"] | None = Field(default=None, alias="in")
    name: HeaderName | None = None

    def credential(self) -> ApiKey:
        """Return the credential that the table describes."""
        return ApiKey(self.key, self.location, self.name)


class BasicTable(Table):
    """`type = "basic"` (RFC 7617)."""

    type: Literal["basic"]
    username: Annotated[str, PlainValidator(read_text), AfterValidator(values.username)]
    password: Annotated[Secret, secret(str)]

    def credential(self) -> Basic:
        """Return the credential that the table describes."""
        return Basic(self.username, self.password)


class HeadersTable(Table):
    """`type = "headers"`."""

    type: Literal["headers"]
    headers: Annotated[HeaderSecrets, Field(min_length=1)]

    def credential(self) -> Headers:
        """Return the credential that the table describes."""
        return Headers(self.headers)


AuthTable = BearerTable | ApiKeyTable | BasicTable | HeadersTable | OAuthTable
AUTH_TABLES: Final[dict[str, type[AuthTable]]] = {
    "bearer": BearerTable,
    "api_key": ApiKeyTable,
    "basic": BasicTable,
    "headers": HeadersTable,
    "oauth": OAuthTable,
}


class FromAuthTable:
    """Makes pydantic read a credential from the table that describes it."""

    def __get_pydantic_core_schema__(
        self, _source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        table = handler.generate_schema(Annotated[AuthTable, Field(discriminator="type")])
        return core_schema.no_info_wrap_validator_function(_credential, table)


def _credential(
    value: object, read: core_schema.ValidatorFunctionWrapHandler
) -> Credential | OAuth:
    if isinstance(value, Credential | OAuth):  # made in code, not read from a file
        return value
    table: AuthTable = read(value)
    return table.credential()
