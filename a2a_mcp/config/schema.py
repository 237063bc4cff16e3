"""The tables of `agents.toml`: every key, its type, its default and what makes it a mistake.

Values only: `config` reads the file and the environment, and hands over what it read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from a2a_mcp.a2a.auth.static import ApiKey, Basic, Bearer, Credential, Headers, Secret
from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.versions.table import versions
from a2a_mcp.config import values
from a2a_mcp.config.secrets import Sources, read_secret, read_text, secret
from a2a_mcp.text.urls import is_private_link

MIB: Final = 1024 * 1024

# Headers that say nothing secret; a literal value of any other is masked like a credential.
PLAIN_HEADERS: Final = frozenset(
    {"accept", "accept-language", "a2a-extensions", "a2a-version", "user-agent", "x-a2a-extensions"}
)
BINDINGS: Final = {
    "jsonrpc": "JSONRPC",
    "json-rpc": "JSONRPC",
    "http+json": "HTTP+JSON",
    "rest": "HTTP+JSON",
}


def _plain_headers(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {
        name: SecretStr(text)
        if isinstance(text, str) and str(name).lower() in PLAIN_HEADERS
        else text
        for name, text in value.items()
    }


def _path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be the name of a file or folder in quotes")
    return Sources.of(info).path(value)


def _existing(path: Path, info: ValidationInfo) -> Path:
    sources = Sources.of(info)
    if sources.resolve:
        sources.files.add(path)
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
    return path


def _card(value: object, info: ValidationInfo) -> Path | dict[str, JSON]:
    return value if isinstance(value, dict) else _path(value, info)


def _proxy(value: object, info: ValidationInfo) -> SecretStr:
    sources = Sources.of(info)
    if isinstance(value, str) and "@" not in value:
        return SecretStr(values.proxy_url(value))
    url = read_secret(value, sources, values.proxy_url)
    password = urlsplit(url.get_secret_value()).password
    if password:
        sources.secrets.add(unquote(password))
    return url


def _state_key(value: object, info: ValidationInfo) -> SecretStr:
    return read_secret(value, Sources.of(info), values.state_key)


def _binding(value: object) -> object:
    if isinstance(value, str) and value.lower() not in BINDINGS:
        raise ValueError('must be "jsonrpc" or "http+json"')
    return BINDINGS[value.lower()] if isinstance(value, str) else value


def _version(value: object) -> object:
    names = [repr(name) for name in versions()]
    if repr(value) not in names:
        raise ValueError(f"must be {', '.join(names[:-1])} or {names[-1]}")
    return value


HeaderName = Annotated[str, AfterValidator(values.header_name)]
HeaderSecret = Annotated[Secret, secret(values.header_value)]
BearerToken = Annotated[Secret, secret(values.bearer_token)]
HeaderSecrets = Annotated[dict[HeaderName, HeaderSecret], BeforeValidator(_plain_headers)]
FilePath = Annotated[Path, PlainValidator(_path)]
Seconds = Annotated[float, Field(gt=0)]
Wait = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(gt=0)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(values.origin)], ...], Field(strict=False)]


class Table(BaseModel):
    """A table of the file: unknown keys are mistakes, values are not bent to fit."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class BearerTable(Table):
    """`type = "bearer"`."""

    type: Literal["bearer"]
    token: BearerToken

    def credential(self) -> Bearer:
        """Give the credential that the table describes."""
        return Bearer(self.token)


class ApiKeyTable(Table):
    """`type = "api_key"`; where it goes is taken from the card if the table does not say."""

    type: Literal["api_key"]
    key: HeaderSecret
    location: Literal["header", "query", "cookie"] | None = Field(default=None, alias="in")
    name: HeaderName | None = None

    def credential(self) -> ApiKey:
        """Give the credential that the table describes."""
        return ApiKey(self.key, self.location, self.name)


class BasicTable(Table):
    """`type = "basic"` (RFC 7617)."""

    type: Literal["basic"]
    username: Annotated[str, PlainValidator(read_text), AfterValidator(values.username)]
    password: Annotated[Secret, secret(str)]

    def credential(self) -> Basic:
        """Give the credential that the table describes."""
        return Basic(self.username, self.password)


class HeadersTable(Table):
    """`type = "headers"`."""

    type: Literal["headers"]
    headers: Annotated[HeaderSecrets, Field(min_length=1)]

    def credential(self) -> Headers:
        """Give the credential that the table describes."""
        return Headers(self.headers)


AuthTable = BearerTable | ApiKeyTable | BasicTable | HeadersTable
AUTH_TABLES: Final[dict[str, type[AuthTable]]] = {
    "bearer": BearerTable,
    "api_key": ApiKeyTable,
    "basic": BasicTable,
    "headers": HeadersTable,
}


