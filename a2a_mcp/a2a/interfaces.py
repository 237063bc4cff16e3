"""Choose the interfaces of a card that can be used, best first, and say why others cannot.

It must never call an agent, or use an origin that is not allowed. What this library speaks stands
in `versions.table`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final

from a2a_mcp.a2a.card_model import AgentCard, AgentInterface
from a2a_mcp.a2a.errors import A2AError, ExtraMissing, NoCommonInterface, UrlRefused
from a2a_mcp.a2a.grpc import addresses
from a2a_mcp.a2a.http.card_addresses import Settled, settle, without_card_path
from a2a_mcp.a2a.http.origins import Origin, origin_of, plain
from a2a_mcp.a2a.versions import table
from a2a_mcp.a2a.versions.base import Dialect

# Seen on: LangGraph. A conversation there is a thread, and only the server creates threads.
OWN_THREADS: Final = re.compile(r"/a2a/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/?$")

GRPC_MISSING: Final = 'gRPC needs the extra: in the clone, uv tool install ".[grpc]"'


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of a card that this library can speak to.

    `note` says how it differs from the card; `declared` is the version that the card declares.
    `conversation` is the value of headers that follow a conversation, where a call belongs to one.
    """

    url: str
    dialect: Dialect
    tenant: str | None = None
    note: str | None = field(default=None, compare=False)
    declared: str = field(default="", compare=False)
    conversation: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Return where it is, as it may be shown: without query, and for gRPC as a URL of gRPC."""
        if self.dialect.binding == "GRPC":
            return addresses.grpc_form(origin_of(self.url))
        return plain(self.url)

    @property
    def takes_contexts(self) -> bool:
        """Return whether the client may choose the id of a new conversation."""
        return self.dialect.client_context and not OWN_THREADS.search(self.url)

    def __str__(self) -> str:
        url = self.place if self.dialect.binding == "GRPC" else self.url
        return f"{url} ({self.dialect.binding}, A2A {self.dialect.version})"


@dataclass(frozen=True, slots=True)
class Pins:
    """What the configuration fixes; None leaves the choice to the card.

    `endpoint` is the URL that calls go to, whatever the card says.
    """

    version: str | None = None
    binding: str | None = None
    tenant: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The usable interfaces of a card, best first, and why others are not."""

    interfaces: tuple[Interface, ...]
    problems: tuple[str, ...]


def choose(
    card: AgentCard,
    *,
    base: str,
    allowed: AbstractSet[Origin],
    pins: Pins,
    speaks_grpc: bool = True,
) -> Choice:
    """Return the interfaces that may be used, best first.

    The order is that of the table, then that of the card. `base` is the card's URL, `allowed` the
    origins that may be called. Raises NoCommonInterface, with the reasons, when none is usable.
    """
    usable: list[Interface] = []
    unusable: list[tuple[AgentInterface, A2AError]] = []
    hinted = table.dialect_hinted(card.hints)
    for listed in card.interfaces:
        try:
            _check_installed(listed, speaks_grpc=speaks_grpc)
            usable.append(_usable(listed, hinted, base, allowed, pins))
        except (NoCommonInterface, UrlRefused) as error:
            unusable.append((listed, error))
    if not usable:
        raise _nothing_usable(unusable)
    usable.sort(key=lambda item: table.rank(item.dialect))
    if pins.endpoint:  # one URL speaks one binding
        usable = [item for item in usable if item.dialect.binding == usable[0].dialect.binding]
    # gRPC that is not installed, beside an interface that is usable, is no fault of anybody.
    faulty = [(listed, error) for listed, error in unusable if speaks_grpc or not is_grpc(listed)]
    return Choice(tuple(dict.fromkeys(_with_base_urls(usable))), _problems(faulty))


def _check_installed(listed: AgentInterface, *, speaks_grpc: bool) -> None:
    if is_grpc(listed) and not speaks_grpc:
        raise ExtraMissing(GRPC_MISSING)


def _nothing_usable(unusable: Sequence[tuple[AgentInterface, A2AError]]) -> NoCommonInterface:
    if unusable and all(isinstance(error, ExtraMissing) for _, error in unusable):
        return ExtraMissing(f"it offers only gRPC; {GRPC_MISSING}")
    reasons = "; ".join(_problems(unusable)) or "the card names no interface"
    return NoCommonInterface(f"no interface of this agent can be used: {reasons}")


def _problems(unusable: Sequence[tuple[AgentInterface, A2AError]]) -> tuple[str, ...]:
    return tuple(
        f"{listed.protocol_binding} {listed.protocol_version}: {error.message}"
        for listed, error in unusable
    )


def _with_base_urls(usable: Sequence[Interface]) -> Iterator[Interface]:
    """Yield interfaces; after one whose URL is that of a card, the same at the card's base URL.

    Some cards name their own URL. A server refuses a POST there with HTTP 405, which proves that
    nothing was executed; the base URL is tried then.
    """
    for interface in usable:
        yield interface
        base = without_card_path(interface.url)
        if base:
            note = f"the card names the URL of a card, {interface.url}; {base} is tried after it"
            yield replace(interface, url=base, note=note)


