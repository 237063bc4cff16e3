"""The names and shapes of MCP tasks (`io.modelcontextprotocol/tasks`) on the wire. Values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import mcp.types as t
from pydantic import ConfigDict, PrivateAttr

if TYPE_CHECKING:
    from a2a_mcp.bridge.jobs import Job

Wire: TypeAlias = dict[str, Any]

IDENTIFIER: Final = "io.modelcontextprotocol/tasks"
VERSION: Final = "2026-07-28"


class TaskParams(t.RequestParams):
    """The task that a request is about."""

    model_config = ConfigDict(defer_build=True)  # so that the start does not wait for it

    task_id: str


class UpdateParams(TaskParams):
    """Answers by question; an answer to any other question is ignored, whatever its shape."""

    input_responses: dict[str, Any]


class StartedTask(t.CallToolResult):
    """The result of a tool whose work goes on as a job; the extension returns its task instead."""

    model_config = ConfigDict(defer_build=True)  # so that the start does not wait for it

    _job: Job = PrivateAttr()

    def __init__(self, job: Job) -> None:
        super().__init__(content=[])
        self._job = job

    @property
    def job(self) -> Job:
        """The job that goes on."""
        return self._job
