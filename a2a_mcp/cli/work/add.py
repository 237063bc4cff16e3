"""Write a new agent into `agents.toml`: fetch its card, propose, ask, write.

A person at the terminal is asked what a card alone may not decide. Without one, that is written as
a comment, and said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import tomlkit
from pydantic import ValidationError

from a2a_mcp.a2a.card import FoundCard
from a2a_mcp.a2a.card_model import AgentCard
from a2a_mcp.a2a.errors import AuthenticationRequired, NoCommonInterface, UrlRefused
from a2a_mcp.a2a.http.card_addresses import without_card_path
from a2a_mcp.agents.registry import Registry
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE
from a2a_mcp.cli.hosts.installation import Change
from a2a_mcp.cli.startup import refuse_what_is_no_url
from a2a_mcp.cli.work import agents_file, auth_tables, proposal
from a2a_mcp.cli.work.proposal import Elsewhere
from a2a_mcp.config.agent_tables import AgentTables
from a2a_mcp.config.builder import named
from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.errors import ConfigError
from a2a_mcp.store.base import LOCAL_OWNER

OAUTH: Final = (
    "It wants tokens by OAuth: write the id of your client at its authorization server into "
    "client_id of `auth`, or register = true in its place."
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an agent showed before it was configured.

    `given` is the URL that the person gave, where the card is not below it but at its origin.
    `card` is None where it wants a credential even for that; `is_refused` says that it is called at
    another origin than its own.
    """

    url: str
    card: AgentCard | None
    is_refused: bool = False
    given: str | None = None

    @property
    def elsewhere(self) -> Elsewhere | None:
        """Where it wants to be called, if that needs the person's word."""
        return proposal.elsewhere(self.card, self.url) if self.card and self.is_refused else None


def add(file: Path, word: str, name: str | None, description: str | None) -> Written:
    """Write the agent at a URL or NAME=URL; raises ConfigError, A2AError, OSError."""
    refuse_what_is_no_url([word], "is no URL: write it whole, as https://agent.example")
    given, url = named(word)
    return _write(file, anyio.run(_look, url), name or given or None, description)


def _checked(url: str) -> AgentConfig:
    """Return the table of an agent that is only looked at; raises ConfigError."""
    try:
        return AgentConfig(name="new", url=url)
    except ValidationError as error:
        faults = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        raise ConfigError([f"a2a-mcp: {url!r}: {faults}"]) from error


async def _look(url: str) -> Seen:
    """Fetch the card of an agent; raises ConfigError, and A2AError where there is none."""
    agents = AgentTables()
    agents.add("new", _checked(url))
    registry = Registry(Config(agents=agents))
    connection = registry.connection("new", LOCAL_OWNER)
    found: FoundCard | None = None
    try:
        found = await connection.card()
        await connection.choice()
    except AuthenticationRequired:
        return Seen(url, None)
    except (NoCommonInterface, UrlRefused):
        if found is None:  # there is no way to it at all, as without the extra for gRPC
            raise
        return _seen(url, found, is_refused=True)
    finally:
        await registry.aclose()
    return _seen(url, found)


def _seen(url: str, found: FoundCard | None, *, is_refused: bool = False) -> Seen:
    """Return what was seen, at the URL below which the card really is."""
    if found is None:
        return Seen(url, None)
    base = without_card_path(found.url)
    below = f"{url.partition('?')[0].rstrip('/')}/"
    if base is None or found.url == url or found.url.startswith(below):
        return Seen(url, found.card, is_refused)
    return Seen(base.rstrip("/"), found.card, is_refused, given=url)


def _write(file: Path, seen: Seen, name: str | None, description: str | None) -> Written:
    """Write the agent, asking the person where there is one; raises ConfigError, OSError."""
    chosen = name or _ask_name(seen)
    table, remarks = _table(seen, chosen, description)
    change = agents_file.added(file, chosen, table, tuple(remarks))
    return Written(chosen, table, tuple(remarks), change, change.write(), seen)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and where the old file is kept."""

    name: str
    table: dict[str, Any]
    remarks: tuple[str, ...]
    change: Change
    kept: Path | None
    seen: Seen

    @property
    def variables(self) -> list[str]:
        """The variables that must be set before the agent can be called."""
        return proposal.variables(self._auth)

    @property
    def wants_oauth(self) -> bool:
        """Whether its tokens come from an authorization server."""
        return any(table["type"] == "oauth" for table in self._auth)

    @property
    def _auth(self) -> list[dict[str, Any]]:
        found = self.table.get("auth") or []
        return found if isinstance(found, list) else [found]


def report(written: Written) -> int:
    """Say what was written, what is left to the person, and what comes next."""
    print(f"Wrote the agent {written.name!r} into {written.change.file}")
    if written.kept:
        print(f"The file as it was: {written.kept}")
    if written.seen.given:
        print(f"No card is below {written.seen.given}: its url is {written.seen.url}")
    for remark in written.remarks:
        print(f"Left as a comment, for you to confirm: {remark}")
    if written.wants_oauth:
        print(OAUTH)
    for variable in written.variables:
        print(f"It wants a credential: set ${variable}, or write it otherwise in `auth`.")
    print(f"See how it is: a2a-mcp check {written.name}")
    return DONE


def _ask_name(seen: Seen) -> str:
    proposed = proposal.name_of(seen.card, seen.url)
    return terminal.ask("Its name", proposed) or proposed if terminal.has_person() else proposed


def _table(seen: Seen, name: str, description: str | None) -> tuple[dict[str, Any], list[str]]:
    """Return the agent's table, and what only the person may make valid."""
    described, remarks = _described(seen, description)
    table: dict[str, Any] = {"url": seen.url, **described}
    placed, more = _placed(seen)
    auth = proposal.auth_of(seen.card, name) if seen.card else [proposal.bearer(name)]
    if auth:
        table["auth"] = auth_tables.written(auth)
    return {**table, **placed}, [*remarks, *more]


def _described(seen: Seen, description: str | None) -> tuple[dict[str, Any], Iterable[str]]:
    if description is not None or seen.card is None:
        return ({"description": description} if description else {}), ()
    words = proposal.description_of(seen.card)
    if terminal.has_person():
        agreed = terminal.ask("What it is for, in words that your model trusts (- for none)", words)
        return ({"description": agreed} if agreed else {}), ()
    if not words:
        return {}, ()
    return {}, (f"{_line('description', words)}  # in its own words",)


def _placed(seen: Seen) -> tuple[dict[str, Any], Iterable[str]]:
    found = seen.elsewhere
    if found is None:
        return {}, ()
    if terminal.has_person() and terminal.agrees(
        f"Its card wants calls, and your credentials, at {found.address}. Allow that?"
    ):
        return {found.key: found.value}, ()
    return {}, (f"{_line(found.key, found.value)}  # its card wants that",)


def _line(key: str, value: Any) -> str:
    return tomlkit.dumps({key: value}).strip()
