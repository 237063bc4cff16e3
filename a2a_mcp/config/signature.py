"""The table `signature` of an agent: whose signature its card must have."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from a2a_mcp.config import values
from a2a_mcp.config.fields import KeySource, Table

Algorithm = Literal[
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
]
HostName = Annotated[str, AfterValidator(values.host_name)]


class SignatureTable(Table):
    """Which keys may sign the card; with `require` a card that none of them signed is refused.

    `keys` is a file or an https URL; `jku_hosts` are hosts from which a card may name its keys.
    `algorithms` empty means: those of the keys.
    """

    require: bool = False
    keys: KeySource | None = None
    jku_hosts: Annotated[tuple[HostName, ...], Field(strict=False)] = ()
    algorithms: Annotated[tuple[Algorithm, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if self.keys is None and not self.jku_hosts:
            raise ValueError("keys is missing: a file or an https URL (or jku_hosts)")
        return self
