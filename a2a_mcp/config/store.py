"""The table `store` of the server: a database that many processes and machines share."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Annotated, Final, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    model_validator,
)

from a2a_mcp.config import values
from a2a_mcp.config.fields import Seconds, Table
from a2a_mcp.config.secrets import ValidationContext, read_secret

HEARTBEATS_OF_A_DEAD_PROCESS: Final = 3
PLACES: Final = ("s3", "gs", "az", "file")
EXTRA_MISSING = 'PostgreSQL needs the extra: in the clone, uv tool install ".[postgres]"'

OBJECTS_MISSING = 'files needs the extra: in the clone, uv tool install ".[postgres,objects]"'
NOT_A_PLACE = (
    "must be s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder"
)

NOT_ON_WINDOWS = (
    "the library for PostgreSQL does not run in Windows' event loop; leave [server.store] out"
)


def _database_url(value: object, info: ValidationInfo) -> SecretStr:
    """Accept the URL of a database; it is a secret, and so is a password in it."""
    context = ValidationContext.of(info)
    url = read_secret(value, context, values.database_url)
    password = urlsplit(url.get_secret_value()).password
    if password:
        context.secrets.add(unquote(password))
    return url


def _place_of_files(value: str) -> str:
    """Accept the URL of object storage; keys for it come from the environment, not from here."""
    parts = urlsplit(value)
    named = parts.path.strip("/") if parts.scheme == "file" else parts.hostname
    if parts.scheme not in PLACES or not named or parts.username or parts.query:
        raise ValueError(NOT_A_PLACE)
    return value


DatabaseUrl = Annotated[SecretStr, PlainValidator(_database_url)]


class StoreTable(Table):
    """The database, how many connections a process has, and how often it says that it lives.

    A process that has not said so for three `heartbeat_seconds` counts as dead: its tasks are
    followed by another one. `direct_url` is the same database without a pooler. With `audit_days`
    the lines of the audit are in the database, so long.
    Results larger than `inline_bytes` are in the object storage `files`, if that is set.
    """

    url: DatabaseUrl
    direct_url: DatabaseUrl | None = None
    pool: Annotated[int, Field(ge=2)] = 8
    heartbeat_seconds: Seconds = 5.0
    audit_days: Annotated[int, Field(ge=0)] = 0
    files: Annotated[str, AfterValidator(_place_of_files)] | None = None
    inline_bytes: Annotated[int, Field(ge=0)] = 1024 * 1024

    @model_validator(mode="after")
    def _has_library(self) -> Self:
        if sys.platform == "win32":
            raise ValueError(NOT_ON_WINDOWS)
        if find_spec("psycopg") is None:
            raise ValueError(EXTRA_MISSING)
        if self.files and find_spec("obstore") is None:
            raise ValueError(OBJECTS_MISSING)
        return self

    @property
    def direct(self) -> str | None:
        """Return `direct_url` as text."""
        return self.direct_url.get_secret_value() if self.direct_url else None

    @property
    def dead_after(self) -> float:
        """Return after how many seconds without a word a process counts as dead."""
        return HEARTBEATS_OF_A_DEAD_PROCESS * self.heartbeat_seconds
