"""Credentials for agents, and what they add to a request.

A credential belongs to an origin: this module only turns one into headers and query
parameters; the caller decides by origin whether they are attached. Secrets live in `SecretStr` and
leave it only here, in the moment a request is built. `scheme` is the name of the scheme in the card
that a credential is for, where the configuration says it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeGuard, runtime_checkable

from pydantic import SecretStr

if TYPE_CHECKING:
    from pathlib import Path

    from a2a_mcp.a2a.card_model import SecurityScheme

Secret = SecretStr | Callable[[], Awaitable[SecretStr]]
"""A secret at hand, or one that is fetched when it is first needed."""


@runtime_checkable
class Renewable(Protocol):
    """A secret that may be another when it is fetched again."""

    async def __call__(self) -> SecretStr:
        """Return the secret."""

    def refuse(self, text: str) -> bool:
        """Forget a value that a server refused; return whether there may be another one."""


API_KEY_HEADER: Final = "X-API-Key"
COOKIE: Final = "Cookie"


@dataclass(frozen=True, slots=True)
class Bearer:
    """`Authorization: Bearer …`."""

    token: Secret
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Basic:
    """`Authorization: Basic …`."""

    username: str
    password: Secret
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header, a query parameter or a cookie; the card says where if config does not."""

    key: Secret
    location: str | None = None
    name: str | None = None
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Headers:
    """Any headers."""

    headers: Mapping[str, Secret]
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Mtls:
    """A certificate of the bridge's own, shown when a connection is made; it adds to no request.

    `key` None: the key is in the file of the certificate. `changed` tells files that were replaced.
    """

    cert: Path
    key: Path | None = None
    password: SecretStr | None = None
    scheme: str | None = None
    changed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Aws:
    """Requests are signed for a service of AWS (SigV4), by a profile of AWS's configuration."""

    region: str
    service: str = "bedrock-agentcore"
    profile: str | None = None
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationId:
    """The value of a header that is the same for all calls of a conversation, and for no other."""


Credential = Bearer | Basic | ApiKey | Headers


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a credential adds to one request.

    `renew` is called once after a 401: it returns what to try instead, or None where there is
    nothing better. It raises as the making of the attachment did. `sign` makes further headers of
    a whole request.
    """

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    params: dict[str, str] = field(default_factory=dict, repr=False)
    renew: Renew | None = field(default=None, repr=False, compare=False)
    sign: Sign | None = field(default=None, repr=False, compare=False)


Renew = Callable[[], Awaitable[Attachment | None]]
Sign = Callable[[str, str, Mapping[str, str], bytes], Mapping[str, str]]
"""Returns the headers that sign a request: its verb, URL, headers and body."""


async def reveal(secret: Secret) -> str:
    """Return the secret's text, fetched where needed; raises what its source raises."""
    value = secret if isinstance(secret, SecretStr) else await secret()
    return value.get_secret_value()


def joined(attachments: Sequence[Attachment]) -> Attachment:
    """Return what several credentials add together; of two headers of one name the later counts."""
    if len(attachments) == 1:
        return attachments[0]
    headers: dict[str, str] = {}
    for each in attachments:
        headers |= each.headers
    if cookies := [each.headers[COOKIE] for each in attachments if COOKIE in each.headers]:
        headers[COOKIE] = "; ".join(cookies)
    params = {name: text for each in attachments for name, text in each.params.items()}
    sign = next((each.sign for each in attachments if each.sign), None)
    return Attachment(headers, params, _renewal(attachments), sign)


def _renewal(attachments: Sequence[Attachment]) -> Renew | None:
    """Return what renews each that can be, and leaves the others as they are."""
    if not any(each.renew for each in attachments):
        return None

    async def renew() -> Attachment | None:
        renewed = [await each.renew() if each.renew else None for each in attachments]
        if not any(renewed):
            return None
        return joined([new or old for new, old in zip(renewed, attachments, strict=True)])

    return renew


async def attach(credential: Credential, scheme: SecurityScheme | None = None) -> Attachment:
    """Return what a credential adds to a request; `scheme` says where an API key goes.

    Secrets that can be fetched again are, once after a refusal.
    """
    used: list[tuple[Renewable, str]] = []

    async def told(secret: Secret) -> str:
        text = await reveal(secret)
        if _may_change(secret):
            used.append((secret, text))
        return text

    made = await _made(credential, scheme, told)

    async def renew() -> Attachment | None:
        changed = [source.refuse(text) for source, text in used]  # each, not only the first
        if not any(changed):
            return None
        again = await attach(credential, scheme)
        return None if again == made else again

    return replace(made, renew=renew) if used else made


def _may_change(secret: Secret) -> TypeGuard[Renewable]:
    return not isinstance(secret, SecretStr) and isinstance(secret, Renewable)


async def _made(
    credential: Credential, scheme: SecurityScheme | None, told: Callable[[Secret], Awaitable[str]]
) -> Attachment:
    match credential:
        case Bearer(token):
            return Attachment({"Authorization": f"Bearer {await told(token)}"})
        case Basic(username, password):
            pair = f"{username}:{await told(password)}".encode()
            return Attachment({"Authorization": f"Basic {b64encode(pair).decode()}"})
        case Headers(headers):
            return Attachment({name: await told(value) for name, value in headers.items()})
        case ApiKey():
            return _api_key(credential, await told(credential.key), scheme)


def _api_key(credential: ApiKey, key: str, scheme: SecurityScheme | None) -> Attachment:
    declared = scheme if scheme and scheme.kind == "apiKey" else None
    name = credential.name or (declared and declared.name) or API_KEY_HEADER
    match credential.location or (declared and declared.location):
        case "query":
            return Attachment(params={name: key})
        case "cookie":
            return Attachment({COOKIE: f"{name}={key}"})
        case _:
            return Attachment({name: key})