def alternatives(interface: Interface) -> tuple[Interface, ...]:
    """Return the same URL in the other versions of its binding, newest first.

    Some cards declare a version that their agent does not speak. Another version may be tried
    only after a refusal that proves that nothing was executed. Of versions that look the same on
    the wire one is enough. A dialect that only a card's hint identifies is never guessed, and an
    agent that gave the hint is never asked in another dialect.
    """
    if interface.dialect.card_hint is not None:
        return ()
    tried = [interface.dialect]
    for dialect in table.DIALECTS:
        if _may_follow(dialect, tried):
            tried.append(dialect)
    return tuple(replace(interface, dialect=dialect) for dialect in tried[1:])


def _may_follow(dialect: Dialect, tried: Sequence[Dialect]) -> bool:
    if dialect.binding != tried[0].binding or dialect.card_hint is not None:
        return False
    return not any(dialect.same_on_the_wire(other) for other in tried)


def corrected(choice: Choice, learned: Sequence[Interface]) -> Choice:
    """Put what was learned of an agent before what its card declares, with a note on each.

    `learned` interfaces whose URL is no longer in the card are ignored.
    """
    known = {_place(interface): interface for interface in reversed(choice.interfaces)}
    first = []
    for interface in learned:
        listed = known.get(_place(interface))
        if listed and listed.dialect is not interface.dialect:
            note = _mismatch(
                listed.declared or listed.dialect.version, listed.url, interface.dialect
            )
            first.append(replace(listed, dialect=interface.dialect, note=note))
    return replace(choice, interfaces=tuple(dict.fromkeys([*first, *choice.interfaces])))


def _place(interface: Interface) -> tuple[str, str]:
    """Return what stays the same when the version of an interface is corrected."""
    return interface.url, interface.dialect.binding


def preferred(choice: Choice, interface: Interface) -> Choice:
    """Put one of a card's interfaces before the others."""
    return replace(choice, interfaces=tuple(dict.fromkeys([interface, *choice.interfaces])))


def _usable(
    listed: AgentInterface,
    hinted: Dialect | None,
    base: str,
    allowed: AbstractSet[Origin],
    pins: Pins,
) -> Interface:
    """Return the interface to use for one that the card lists.

    Raises NoCommonInterface and UrlRefused, saying why it cannot be used.
    """
    dialect = _dialect(listed, hinted, pins)
    settled = _settled(listed, base, allowed, pins)
    note = settled.note
    if dialect is hinted and listed.protocol_version:
        note = _mismatch(listed.protocol_version, settled.url, dialect)
    tenant = pins.tenant or listed.tenant
    return Interface(settled.url, dialect, tenant, note, listed.protocol_version)


def _settled(
    listed: AgentInterface, base: str, allowed: AbstractSet[Origin], pins: Pins
) -> Settled:
    if pins.endpoint:
        return Settled(_at(pins.endpoint, listed))
    if is_grpc(listed):
        return addresses.settle(listed.url, base=base, allowed=allowed)
    return settle(listed.url, base=base, allowed=allowed)


def _at(endpoint: str, listed: AgentInterface) -> str:
    """Return the configured URL as the binding of a listed interface has it: gRPC has no path."""
    return str(addresses.read(endpoint)) if is_grpc(listed) else endpoint


def _dialect(listed: AgentInterface, hinted: Dialect | None, pins: Pins) -> Dialect:
    """Return the dialect of a listed interface; raises NoCommonInterface."""
    binding = table.binding_of(listed.protocol_binding)
    dialect = hinted if hinted and not pins.version else _declared(listed, binding, pins)
    if pins.binding and pins.binding != binding:
        raise NoCommonInterface(f"the configuration pins {pins.binding}")
    return dialect


def is_grpc(listed: AgentInterface) -> bool:
    """Return whether a card lists an interface as one of gRPC."""
    return table.binding_of(listed.protocol_binding) == "GRPC"


def _declared(listed: AgentInterface, binding: str | None, pins: Pins) -> Dialect:
    """Return the dialect that the card declares or the configuration pins."""
    version = pins.version or table.version_of(listed.protocol_version)
    if version is None:
        raise NoCommonInterface(
            f"this version of A2A is not supported; supported are {', '.join(table.versions())}"
        )
    if binding is None:
        raise NoCommonInterface(
            "this binding is not supported; JSON-RPC, HTTP+JSON or gRPC is needed"
        )
    dialect = table.dialect_named(version, binding)
    if dialect is None:
        raise NoCommonInterface(f"A2A {version} over {binding} is not supported")
    return dialect


def _mismatch(declared: str, url: str, spoken: Dialect) -> str:
    """Return the note, for a card's author, that its agent does not speak the declared version."""
    over = f" over {spoken.binding}" if spoken.version == declared else ""
    return f"the card says A2A {declared} for {url}; the agent speaks {spoken.version}{over}"
