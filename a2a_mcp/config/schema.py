"""The tables of `agents.toml`: every key, its type, its default, and rules between keys.

Values only: `load` reads the file and the environment. The types of keys are in `fields`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from a2a_mcp.a2a.auth.oauth.settings import AnyCredential, OAuth
from a2a_mcp.a2a.auth.static import ConversationId, Mtls
from a2a_mcp.config.access import AccessRule
from a2a_mcp.config.admin import AdminTable
from a2a_mcp.config.auth import FromAuthTable
from a2a_mcp.config.fields import (
    PLAIN_HEADERS,
    AgentName,
    AgentUrl,
    BearerToken,
    Binding,
    Card,
    Count,
    ExistingFile,
    ExtensionUris,
    FilePath,
    FilePaths,
    HeaderValues,
    HostPatterns,
    HttpPath,
    MediaTypes,
    OriginPatterns,
    Origins,
    ProxyUrl,
    Seconds,
    StateKey,
    Table,
    Text,
    Toolsets,
    UrlPatterns,
    Version,
    Wait,
)
from a2a_mcp.config.issuers import IssuerName, IssuerTable, IssuerUrl, check_issuers
from a2a_mcp.config.limits import MIB, CallerLimits, Limits
from a2a_mcp.config.push import PushTable
from a2a_mcp.config.signature import SignatureTable
from a2a_mcp.config.store import StoreTable
from a2a_mcp.text.urls import is_private_link


class AgentConfig(Table):
    """One agent: where it is, what is sent to it, and what it may cost.

    `endpoint` is the URL that calls go to, whatever the card says. `card` is a file or the card
    itself, as on the wire; `allowed_origins` are further origins that may receive calls and
    credentials. None means: as the card says, or as `[server]` says. With `catalog` the table is a
    list of agents, each of which has the other keys.
    """

    name: AgentName
    url: AgentUrl | None = None
    catalog: AgentUrl | None = None
    endpoint: AgentUrl | None = None
    card: Card | None = None
    signature: SignatureTable | None = None
    pin: bool = False
    description: str | None = None
    enabled: bool = True
    version: Version | None = None
    binding: Binding | None = None
    tenant: Text | None = None
    tenants: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    headers: HeaderValues = Field(default={})
    auth: Annotated[tuple[AnyCredential, ...], FromAuthTable()] | None = None
    allowed_origins: Origins = ()
    allow_http: bool = False
    fetch: bool = False
    ca_file: ExistingFile | None = None
    proxy: ProxyUrl | None = None
    limits: Limits = Field(default_factory=Limits)
    wait_seconds: Wait | None = None
    max_wait_seconds: Wait | None = None
    on_cancel: Literal["leave", "cancel"] = "leave"
    extensions: ExtensionUris = ()
    ask_user: bool = False
    confirm: bool = False
    trace: bool = True
    output_modes: MediaTypes = ()

    @property
    def has_credentials(self) -> bool:
        """Return whether requests carry something that must not be read on the way."""
        return bool(self.auth) or self.has_secret_headers

    @property
    def has_secret_headers(self) -> bool:
        """Return whether a header of all requests may hold a credential."""
        return any(
            name.lower() not in PLAIN_HEADERS and not isinstance(value, ConversationId)
            for name, value in self.headers.items()
        )

    @property
    def oauth(self) -> OAuth | None:
        """How tokens of OAuth are got for the agent; None where it takes none."""
        return next((each for each in self.auth or () if isinstance(each, OAuth)), None)

    @property
    def mtls(self) -> Mtls | None:
        """The certificate that the bridge shows the agent; None where it shows none."""
        return next((each for each in self.auth or () if isinstance(each, Mtls)), None)

    @property
    def is_personal(self) -> bool:
        """Return whether each owner has a token of the agent for himself."""
        return self.exchanges or (self.oauth is not None and self.oauth.may_need_person)

    @property
    def exchanges(self) -> bool:
        """Return whether a caller's own token becomes one for the agent."""
        return self.oauth is not None and self.oauth.exchange is not None

    @property
    def follows_conversations(self) -> bool:
        """Return whether a header has a value that is made for each conversation."""
        return any(isinstance(value, ConversationId) for value in self.headers.values())

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.url is None and self.card is None and self.catalog is None:
            raise ValueError("url or card is missing")
        if self.catalog and (self.url or self.card or self.endpoint):
            raise ValueError("catalog is a list of agents, it has no url, card or endpoint")
        if self.pin and self.card is not None:
            raise ValueError("pin is for a card that is fetched, and card is set")
        if self.mtls and any(map(_is_plain, self._targets())):
            raise ValueError("mtls needs TLS: the certificate would never be shown over plain http")
        _check_waits(self.wait_seconds, self.max_wait_seconds)
        if not self.allow_http and any(map(_is_plain_grpc, self._targets())):
            raise ValueError("grpc:// is without TLS; use grpcs://, or set allow_http = true")
        if self.binding == "GRPC" and self.endpoint and urlsplit(self.endpoint).path.strip("/"):
            raise ValueError("gRPC has no path: endpoint must be grpcs://host:port")
        if self.has_credentials and not (self.allow_http or self._is_private()):
            raise ValueError(
                "credentials would travel over plain http, readable on the way; "
                "use https, or set allow_http = true"
            )
        return self

    def _is_private(self) -> bool:
        return all(map(is_private_link, self._targets()))

    def _targets(self) -> list[str]:
        targets = [self.url, self.catalog, self.endpoint, *self.allowed_origins]
        return [target for target in targets if target]


