"""Add an agent while the bridge runs, and remove it again.

A caller adds agents for itself, only at URLs that the configuration allows, and never with
credentials. Nothing is kept before the agent's card was read. An agent of the configuration can
neither be changed nor removed here.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.http.origins import origin_of
from a2a_mcp.agents.registered import MOST_OF_ONE_OWNER, NameTaken, RegisteredAgents
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.config.builder import slug
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.values import agent_name, agent_url
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation import registry_sentences, sentences
from a2a_mcp.presentation.agent_view import AgentsView
from a2a_mcp.store.base import TaskStore
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub, scrub_line
from a2a_mcp.text.url_patterns import matches, names_its_host
from a2a_mcp.text.urls import is_private_place

if TYPE_CHECKING:
    from a2a_mcp.agents.connection import Connection

LONGEST_DESCRIPTION: Final = 500
LOOK_UP_SECONDS: Final = 5.0
MOST_OF_A_SLUG: Final = 50
PAGE: Final = 100
MOST_PAGES: Final = 10


class Registration:
    """Adds and removes agents for the callers of one process."""

    def __init__(self, registry: Registry, registered: RegisteredAgents, tasks: TaskStore) -> None:
        self._registry = registry
        self._registered = registered
        self._tasks = tasks

    async def register(
        self, owner: str, url: str, name: str | None, description: str | None
    ) -> AgentsView:
        """Add an agent for a caller; return its description.

        Raises NotAllowed where the URL, the name or the agent's card does not permit it.
        """
        self._registry.refresh()
        await self._check_url(url)
        if there := self._same(owner, url, name):
            return self._described(there, registry_sentences.THERE_ALREADY)
        self._check_room(owner)
        agent = self._agent(owner, url, name, description)
        await self._add(owner, agent)
        return self._described(agent.name, registry_sentences.REGISTERED)

    async def unregister(self, owner: str, name: str) -> AgentsView:
        """Remove an agent that the caller has added; raises UnknownAgent and NotAllowed."""
        known = self._own_name(owner, name)
        unfinished, has_tasks = await self._tasks_at(owner, known)
        await _stored(self._registered.remove(known))
        self._registry.refresh()
        note = registry_sentences.removed(known, unfinished, kept=has_tasks)
        return AgentsView((), len(self._registry.all_names()), note, agent=known)

    # --- what is asked for ---

    async def _check_url(self, url: str) -> None:
        """Raise NotAllowed unless an agent at this URL may be registered."""
        try:
            agent_url(url)
        except ValueError as error:
            raise _bad("url", error) from None
        allowed = self._registry.config.server.registrable
        patterns = [pattern for pattern in allowed if matches(url, pattern)]
        if not patterns:
            raise NotAllowed(
                registry_sentences.not_allowed(allowed), registry_sentences.NOT_ALLOWED_NEXT
            )
        if not any(map(names_its_host, patterns)):
            await _check_public(url)

    def _same(self, owner: str, url: str, name: str | None) -> str | None:
        """Return the caller's agent that is at this URL already, if the name does not differ."""
        wanted = name and self._registered.name_for(owner, name)
        own = [agent for agent in self._registered.of_owner(owner) if agent.url == url]
        names = [agent.name for agent in own if wanted in (None, agent.name)]
        usable = filter(self._registry.shows, filter(self._registry.is_taken, names))
        return next(usable, None)

    def _check_room(self, owner: str) -> None:
        count = len(self._registered.of_owner(owner))
        if count >= MOST_OF_ONE_OWNER:
            raise NotAllowed(
                registry_sentences.TOO_MANY.format(count=count), registry_sentences.TOO_MANY_NEXT
            )

    def _agent(
        self, owner: str, url: str, name: str | None, description: str | None
    ) -> AgentConfig:
        """Return the configuration of the new agent: a URL and no credentials."""
        said = shorten(scrub(" ".join((description or "").split())), LONGEST_DESCRIPTION, str)
        return AgentConfig(name=self._name(owner, url, name), url=url, description=said or None)

    def _name(self, owner: str, url: str, wanted: str | None) -> str:
        """Return a name that no agent has, and that the caller may use."""
        name = self._free_name(owner, slug(url)) if wanted is None else _checked(owner, wanted)
        # Before it is told that the name is taken: what a caller may use, it may see.
        if not self._registry.may_change(name):
            raise NotAllowed(
                registry_sentences.NOT_YOURS.format(name=name), registry_sentences.NOT_YOURS_NEXT
            )
        if self._registry.is_taken(name):
            raise _taken(name)
        return name

    def _free_name(self, owner: str, name: str) -> str:
        numbered = (f"{name[:MOST_OF_A_SLUG]}-{number}" for number in count(2))
        names = (self._registered.name_for(owner, each) for each in chain([name], numbered))
        return next(each for each in names if not self._registry.is_taken(each))

    # --- what is done ---

    async def _add(self, owner: str, agent: AgentConfig) -> None:
        """Read the agent's card, and only then keep the agent."""
        connection = self._registry.connect(agent, owner)
        async with AsyncExitStack() as undone:
            undone.push_async_callback(connection.aclose)
            await _read_card(connection)
            await self._keep(owner, agent)
            undone.pop_all()
        self._registry.refresh()
        self._registry.keep(connection)

    async def _keep(self, owner: str, agent: AgentConfig) -> None:
        try:
            await _stored(self._registered.add(owner, agent))
        except NameTaken:
            raise _taken(agent.name) from None

    def _described(self, name: str, words: str) -> AgentsView:
        view = describe_agent(self._registry, name)
        note = sentences.join(words.format(name=name), view.note)
        return replace(view, note=note, agent=name)

    def _own_name(self, owner: str, name: str) -> str:
        self._registry.refresh()
        own = {agent.name.casefold(): agent.name for agent in self._registered.of_owner(owner)}
        known = own.get(name.casefold()) or own.get(
            self._registered.name_for(owner, name).casefold()
        )
        if known and self._registered.owner_of(known) == owner:
            return known
        resolved = self._registry.resolve(name)
        raise NotAllowed(
            registry_sentences.CONFIGURED.format(name=resolved),
            registry_sentences.CONFIGURED_NEXT,
            agent=resolved,
        )

    async def _tasks_at(self, owner: str, agent: str) -> tuple[int, bool]:
        """Return how many of the caller's tasks there have not ended, and if there are any."""
        count, cursor = 0, None
        for _ in range(MOST_PAGES):
            records, cursor = await self._tasks.list(
                owner, agent=agent, unfinished=True, limit=PAGE, cursor=cursor
            )
            count += len(records)
            if cursor is None:
                break
        some, _ = await self._tasks.list(owner, agent=agent, limit=1)
        return count, bool(some)


