"""Push configurations of a task: where its agent posts what happens to it.

A caller sets one only for its own task, only at a URL that the configuration allows, and only where
the agent's card does not rule it out; otherwise nothing is sent. These posts go to another system;
those that the bridge itself receives are the business of `tracking.hooks`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from a2a_mcp.a2a.errors import A2AError, AgentError, PushNotificationNotSupported
from a2a_mcp.a2a.requests import (
    CreatePushConfigRequest,
    DeletePushConfigRequest,
    GetPushConfigRequest,
    ListPushConfigsRequest,
    PushConfig,
)
from a2a_mcp.agents.origins import agent_url
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.bridge.routing import checked_id
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation import push_sentences
from a2a_mcp.presentation.push_view import PushView
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.text.untrusted import scrub, scrub_line
from a2a_mcp.text.url_patterns import matches_any
from a2a_mcp.text.urls import is_private_place

if TYPE_CHECKING:
    from a2a_mcp.a2a.client import A2AClient

T = TypeVar("T")

INTERNAL_ERROR: Final = -32603
LONGEST_CURSOR: Final = 2_000


class PushConfigs:
    """Sets and shows the push configurations of tasks, for the callers of one process."""

    def __init__(self, registry: Registry, reader: Reader) -> None:
        self._registry = registry
        self._reader = reader

    async def create(
        self, owner: str, task_id: str, agent: str | None, config: PushConfig
    ) -> PushView:
        """Let the agent post what happens to a task to a URL.

        Raises A2AError and BridgeError, NotAllowed for a URL that is not among `push_targets`.
        """
        self._check_target(config.url)
        record = await self._task(owner, task_id, agent)
        self._registry.check_change(record.agent)
        self._check_agent(record, config.url)
        request = CreatePushConfigRequest(task_id=record.task_id or "", config=config)
        kept = await self._call(record, lambda client: client.create_push(request))
        note = push_sentences.TASK_HAS_ENDED if record.state.terminal else None
        return _view(record, (kept,), note=note)

    async def get(
        self, owner: str, task_id: str, agent: str | None, config_id: str | None
    ) -> PushView:
        """Return one push configuration of a task; raises A2AError and BridgeError."""
        record = await self._task(owner, task_id, agent)
        wanted = checked_id(config_id) if config_id else None
        request = GetPushConfigRequest(task_id=record.task_id or "", id=wanted)
        found = await self._call(record, lambda client: client.get_push(request))
        return _view(record, (found,))

    async def list(
        self, owner: str, task_id: str, agent: str | None, cursor: str | None
    ) -> PushView:
        """Return the push configurations of a task; raises A2AError and BridgeError."""
        record = await self._task(owner, task_id, agent)
        request = ListPushConfigsRequest(task_id=record.task_id or "", page_token=cursor)
        page = await self._call(record, lambda client: client.list_push(request))
        token = scrub(page.next_page_token or "")[:LONGEST_CURSOR] or None
        return _view(record, page.configs, cursor=token)

    async def delete(self, owner: str, task_id: str, agent: str | None, config_id: str) -> PushView:
        """Remove a push configuration of a task; raises A2AError and BridgeError."""
        record = await self._task(owner, task_id, agent)
        self._registry.check_change(record.agent)
        request = DeletePushConfigRequest(task_id=record.task_id or "", id=checked_id(config_id))
        await self._call(record, lambda client: client.delete_push(request))
        return _view(record, (), note=push_sentences.removed(config_id))

    def _check_target(self, url: str) -> None:
        """Raise NotAllowed unless the configuration allows posts to this URL."""
        allowed = self._registry.config.server.push_targets
        if not matches_any(url, allowed):
            raise NotAllowed(
                push_sentences.target_not_allowed(allowed), push_sentences.TARGET_NOT_ALLOWED_NEXT
            )

    def _check_agent(self, record: TaskRecord, url: str) -> None:
        """Raise NotAllowed where the agent does not post, or could not reach this machine."""
        found = self._registry.connection_of(record).found
        if found and found.card.capabilities.push_notifications is False:
            raise _not_supported(record, push_sentences.NOT_IN_CARD)
        agent = agent_url(self._registry.config.agents[record.agent], found)
        if is_private_place(url) and not is_private_place(agent):
            raise NotAllowed(
                push_sentences.TARGET_UNREACHABLE.format(agent=record.agent),
                push_sentences.TARGET_NOT_ALLOWED_NEXT,
                agent=record.agent,
                task_id=record.task_id,
            )

    async def _task(self, owner: str, task_id: str, agent: str | None) -> TaskRecord:
        """Return the caller's record of a task as it is now; its agent must have named it."""
        found = await self._reader.read(owner, task_id, agent)
        if found.record.task_id is None:
            raise await self._reader.explain_no_task(found.record)
        return found.record

    async def _call(self, record: TaskRecord, call: Callable[[A2AClient], Awaitable[T]]) -> T:
        client = await self._registry.connection_of(record).client(record.interface)
        try:
            return await call(client)
        except A2AError as error:
            if not _says_unsupported(error):
                raise
            raise _not_supported(record, scrub_line(error.reason())) from None


def _says_unsupported(error: A2AError) -> bool:
    """Return whether an agent cannot post at all; a2a-sdk 0.3 says so with an internal error."""
    if isinstance(error, PushNotificationNotSupported):
        return True
    is_internal = isinstance(error, AgentError) and error.code == INTERNAL_ERROR
    return is_internal and "push notifications are not supported" in error.message.lower()


def _not_supported(record: TaskRecord, reason: str) -> NotAllowed:
    return NotAllowed(
        push_sentences.NOT_SUPPORTED.format(agent=record.agent, reason=reason),
        push_sentences.NOT_SUPPORTED_NEXT,
        agent=record.agent,
        task_id=record.task_id,
    )


def _view(
    record: TaskRecord,
    configs: tuple[PushConfig, ...],
    *,
    cursor: str | None = None,
    note: str | None = None,
) -> PushView:
    return PushView(record.agent, record.task_id or "", configs, cursor, note)
