"""An expected error of a command, as words for a person or for a script, and its exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Final

from a2a_mcp.a2a.errors import A2AError, AgentError
from a2a_mcp.cli.advice import Failure, advice
from a2a_mcp.cli.exit_codes import FAILED, USAGE_ERROR
from a2a_mcp.cli.for_person import for_person
from a2a_mcp.cli.terminal import wrapped
from a2a_mcp.errors import BridgeError, ConfigError

ERRORS: Final = 400
"""The statuses of HTTP from here on are errors."""


def run_told(work: Callable[[], int], *, as_json: bool) -> int:
    """Do the work; return its exit code, or tell its error. Raises ConfigError for a person."""
    try:
        return work()
    except (A2AError, BridgeError) as error:
        _tell(error, as_json=as_json)
        return FAILED
    except ConfigError as error:
        if not as_json:
            raise
        print(json.dumps({"error": "; ".join(error.faults)}, ensure_ascii=False))
        return USAGE_ERROR


def _tell(error: Failure, *, as_json: bool) -> None:
    if not as_json:
        print(wrapped("\n".join(what_happened(error)), sys.stderr), file=sys.stderr)
        return
    told = {"error": message_of(error), "next_step": step_of(error)}
    print(json.dumps(told, ensure_ascii=False))


def what_happened(error: Failure) -> list[str]:
    """Return lines for a person: what happened, and what to do."""
    step = step_of(error)
    return [f"a2a-mcp: {message_of(error)}", *([f"What to do: {step}"] if step else [])]


def message_of(error: Failure) -> str:
    """Return what happened, and at which address."""
    url = error.url if isinstance(error, A2AError) else None
    message = for_person(error.message, _agent(error), _task(error))
    if isinstance(error, AgentError) and (error.status or 0) >= ERRORS:
        message = f"The agent answers with HTTP {error.status}: {message}"
    return f"{message} ({url})" if url and url not in message else message


def step_of(error: Failure) -> str | None:
    """Return what to do; None where nothing is known that helps."""
    step = advice(error)
    if step is None and isinstance(error, BridgeError):
        step = for_person(error.next_step, _agent(error), _task(error))
    return step or None


def _agent(error: Failure) -> str:
    """Return the agent that an error names, or the word that stands for one."""
    return (error.agent if isinstance(error, BridgeError) else None) or "AGENT"


def _task(error: Failure) -> str:
    """Return the task that an error names, or the word that stands for one."""
    named = error.task_id if isinstance(error, BridgeError) else error.handle
    return named or "TASK"
