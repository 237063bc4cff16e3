"""The tables of who may call over HTTP with a token of an identity provider."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from a2a_mcp.config import values
from a2a_mcp.config.fields import Table, Text

IssuerName = Annotated[str, AfterValidator(values.issuer_name)]
IssuerUrl = Annotated[str, AfterValidator(values.server_url)]
Texts = Annotated[tuple[Text, ...], Field(strict=False)]


class IssuerTable(Table):
    """An identity provider whose access tokens are accepted.

    `audiences` empty means: the public URL of the bridge's endpoint. Each token needs all `scopes`.
    `owner_claim` names a person within the provider, `groups_claim` the groups of that person, by
    which the tables `access` give agents; a claim is a path with dots.
    """

    url: IssuerUrl
    audiences: Texts = ()
    scopes: Texts = ("a2a",)
    owner_claim: Text = "sub"
    groups_claim: Text = "groups"
