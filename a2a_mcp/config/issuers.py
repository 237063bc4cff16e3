"""The tables of who may call over HTTP with a token of an identity provider."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from a2a_mcp.a2a.auth.static import Secret
from a2a_mcp.config import values
from a2a_mcp.config.fields import Table, Text
from a2a_mcp.config.secrets import secret

IssuerName = Annotated[str, AfterValidator(values.issuer_name)]
IssuerUrl = Annotated[str, AfterValidator(values.server_url)]
Texts = Annotated[tuple[Text, ...], Field(strict=False)]


class IssuerTable(Table):
    """An identity provider whose access tokens are accepted.

    `audiences` empty means: the public URL of the bridge's endpoint. Each token needs all `scopes`.
    `owner_claim` names a person within the provider, `groups_claim` the groups of that person, by
    which the tables `access` give agents; a claim is a path with dots. As `client_id` the bridge
    signs people in itself, on its pages.
    """

    url: IssuerUrl
    audiences: Texts = ()
    scopes: Texts = ("a2a",)
    owner_claim: Text = "sub"
    groups_claim: Text = "groups"
    client_id: Text | None = None
    client_secret: Annotated[Secret, secret(str)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.client_secret is not None and self.client_id is None:
            raise ValueError("client_id is missing beside client_secret")
        return self