class ServerConfig(Table):
    """The bridge itself: how long it waits, the size of results, its state, its HTTP server.

    `tools` are those that begin work: send_task, one for each skill, or both. `toolsets` are
    further tools, `push_targets` the URLs that they may let an agent post to, `registrable` those
    at which they may register an agent. `apps` is a view of the caller's tasks, which some hosts
    render. At `push` the bridge itself is told. `store` is a database
    that many processes share in the place of the state folder. `tokens` are the bearer tokens that
    HTTP clients send, by the name of the client; `issuers` the identity providers at which people
    sign in to the bridge at `public_url`. With `sessions` "none" every request of a host stands
    alone, so that any process may answer it.
    """

    wait_seconds: Wait = 45.0
    max_wait_seconds: Wait = 50.0
    ask_seconds: Seconds = 3600.0
    result_bytes: Annotated[int, Field(ge=1_000)] = 10_000
    durability: Literal["normal", "full"] = "normal"
    keep_days: Annotated[int, Field(ge=0)] = 30
    keep_bytes: Annotated[int, Field(ge=0)] = 1024 * MIB
    keep_titles: bool = True
    max_followed: Annotated[int, Field(ge=1)] = 2_000
    updates_bytes: Annotated[int, Field(ge=0)] = 64 * MIB
    state_dir: FilePath | None = None
    files_dir: FilePath | None = None
    file_roots: FilePaths = ()
    state_key: StateKey | None = None
    logins: Literal["file", "keyring"] = "file"
    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    path: HttpPath = "/mcp"
    allowed_hosts: HostPatterns = ()
    allowed_origins: OriginPatterns = ()
    admin: AdminTable | None = None
    drain_seconds: Wait = 0.0
    workers: Count = 1
    sessions: Literal["sticky", "none"] = "sticky"
    read_only: bool = False
    tools: Literal["tasks", "skills", "both"] = "tasks"
    toolsets: Toolsets = ()
    apps: bool = False
    push_targets: UrlPatterns = ()
    registrable: UrlPatterns = ()
    push: PushTable | None = None
    tokens: dict[Text, BearerToken] = Field(default={})
    public_url: IssuerUrl | None = None
    issuers: dict[IssuerName, IssuerTable] = Field(default={})
    access: Annotated[tuple[AccessRule, ...], Field(strict=False)] = ()
    limits: CallerLimits = Field(default_factory=CallerLimits)
    store: StoreTable | None = None
    audit_file: FilePath | None = None

    @property
    def offers_skills(self) -> bool:
        """Whether skills are tools; each of them sends."""
        return self.tools != "tasks" and not self.read_only

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_waits(self.wait_seconds, self.max_wait_seconds)
        if self.issuers and not self.public_url:
            raise ValueError("public_url is missing: the address at which hosts reach the bridge")
        if self.access and not (self.issuers or self.tokens):
            raise ValueError("access needs issuers or tokens: without them all callers are one")
        if self.store and not self.state_key:
            raise ValueError("state_key is missing: processes that share a store must share a key")
        if self.store and self.logins == "keyring":
            raise ValueError('logins must be "file": no keyring is shared as the store is')
        if self.tools == "skills" and (self.access or "registry" in self.toolsets):
            raise ValueError(
                'tools = "skills" would leave out the agents that not every caller may use; '
                'with access or the toolset registry use "both"'
            )
        check_issuers(self.issuers.values())
        return self


def _is_plain(url: str) -> bool:
    return url.startswith(("http:", "grpc:"))


def _is_plain_grpc(url: str) -> bool:
    return url.startswith("grpc:") and not is_private_link(url)


def _check_waits(wait: float | None, most: float | None) -> None:
    if wait is not None and most is not None and wait > most:
        raise ValueError("wait_seconds must not be more than max_wait_seconds")


class FileTable(Table):
    """The whole file; each agent is validated on its own, so a fault disables only that agent."""

    default_agent: str | None = None
    server: ServerConfig = Field(default_factory=ServerConfig)
    agents: dict[str, Any] = Field(default={})
