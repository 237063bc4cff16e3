"""The table `auth` of an agent: one table for each type of credential.

A table describes a credential of `a2a.auth`; it sends nothing and resolves no secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    SecretStr,
    ValidationInfo,
)
from pydantic_core import CoreSchema, core_schema

from a2a_mcp.a2a.auth.oauth.settings import AnyCredential, OAuth
from a2a_mcp.a2a.auth.static import ApiKey, Aws, Basic, Bearer, Headers, Mtls, Secret
from a2a_mcp.config import values
from a2a_mcp.config.fields import (
    BearerToken,
    ExistingFile,
    HeaderName,
    HeaderSecret,
    HeaderSecrets,
    Table,
    Text,
)
from a2a_mcp.config.oauth import ExchangeTable, OAuthTable
from a2a_mcp.config.secrets import ValidationContext, read_secret, read_text, secret


class CredentialTable(Table):
    """What every table has: `scheme` is the name of the one in the card that it is for."""

    scheme: Text | None = None


class BearerTable(CredentialTable):
    """`type = "bearer"`."""

    type: Literal["bearer"]
    token: BearerToken

    def credential(self) -> Bearer:
        """Return the credential that the table describes."""
        return Bearer(self.token, self.scheme)


class ApiKeyTable(CredentialTable):
    """`type = "api_key"`; where it goes is taken from the card if the table does not say."""

    type: Literal["api_key"]
    key: HeaderSecret
    location: Literal["header", "query", "cookie"] | None = Field(default=None, alias="in")
    name: HeaderName | None = None

    def credential(self) -> ApiKey:
        """Return the credential that the table describes."""
        return ApiKey(self.key, self.location, self.name, self.scheme)


class BasicTable(CredentialTable):
    """`type = "basic"` (RFC 7617)."""

    type: Literal["basic"]
    username: Annotated[str, PlainValidator(read_text), AfterValidator(values.username)]
    password: Annotated[Secret, secret(str)]

    def credential(self) -> Basic:
        """Return the credential that the table describes."""
        return Basic(self.username, self.password, self.scheme)


class HeadersTable(CredentialTable):
    """`type = "headers"`."""

    type: Literal["headers"]
    headers: Annotated[HeaderSecrets, Field(min_length=1)]

    def credential(self) -> Headers:
        """Return the credential that the table describes."""
        return Headers(self.headers, self.scheme)


def _password(value: object, info: ValidationInfo) -> SecretStr:
    return read_secret(value, ValidationContext.of(info), str)


class MtlsTable(CredentialTable):
    """`type = "mtls"`; without `key` the file of the certificate holds the key as well."""

    type: Literal["mtls"]
    cert: ExistingFile
    key: ExistingFile | None = None
    password: Annotated[SecretStr, PlainValidator(_password)] | None = None

    def credential(self) -> Mtls:
        """Return the credential that the table describes."""
        files = [self.cert, *([self.key] if self.key else [])]
        changed = tuple(file.stat().st_mtime_ns for file in files if file.is_file())
        return Mtls(self.cert, self.key, self.password, self.scheme, changed)


class AwsTable(CredentialTable):
    """`type = "aws"`: requests are signed; who signs is found as AWS's own tools find it."""

    type: Literal["aws"]
    region: Text
    service: Text = "bedrock-agentcore"
    profile: Text | None = None

    def credential(self) -> Aws:
        """Return the credential that the table describes."""
        return Aws(self.region, self.service, self.profile, self.scheme)


StaticTable = BearerTable | ApiKeyTable | BasicTable | HeadersTable
AuthTable = StaticTable | OAuthTable | ExchangeTable | MtlsTable | AwsTable
AUTH_TABLES: Final[dict[str, type[AuthTable]]] = {
    "bearer": BearerTable,
    "api_key": ApiKeyTable,
    "basic": BasicTable,
    "headers": HeadersTable,
    "oauth": OAuthTable,
    "exchange": ExchangeTable,
    "mtls": MtlsTable,
    "aws": AwsTable,
}

ONE: Final = "one"
SEVERAL: Final = "several"


class FromAuthTable:
    """Makes pydantic read the credentials of an agent from one table, or from a list of them."""

    def __get_pydantic_core_schema__(
        self, _source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        table = handler.generate_schema(Annotated[AuthTable, Field(discriminator="type")])
        either = core_schema.tagged_union_schema(
            {ONE: table, SEVERAL: core_schema.list_schema(table)}, discriminator=_how_many
        )
        return core_schema.no_info_wrap_validator_function(_credentials, either)


def _how_many(value: object) -> str:
    return SEVERAL if isinstance(value, list) else ONE


def _credentials(
    value: object, read: core_schema.ValidatorFunctionWrapHandler
) -> tuple[AnyCredential, ...]:
    if isinstance(value, AnyCredential):  # made in code, not read from a file
        return (value,)
    if isinstance(value, tuple):
        return value
    tables: AuthTable | list[AuthTable] = read(value)
    listed = tables if isinstance(tables, list) else [tables]
    found = tuple(table.credential() for table in listed)
    check_together(found)
    return found


def check_together(credentials: Sequence[AnyCredential]) -> None:
    """Raise ValueError for credentials that cannot be told apart."""
    for kind, name in ((OAuth, "oauth or exchange"), (Mtls, "mtls"), (Aws, "aws")):
        if sum(isinstance(each, kind) for each in credentials) > 1:
            raise ValueError(f"has two tables of the type {name}; an agent has one at most")
    shows = any(isinstance(each, OAuth) and each.client_auth == "mtls" for each in credentials)
    if shows and not any(isinstance(each, Mtls) for each in credentials):
        raise ValueError('client_auth = "mtls" shows the certificate of a table of the type mtls')
