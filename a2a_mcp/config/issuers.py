"""The tables of who may call over HTTP with a token of an identity provider."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

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
    signs people in itself, on its pages. `tokens` are JWTs, or any that the provider is asked for
    by that client.
    """

    url: IssuerUrl
    audiences: Texts = ()
    scopes: Texts = ("a2a",)
    owner_claim: Text = "sub"
    groups_claim: Text = "groups"
    tokens: Literal["jwt", "introspection"] = "jwt"
    client_id: Text | None = None
    client_secret: Annotated[Secret, secret(str)] | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the provider itself says of each token whether it is valid."""
        return self.tokens == "introspection"

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.client_secret is not None and self.client_id is None:
            raise ValueError("client_id is missing beside client_secret")
        if self.is_asked and self.client_secret is None:
            raise ValueError('tokens = "introspection" needs client_id and client_secret')
        return self


def check_issuers(issuers: Iterable[IssuerTable]) -> None:
    """Check that each token leads to one of the issuers; raises ValueError."""
    tables = list(issuers)
    if len({table.url for table in tables}) < len(tables):
        raise ValueError("two issuers have the same url")
    if sum(table.is_asked for table in tables) > 1:
        # A token that is no JWT does not say whose it is, and no provider may see another's.
        raise ValueError('only one issuer may have tokens = "introspection"')
