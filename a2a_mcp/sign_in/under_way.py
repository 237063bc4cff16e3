"""The sign-ins that are under way in this process: one at a time for each owner and agent.

Calls that need the same sign-in share it, and a call that comes back later finds it again. The
person may also end it when no call waits for it any more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import anyio
from anyio.abc import TaskGroup

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.errors import BridgeError, CredentialUnavailable
from a2a_mcp.telemetry.supervise import run_logged

if TYPE_CHECKING:
    from a2a_mcp.sign_in.signing_in import Page, SignIn
    from a2a_mcp.sign_in.tickets import Tickets

Begin: TypeAlias = "Callable[[str, str], AbstractAsyncContextManager[SignIn]]"
"""Begins a sign-in of an owner at an agent."""


class UnderWay:
    """One sign-in under way."""

    def __init__(self) -> None:
        self._scope = anyio.CancelScope()
        self._begun = anyio.Event()
        self._over = anyio.Event()
        self._page: Page | None = None
        self._fault: BridgeError | A2AError | None = None

    async def page(self) -> Page:
        """Return what the person opens; raises BridgeError and A2AError where it did not begin."""
        await self._begun.wait()
        if self._page is None:
            raise self._fault or CredentialUnavailable("the sign-in was given up", "Call again.")
        return self._page

    async def over(self) -> None:
        """Wait until it has ended, also given up; raises BridgeError and A2AError if it failed."""
        await self._over.wait()
        if self._fault:
            raise self._fault

    def give_up(self) -> None:
        """End it for every call that waits."""
        self._scope.cancel()

    async def run(self, begun: AbstractAsyncContextManager[SignIn]) -> None:
        """Lead the person through."""
        try:
            with self._scope:
                async with begun as sign_in:
                    self._page = sign_in.page
                    self._begun.set()
                    await sign_in.ended()
        except (BridgeError, A2AError) as error:
            self._fault = error
        except OSError as error:
            self._fault = _no_way_back(error)
        finally:
            self._begun.set()
            self._over.set()


class SignIns:
    """The sign-ins of one process, run in `group`; `begin` begins one.

    `tickets` are those of other processes, too, where callers sign in by pages.
    """

    def __init__(self, group: TaskGroup, begin: Begin, tickets: Tickets | None = None) -> None:
        self._group = group
        self._begin = begin
        self._tickets = tickets
        self._under_way: dict[tuple[str, str], UnderWay] = {}

    def of(self, owner: str, agent: str) -> UnderWay:
        """Return the sign-in of an owner at an agent, begun if there is none."""
        found = self.find(owner, agent)
        if found is None:
            found = self._under_way[owner, agent] = UnderWay()
            work = partial(self._run, owner, agent, found)
            self._group.start_soon(run_logged, f"the sign-in to {agent}", work)
        return found

    def find(self, owner: str, agent: str) -> UnderWay | None:
        """Return the sign-in of an owner at an agent, if one is under way."""
        return self._under_way.get((owner, agent))

    async def address(self, owner: str, agent: str) -> str | None:
        """Return the page of a sign-in that is under way, here or in another process.

        Raises BridgeError and A2AError where it did not begin.
        """
        if found := self.find(owner, agent):
            return (await found.page()).url
        elsewhere = await self._tickets.find(owner, agent) if self._tickets else None
        return self._tickets.link(elsewhere) if self._tickets and elsewhere else None

    async def give_up(self, owner: str, agent: str) -> None:
        """End a sign-in for every call that waits, in whichever process; the person declined."""
        if found := self.find(owner, agent):
            found.give_up()
        if self._tickets:
            await self._tickets.decline(owner, agent)

    async def _run(self, owner: str, agent: str, sign_in: UnderWay) -> None:
        try:
            await sign_in.run(self._begin(owner, agent))
        finally:
            del self._under_way[owner, agent]


def _no_way_back(error: OSError) -> CredentialUnavailable:
    return CredentialUnavailable(
        f"the browser has no way back from the sign-in: {error}",
        "Ask the user to check redirect_port in auth of this agent.",
    )
