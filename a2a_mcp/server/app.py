"""What tools, methods and resources share while the server runs.

It connects the use cases with the request; it decides nothing about tasks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.artifact_files import ArtifactFiles
from a2a_mcp.bridge.describe_agents import describe_agent, list_agents
from a2a_mcp.bridge.jobs import Jobs
from a2a_mcp.bridge.list_tasks import TaskLister
from a2a_mcp.bridge.read_artifact import ArtifactReader
from a2a_mcp.bridge.recover_tasks import TaskRecoverer
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.errors import CallsTooFast, CredentialUnavailable
from a2a_mcp.files.allowed_paths import AllowedPaths
from a2a_mcp.presentation.agent_view import AgentsView
from a2a_mcp.server.audit import Audit
from a2a_mcp.server.caller import owner
from a2a_mcp.server.change_feed import Streams
from a2a_mcp.server.skill_offer import SkillOffer
from a2a_mcp.sign_in.under_way import SignIns
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.store.call_rates import CallRates
from a2a_mcp.telemetry.metrics import count_refusal

PAGE: Final = re.compile(r"page=(\d{1,9})", re.ASCII)
"""What is given in the place of an agent's name to see a further page of the list."""


@dataclass(frozen=True, slots=True)
class OutputMask:
    """Masks configured secrets, and for another machine the folders of configured files."""

    registry: Registry
    local: bool

    def __call__(self, text: str) -> str:
        """Return `text` with secrets masked, and for another machine without local folders."""
        config = self.registry.config
        shown = config.secrets.mask(text)
        if self.local or os.sep not in shown:
            return shown
        for path in config.paths:
            shown = shown.replace(str(path), path.name)
        return shown

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Return texts that a reader may join, masked."""
        return [self(text) for text in self.registry.config.secrets.pieces(texts)]


@dataclass(frozen=True, slots=True)
class App:
    """What tools, methods and resources share for the lifetime of the server."""

    registry: Registry
    bridge: Bridge
    lister: TaskLister
    streams: Streams
    artifact_reader: ArtifactReader
    jobs: Jobs
    files: ArtifactFiles
    recoverer: TaskRecoverer
    rates: CallRates
    sign_ins: SignIns
    closing: anyio.Event
    """Set when the end is near: nothing waits for long any more."""

    audit: Audit | None
    skills: SkillOffer | None = None
    state_folder: Path | None = None
    local: bool = False

    @property
    def paths(self) -> AllowedPaths:
        """The paths that callers may name, by the current configuration."""
        config = self.registry.config
        own = (*config.files, self.state_folder) if self.state_folder else tuple(config.files)
        return AllowedPaths(config.server.file_roots, own, self.local)

    @property
    def result_bytes(self) -> int:
        """The maximum of bytes in one channel of a result."""
        return self.registry.config.server.result_bytes

    @property
    def mask(self) -> OutputMask:
        """The mask for everything that leaves."""
        return OutputMask(self.registry, self.local)

    async def admit(self) -> None:
        """Count a call of the caller; raises CallsTooFast where that is one too many."""
        limits = self.registry.config.server.limits
        if limits.calls_a_minute is not None:
            seconds = await self.rates.take(owner(), limits.calls_a_minute, limits.burst_seconds)
            if seconds:
                count_refusal("calls_a_minute")
                raise CallsTooFast(limits.calls_a_minute, seconds)

    async def agents(self, agent: str | None, *, refresh: bool) -> AgentsView:
        """Return a page of the agents, or one agent after reading its card."""
        await self.registry.discover()
        if agent is None:
            return list_agents(self.registry)
        if asked := PAGE.fullmatch(agent):
            return list_agents(self.registry, int(asked[1]))
        return await self._described(self.registry.resolve(agent), refresh=refresh)

    async def _described(self, name: str, *, refresh: bool) -> AgentsView:
        connection = self.registry.connection(name, owner())
        try:
            await connection.choice(refresh=refresh or connection.health.last_error is not None)
            extended = await connection.extended.get(refresh=refresh)
        except (A2AError, CredentialUnavailable) as error:
            return describe_agent(self.registry, name, error.reason())
        return describe_agent(self.registry, name, extended=extended)

    async def agent_of(self, arguments: Mapping[str, Any]) -> str | None:
        """Return the agent of a failed call, to name it in the error."""
        agent = arguments.get("agent")
        if not agent:
            record = await self._record_of(arguments)
            if record:
                return record.agent
        return self.registry.resolve(agent)

    async def _record_of(self, arguments: Mapping[str, Any]) -> TaskRecord | None:
        """Return the stored task that a call names by its task_id or context_id."""
        task_id, context_id = arguments.get("task_id"), arguments.get("context_id")
        records: Sequence[TaskRecord] = ()
        if isinstance(task_id, str):
            records = await self.bridge.tasks.find(owner(), task_id)
        if isinstance(context_id, str) and not records:
            records = await self.bridge.tasks.find_context(owner(), context_id)
        return records[0] if records else None
