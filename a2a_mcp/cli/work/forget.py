"""Forget tasks that have ended, one or all; the agents are not contacted."""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.model import JSON
from a2a_mcp.bridge.forget_tasks import Forgetter
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import start
from a2a_mcp.cli.work.session import run_with_app
from a2a_mcp.errors import ConfigError
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner
from a2a_mcp.store.base import Records, TaskRecord

NOBODY_TO_ASK: Final = "a2a-mcp: nobody can be asked here; to forget all ended tasks, add --yes"


def forget(task: str, agent: str | None, options: Options, *, as_json: bool) -> int:
    """Forget one task; return the exit code. Raises BridgeError."""

    async def work(app: App) -> int:
        record = await _forgetter(app).forget(owner(), task, agent)
        if as_json:
            _print_json([record])
        else:
            print(app.mask(f"Forgotten: {record.result_id} of {record.agent}."))
        return DONE

    return run_with_app(start(options, quiet=True), work)


def forget_ended(agent: str | None, options: Options, *, agreed: bool, as_json: bool) -> int:
    """Forget all tasks that have ended; return the exit code.

    Raises BridgeError, and ConfigError where nobody has agreed, or can be asked.
    """
    can_ask = terminal.has_person() and not as_json
    if not agreed and not can_ask:
        raise ConfigError([NOBODY_TO_ASK])

    async def work(app: App) -> int:
        forgetter = _forgetter(app)
        found = await forgetter.ended(owner(), agent)
        if found and not agreed and not terminal.agrees(f"Forget {_count(found)}?"):
            print("Nothing was forgotten.")
            return FAILED
        gone = [record for record in found if await forgetter.forget_as_it_is(record)]
        if as_json:
            _print_json(gone)
        else:
            print(f"Forgotten: {_count(gone)}.")
        return DONE

    return run_with_app(start(options, quiet=True), work)


def _forgetter(app: App) -> Forgetter:
    bridge = app.bridge
    return Forgetter(app.registry, bridge.tasks, bridge.results, app.files)


def _count(records: Records) -> str:
    """Return how many tasks these are, in words."""
    if len(records) == 1:
        return "one task that has ended"
    return f"{len(records) or 'no'} tasks that have ended"


def _print_json(records: Records) -> None:
    terminal.print_json({"forgotten": [_named(record) for record in records]})


def _named(record: TaskRecord) -> dict[str, JSON]:
    return {"task_id": record.result_id, "agent": record.agent}
