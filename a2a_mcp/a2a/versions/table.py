"""Which interface of a card is used, and how it is spoken to: the one table of what we speak.

Best first; the absence of a pair is the gate. Newer versions before older, then JSON-RPC before
HTTP+JSON, then the card's own order (a2a-wire 3.3). Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final

from a2a_mcp.a2a.errors import NoCommonInterface, UrlRefused
from a2a_mcp.a2a.http.origins import Origin, settle
from a2a_mcp.a2a.model import AgentCard, AgentInterface
from a2a_mcp.a2a.versions import python_a2a, v0_1, v0_3, v0_3_rest, v1_0
from a2a_mcp.a2a.versions.base import Dialect

DIALECTS: Final[tuple[Dialect, ...]] = (
    v1_0.JSONRPC,
    v1_0.REST,
    v0_3.JSONRPC,
    v0_3_rest.REST,
    v0_3.JSONRPC_0_2,
    v0_1.JSONRPC,
    python_a2a.JSONRPC,
)
BY_HINT: Final = {dialect.card_hint: dialect for dialect in DIALECTS if dialect.card_hint}
BY_NAME: Final[dict[tuple[str, str], Dialect]] = {
    (dialect.version, dialect.binding): dialect for dialect in DIALECTS
}
SAME_AS_0_3: Final = "0.2"
RANK: Final = {pair: rank for rank, pair in enumerate(BY_NAME)}
# How cards in the wild spell a binding, in lower case without separators.
BINDINGS: Final = {
    "jsonrpc": "JSONRPC",
    "httpjson": "HTTP+JSON",
    "http": "HTTP+JSON",
    "rest": "HTTP+JSON",
    "grpc": "GRPC",
}

# LangGraph's servers: a conversation there is a thread, which only they make (wild 13).
OWN_THREADS: Final = re.compile(r"/a2a/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/?$")


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of a card that we can speak to.

    `note` says what was rewritten; `said` is the card's own version.
    """

    url: str
    dialect: Dialect
    tenant: str | None = None
    note: str | None = field(default=None, compare=False)
    said: str = field(default="", compare=False)

    @property
    def takes_contexts(self) -> bool:
        """Whether a client may begin a conversation under an id of its own."""
        return self.dialect.client_context and not OWN_THREADS.search(self.url)

    def __str__(self) -> str:
        return f"{self.url} ({self.dialect.binding}, A2A {self.dialect.version})"


@dataclass(frozen=True, slots=True)
class Pins:
    """What the configuration fixes; None leaves the choice to the card."""

    version: str | None = None
    binding: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The usable interfaces of a card, best first, and why others are not."""

    interfaces: tuple[Interface, ...]
    problems: tuple[str, ...]


def binding_of(word: str) -> str | None:
    """Read a card's word for a binding; None for a custom one."""
    letters = "".join(letter for letter in word.lower() if letter.isalpha())
    return BINDINGS.get(letters)


def version_of(word: str) -> str | None:
    """Read a card's protocol version by major and minor; below 1 all is spoken to as 0.3 or 0.2."""
    major, _, rest = word.strip().lower().removeprefix("v").partition(".")
    if not major:
        return "0.3"
    if major == "0":
        return "0.2" if rest.partition(".")[0] == "2" else "0.3"
    return "1.0" if major == "1" else None


def choose(card: AgentCard, *, base: str, allowed: AbstractSet[Origin], pins: Pins) -> Choice:
    """List the interfaces that may be used, best first.

    `base` is where the card came from, `allowed` the origins that may be called. Raises
    NoCommonInterface when none is left, saying why.
    """
    usable: list[Interface] = []
    problems: list[str] = []
    hinted = next((BY_HINT[hint] for hint in card.hints if hint in BY_HINT), None)
    for said in card.interfaces:
        try:
            usable.append(_usable(said, hinted, base, allowed, pins))
        except (NoCommonInterface, UrlRefused) as error:
            problems.append(f"{said.protocol_binding} {said.protocol_version}: {error.message}")
    if not usable:
        reasons = "; ".join(problems) or "the card names no interface"
        raise NoCommonInterface(f"no interface of this agent can be used: {reasons}")
    usable.sort(key=lambda item: RANK[item.dialect.version, item.dialect.binding])
    return Choice(tuple(dict.fromkeys(usable)), tuple(problems))


def alternatives(interface: Interface) -> tuple[Interface, ...]:
    """The same URL in the other versions of its binding, newest first.

    Declared versions lie in both directions, so these are tried where a refusal proves that
    nothing was executed (a2a-wire 3.3, 14.4). 0.2 is left out, being 0.3 on the wire, and dialects
    that only a card's hint tells.
    """
    spoken = interface.dialect
    return tuple(
        replace(interface, dialect=dialect)
        for dialect in DIALECTS
        if dialect.binding == spoken.binding
        and dialect.encoders is not spoken.encoders
        and dialect.version != SAME_AS_0_3
        and dialect.card_hint is None
        and spoken.card_hint is None
    )


def lie(said: str, url: str, spoken: Dialect) -> str:
    """Say to a card's author what it says, and what is spoken in truth."""
    over = f" over {spoken.binding}" if spoken.version == said else ""
    return f"the card says A2A {said} for {url}; the agent speaks {spoken.version}{over}"


def corrected(choice: Choice, learned: Sequence[Interface]) -> Choice:
    """Put what was learned of an agent before what its card says, with a note for its author."""
    said = {interface.url: interface for interface in reversed(choice.interfaces)}
    first = []
    for interface in learned:
        declared = said.get(interface.url)
        if declared and declared.dialect is not interface.dialect:
            note = lie(declared.said or declared.dialect.version, declared.url, interface.dialect)
            first.append(replace(declared, dialect=interface.dialect, note=note))
    return replace(choice, interfaces=tuple(dict.fromkeys([*first, *choice.interfaces])))


def preferred(choice: Choice, interface: Interface) -> Choice:
    """Put one of a card's interfaces before the others."""
    return replace(choice, interfaces=tuple(dict.fromkeys([interface, *choice.interfaces])))


def _usable(
    said: AgentInterface,
    hinted: Dialect | None,
    base: str,
    allowed: AbstractSet[Origin],
    pins: Pins,
) -> Interface:
    binding = binding_of(said.protocol_binding)
    version = pins.version or version_of(said.protocol_version)
    dialect = hinted if hinted and not pins.version else BY_NAME.get((version or "", binding or ""))
    if binding == "GRPC":
        raise NoCommonInterface("gRPC is not supported; JSON-RPC or HTTP+JSON is needed")
    if dialect is None:
        raise NoCommonInterface("this version or binding is not supported")
    if pins.binding and pins.binding != binding:
        raise NoCommonInterface(f"the configuration pins {pins.binding}")
    settled = settle(said.url, base=base, allowed=allowed)
    tenant, note = pins.tenant or said.tenant, settled.note
    if dialect is hinted and said.protocol_version:
        note = lie(said.protocol_version, settled.url, dialect)
    return Interface(settled.url, dialect, tenant, note, said.protocol_version)


def to_text(interface: Interface) -> str:
    """Write an interface for the task map: a task keeps the one it was made with."""
    dialect = interface.dialect
    return json.dumps([interface.url, dialect.version, dialect.binding, interface.tenant])


def from_text(text: str) -> Interface | None:
    """Read what `to_text` wrote; None when it is not understood (any more)."""
    try:
        url, version, binding, tenant = json.loads(text)
        dialect = BY_NAME.get((version, binding))
    except (ValueError, TypeError):
        return None
    return Interface(url, dialect, tenant) if dialect and isinstance(url, str) else None