def _checked(owner: str, wanted: str) -> str:
    """Return a name that the caller chose; raises NotAllowed where it cannot be one."""
    try:
        return RegisteredAgents.name_for(owner, agent_name(wanted))
    except ValueError as error:
        raise _bad("name", error) from None


async def _read_card(connection: Connection) -> None:
    """Read the card of an agent; raises NotAllowed where the agent cannot be called by it."""
    try:
        await connection.choice()
    except A2AError as error:
        reason = scrub_line(error.reason())
        raise NotAllowed(
            registry_sentences.NO_CARD.format(reason=reason), registry_sentences.NO_CARD_NEXT
        ) from None


async def _stored(change: Awaitable[None]) -> None:
    """Change what is kept; raises NotAllowed where the disk does not allow it."""
    try:
        await change
    except OSError as error:
        raise NotAllowed(
            registry_sentences.NOT_STORED.format(reason=error.strerror or "it is not writable"),
            registry_sentences.NOT_STORED_NEXT,
        ) from None


async def _check_public(url: str) -> None:
    """Raise NotAllowed unless the host of a URL, which a pattern matched, is a public one."""
    from a2a_mcp.a2a.http.download import public_address  # imports httpx

    if is_private_place(url):
        raise _private("it names one")
    try:
        await public_address(origin_of(url), LOOK_UP_SECONDS)
    except A2AError as error:
        raise _private(error.message) from None


def _private(reason: str) -> NotAllowed:
    return NotAllowed(
        registry_sentences.PRIVATE.format(reason=reason), registry_sentences.NOT_ALLOWED_NEXT
    )


def _bad(name: str, error: ValueError) -> NotAllowed:
    return NotAllowed(
        registry_sentences.BAD_VALUE.format(name=name, reason=error),
        registry_sentences.BAD_VALUE_NEXT,
    )


def _taken(name: str) -> NotAllowed:
    return NotAllowed(registry_sentences.TAKEN.format(name=name), registry_sentences.TAKEN_NEXT)
