"""One polled task whose agent is asked to post when it moves."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import anyio

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.requests import (
    CreatePushConfigRequest,
    DeletePushConfigRequest,
    Operation,
    PushConfig,
)
from a2a_mcp.errors import BridgeError
from a2a_mcp.tracking.hook_addresses import Addresses
from a2a_mcp.tracking.pauses import Pauses, jittered
from a2a_mcp.tracking.tracked_task import TrackedTask

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient

log = logging.getLogger(__name__)

REGISTERS_AFTER: Final = 3
"""Pauses after which the agent is asked to post: shorter tasks are not worth two calls more."""

RESTING_SECONDS: Final = 300.0
CALL_SECONDS: Final = 5.0


class Hook:
    """The pauses between the reads of a task, which the agent's posts end."""

    def __init__(self, tracked: TrackedTask, client: A2AClient, addresses: Addresses) -> None:
        self._tracked = tracked
        self._client = client
        self._addresses = addresses
        self._pauses = Pauses()
        self._count = 0
        self._registered_for: str | None = None
        self.name: str | None = None

    def wake(self) -> None:
        """Let the task be read: a post about it has come."""
        self._pauses.wake()

    def hint(self) -> None:
        """Let the task be read: another process has seen it stop."""
        self._pauses.end()

    @property
    def rests(self) -> bool:
        """Return whether the agent posts, and nothing is in doubt that a read would settle."""
        tracked = self._tracked
        in_doubt = tracked.in_doubt or tracked.broken_off or tracked.lost is not None
        return self._pauses.told and not in_doubt

    async def pause(self, seconds: float) -> None:
        """Wait until the task is to be read: after `seconds`, or long where its agent posts.

        Once in that time the agent is asked to post, and the task is read at once: it may have
        ended before.
        """
        self._count += 1
        if self._count == REGISTERS_AFTER + 1 and await self._register():
            self._pauses.begin_read()
        else:
            await self._pauses.wait(jittered(RESTING_SECONDS) if self.rests else seconds)

    async def _register(self) -> bool:
        """Ask the agent to post; return whether it will, else the task is polled as before."""
        task_id = self._tracked.task_id
        if task_id is None:
            return False
        address = self._addresses.of(self._tracked.record, task_id)
        self.name = address.name  # from here on a post may come
        config = PushConfig(url=address.url, id=address.name, token=address.token)
        try:
            with anyio.fail_after(CALL_SECONDS):
                await self._client.create_push(
                    CreatePushConfigRequest(task_id=task_id, config=config)
                )
        except (A2AError, BridgeError, TimeoutError) as error:
            log.info("%s does not post about a task: %s", self._tracked.agent, type(error).__name__)
            return False
        self._registered_for = task_id
        return True

    async def remove(self) -> None:
        """Ask the agent not to post any more, if it can be told so and answers soon."""
        task_id, can = self._registered_for, self._client.interface.dialect.has
        if task_id is None or self.name is None or not can(Operation.DELETE_PUSH_CONFIG):
            return
        request = DeletePushConfigRequest(task_id=task_id, id=self.name)
        try:
            with anyio.move_on_after(CALL_SECONDS):
                await self._client.delete_push(request)
        except (A2AError, BridgeError):
            pass  # what it posts is answered, and nobody is woken