class _FromAuthTable:
    """Reads a credential as the table that describes it."""

    def __get_pydantic_core_schema__(
        self, _source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        table = handler.generate_schema(Annotated[AuthTable, Field(discriminator="type")])
        return core_schema.no_info_wrap_validator_function(_credential, table)


def _credential(value: object, read: core_schema.ValidatorFunctionWrapHandler) -> Credential:
    if isinstance(value, Credential):
        return value
    table: AuthTable = read(value)
    return table.credential()


class Limits(Table):
    """Bounds of one agent, in seconds and bytes (threats 5)."""

    connect_seconds: Seconds = 10.0
    call_seconds: Seconds = 30.0
    card_seconds: Seconds = 15.0
    idle_seconds: Seconds = 60.0
    body_bytes: Count = 16 * MIB
    card_bytes: Count = MIB
    event_bytes: Count = 4 * MIB
    stream_bytes: Count = 64 * MIB
    concurrency: Count = 64


class AgentConfig(Table):
    """One agent, as the configuration wants it: where it is, what it is shown, what it may cost.

    `card` is a file or the card itself, as on the wire; `allowed_origins` are further origins that
    may receive calls and credentials. None means: as the card says, or as `[server]` says.
    """

    name: Annotated[str, AfterValidator(values.agent_name)]
    url: Annotated[str, AfterValidator(values.agent_url)] | None = None
    card: Annotated[Path | dict[str, JSON], PlainValidator(_card)] | None = None
    description: str | None = None
    enabled: bool = True
    version: Annotated[str, BeforeValidator(_version)] | None = None
    binding: Annotated[Literal["JSONRPC", "HTTP+JSON"], BeforeValidator(_binding)] | None = None
    tenant: Annotated[str, Field(min_length=1)] | None = None
    headers: HeaderSecrets = {}
    auth: Annotated[Credential, _FromAuthTable()] | None = None
    allowed_origins: Origins = ()
    allow_http: bool = False
    fetch: bool = False
    ca_file: Annotated[FilePath, AfterValidator(_existing)] | None = None
    proxy: Annotated[SecretStr, PlainValidator(_proxy)] | None = None
    limits: Limits = Limits()
    wait_seconds: Wait | None = None
    max_wait_seconds: Wait | None = None
    on_cancel: Literal["leave", "cancel"] = "leave"
    extensions: Annotated[
        tuple[Annotated[str, AfterValidator(values.extension_uri)], ...], Field(strict=False)
    ] = ()
    ask_user: bool = False
    output_modes: Annotated[
        tuple[Annotated[str, AfterValidator(values.media_type)], ...], Field(strict=False)
    ] = ()

    @property
    def has_credentials(self) -> bool:
        """Whether requests carry something that must not be read on the way."""
        return self.auth is not None or any(h.lower() not in PLAIN_HEADERS for h in self.headers)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.url is None and self.card is None:
            raise ValueError("url or card is missing")
        _refuse_more_than_most(self.wait_seconds, self.max_wait_seconds)
        if self.has_credentials and not (self.allow_http or self._is_private()):
            raise ValueError(
                "credentials would travel over plain http, readable on the way; "
                "use https, or set allow_http = true"
            )
        return self

    def _is_private(self) -> bool:
        targets = [self.url, *self.allowed_origins] if self.url else self.allowed_origins
        return all(map(is_private_link, targets))


class ServerConfig(Table):
    """The bridge itself: waiting and size of results, its state, its HTTP side.

    `tokens` are what callers over HTTP show, by the principal that each stands for.
    """

    wait_seconds: Wait = 45.0
    max_wait_seconds: Wait = 50.0
    ask_seconds: Seconds = 3600.0
    result_bytes: Annotated[int, Field(ge=1_000)] = 10_000
    durability: Literal["normal", "full"] = "normal"
    keep_days: Annotated[int, Field(ge=0)] = 30
    keep_bytes: Annotated[int, Field(ge=0)] = 1024 * MIB
    state_dir: FilePath | None = None
    files_dir: FilePath | None = None
    file_roots: Annotated[tuple[FilePath, ...], Field(strict=False)] = ()
    state_key: Annotated[SecretStr, PlainValidator(_state_key)] | None = None
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    path: Annotated[str, AfterValidator(values.http_path)] = "/mcp"
    allowed_hosts: Annotated[
        tuple[Annotated[str, AfterValidator(values.host_pattern)], ...], Field(strict=False)
    ] = ()
    allowed_origins: Annotated[
        tuple[Annotated[str, AfterValidator(values.origin_pattern)], ...], Field(strict=False)
    ] = ()
    tokens: dict[Annotated[str, Field(min_length=1)], BearerToken] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse_more_than_most(self.wait_seconds, self.max_wait_seconds)
        return self


def _refuse_more_than_most(wait: float | None, most: float | None) -> None:
    if wait is not None and most is not None and wait > most:
        raise ValueError("wait_seconds must not be more than max_wait_seconds")


class FileTable(Table):
    """The file as a whole; each agent is read on its own, so that one mistake costs one agent."""

    default_agent: str | None = None
    server: ServerConfig = ServerConfig()
    agents: dict[str, Any] = {}
