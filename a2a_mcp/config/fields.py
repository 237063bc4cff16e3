"""The types of keys: what pydantic accepts for a secret, a path, an origin or a number of seconds.

Checks of plain text are in `values`; the tables that use these types are in `schema`, `auth` and
`limits`. Relative paths and sources of secrets are resolved with a `ValidationContext`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationInfo,
)

from a2a_mcp.a2a.auth.static import ConversationId, Secret
from a2a_mcp.config import values
from a2a_mcp.config.secrets import ValidationContext, read_secret, secret, secret_of

# Headers that hold nothing secret; a literal value of any other is masked like a credential.
PLAIN_HEADERS: Final = frozenset(
    {"accept", "accept-language", "a2a-extensions", "a2a-version", "user-agent", "x-a2a-extensions"}
)
BINDINGS: Final = {
    "jsonrpc": "JSONRPC",
    "json-rpc": "JSONRPC",
    "http+json": "HTTP+JSON",
    "rest": "HTTP+JSON",
    "grpc": "GRPC",
}


class Table(BaseModel):
    """A table of the file: unknown keys are faults, and values are not converted to fit."""

    model_config = ConfigDict(
        defer_build=True,  # the start builds only the tables that the file has
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


def _plain_headers(value: object) -> object:
    """Keep literal values of plain headers out of the register of secrets."""
    if not isinstance(value, dict):
        return value
    return {
        name: SecretStr(text)
        if isinstance(text, str) and str(name).lower() in PLAIN_HEADERS
        else text
        for name, text in value.items()
    }


def _header_value(value: object, info: ValidationInfo) -> Secret | ConversationId:
    """Accept the value of a header of all calls: a secret, or one made for each conversation."""
    if isinstance(value, ConversationId) or value == {"context": True}:
        return ConversationId()
    if isinstance(value, dict) and "context" in value:
        raise ValueError("context must be true and stand alone: { context = true }")
    return secret_of(value, info, values.header_value)


def _path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    return ValidationContext.of(info).path(value if isinstance(value, str) else "")


def _existing(path: Path, info: ValidationInfo) -> Path:
    context = ValidationContext.of(info)
    if context.resolve:
        context.files.add(path)
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
    return path


def _card(value: object, info: ValidationInfo) -> Path | dict[str, Any]:
    return value if isinstance(value, dict) else _path(value, info)


def _key_source(value: object, info: ValidationInfo) -> Path | str:
    """Accept a file, or the https URL of one."""
    if not isinstance(value, str) or "://" not in value:
        return _existing(_path(value, info), info)
    if not value.startswith("https://"):
        raise ValueError("must be a file, or begin with https://")
    return values.agent_url(value)


def _proxy(value: object, info: ValidationInfo) -> SecretStr:
    """Accept a proxy's URL; one that may hold a password is a secret, and so is the password."""
    if isinstance(value, str) and "@" not in value:
        return SecretStr(values.proxy_url(value))
    context = ValidationContext.of(info)
    url = read_secret(value, context, values.proxy_url)
    password = urlsplit(url.get_secret_value()).password
    if password:
        context.secrets.add(unquote(password))
    return url


def _state_key(value: object, info: ValidationInfo) -> SecretStr:
    return read_secret(value, ValidationContext.of(info), values.state_key)


def _binding(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.lower() not in BINDINGS:
        raise ValueError('must be "jsonrpc", "http+json" or "grpc"')
    return BINDINGS[value.lower()]


def _version(value: object) -> object:
    from a2a_mcp.a2a.versions.table import versions  # most files name no version

    names = [repr(name) for name in versions()]
    if repr(value) not in names:
        raise ValueError(f"must be {', '.join(names[:-1])} or {names[-1]}")
    return value


Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0)]
Wait = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(gt=0)]

HeaderName = Annotated[str, AfterValidator(values.header_name)]
HeaderSecret = Annotated[Secret, secret(values.header_value)]
HeaderValue = Annotated[Secret | ConversationId, PlainValidator(_header_value)]
HeaderValues = Annotated[dict[HeaderName, HeaderValue], BeforeValidator(_plain_headers)]
HeaderSecrets = Annotated[dict[HeaderName, HeaderSecret], BeforeValidator(_plain_headers)]
BearerToken = Annotated[Secret, secret(values.bearer_token)]
StateKey = Annotated[SecretStr, PlainValidator(_state_key)]

AgentName = Annotated[str, AfterValidator(values.agent_name)]
AgentUrl = Annotated[str, AfterValidator(values.agent_url)]
ProxyUrl = Annotated[SecretStr, PlainValidator(_proxy)]
HttpPath = Annotated[str, AfterValidator(values.http_path)]
FilePath = Annotated[Path, PlainValidator(_path)]
ExistingFile = Annotated[FilePath, AfterValidator(_existing)]
Card = Annotated[Path | dict[str, Any], PlainValidator(_card)]
KeySource = Annotated[Path | str, PlainValidator(_key_source)]
Version = Annotated[str, BeforeValidator(_version)]
Binding = Annotated[Literal["JSONRPC", "HTTP+JSON", "GRPC"], BeforeValidator(_binding)]

# TOML has arrays where the tables have tuples, so these are not strict.
FilePaths = Annotated[tuple[FilePath, ...], Field(strict=False)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(values.origin)], ...], Field(strict=False)]
OriginPatterns = Annotated[
    tuple[Annotated[str, AfterValidator(values.origin_pattern)], ...], Field(strict=False)
]
UrlPatterns = Annotated[
    tuple[Annotated[str, AfterValidator(values.url_pattern)], ...], Field(strict=False)
]
Toolsets = Annotated[tuple[Literal["push", "registry"], ...], Field(strict=False)]
HostPatterns = Annotated[
    tuple[Annotated[str, AfterValidator(values.host_pattern)], ...], Field(strict=False)
]
ExtensionUris = Annotated[
    tuple[Annotated[str, AfterValidator(values.extension_uri)], ...], Field(strict=False)
]
MediaTypes = Annotated[
    tuple[Annotated[str, AfterValidator(values.media_type)], ...], Field(strict=False)
]
