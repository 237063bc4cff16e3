"""The audit: one line for each call of a tool: who, what, at which agent, how it ended.

Requests that show tasks or ask an agent otherwise have one, too, and so have calls that end before
there is a result.

A line goes to a file as JSON, into the database that processes share, or to both.

A request that the door refuses has a line as well, with the reason.

No words of a person or an agent, no arguments and no tokens are in it. A line that cannot be
written never fails a call; it is counted, and the log says so.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import mcp.types as t
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.config.store import StoreTable
from a2a_mcp.server.audit_file import AuditFile
from a2a_mcp.server.caller import owner
from a2a_mcp.store.audit import AuditPlace, WaitingLines
from a2a_mcp.telemetry.metrics import instruments
from a2a_mcp.telemetry.tracing import HEADER, current_trace
from a2a_mcp.text.untrusted import scrub

RequestCtx: TypeAlias = ServerRequestContext[Any, Any]
Result: TypeAlias = t.CallToolResult | t.InputRequiredResult

log = logging.getLogger(__name__)

LONGEST: Final = 200
"""Characters of one value; hosts name themselves, and agents make ids."""
FACTS: Final = ("agent", "task_id", "context_id")
OK, ERROR, ASKED, GIVEN_UP, REFUSED = "ok", "error", "asked", "given up", "refused"
"""How a request ends that tells no state of a task; `given up` is what its host has cancelled."""


class Audit:
    """Writes the lines to the file at `path`; with `waits` they wait for a place in a store."""

    def __init__(self, path: Path | None, *, waits: bool = False) -> None:
        self.lost = 0
        self._file = AuditFile(path, partial(self._lose, str(path), 1)) if path else None
        self._waiting = WaitingLines(partial(self._lose, "the database")) if waits else None

    def note(
        self, ctx: RequestCtx, tool: str, arguments: Mapping[str, Any], result: Result
    ) -> None:
        """Write the line of one call."""
        said = _said(result)
        facts = {name: said.get(name) or arguments.get(name) for name in FACTS}
        self.note_end(ctx, tool, facts, _outcome(result, said), _size(result))

    def note_end(
        self,
        ctx: RequestCtx,
        action: str,
        facts: Mapping[str, Any],
        outcome: str = ERROR,
        size: int | None = None,
    ) -> None:
        """Write the line of a request that ended so; of its `facts` only those of FACTS."""
        self._write(
            {
                "time": _now(),
                "owner": owner(),
                "client": _client(),
                "host": _host(ctx),
                "action": action,
                **{name: facts.get(name) for name in FACTS},
                "outcome": outcome,
                "bytes": size,
                "trace": _trace(ctx),
            }
        )

    def note_refusal(self, reason: str, address: str | None, caller: AccessToken | None) -> None:
        """Write the line of a request that did not enter; `caller` is known where one may not."""
        claims = (caller.claims or {}) if caller else {}
        self._write(
            {
                "time": _now(),
                "owner": claims.get("owner"),
                "client": claims.get("client"),
                "address": address,
                "action": "enter",
                "outcome": REFUSED,
                "reason": reason,
            }
        )

    def note_sign_in(
        self, owner: str, agent: str, outcome: str, address: str | None, reason: str | None = None
    ) -> None:
        """Write the line of a person's step on the pages for signing in to an agent."""
        self._write(
            {
                "time": _now(),
                "owner": owner,
                "address": address,
                "action": "sign_in",
                "agent": agent,
                "outcome": outcome,
                "reason": reason,
            }
        )

    def _write(self, facts: Mapping[str, object]) -> None:
        shown = {name: _short(value) for name, value in facts.items() if value is not None}
        if self._file:
            self._file.add(shown)
        if self._waiting:
            self._waiting.add(shown)

    async def keep(self, place: AuditPlace) -> None:
        """Write lines to a place in the store as they come, until cancelled."""
        if self._waiting:
            await self._waiting.run(place)

    async def end(self, place: AuditPlace | None) -> None:
        """Write what waits for a place in the store."""
        if self._waiting and place:
            await self._waiting.end(place)

    def close(self) -> None:
        """Close the file; what is not written is lost."""
        if self._file:
            self._file.end()
        if self._waiting:
            self._waiting.drop()

    def _lose(self, place: str, count: int) -> None:
        """Count lines that could not be written."""
        if not self.lost:
            log.warning("the audit cannot be written to %s", place)
        self.lost += count
        if found := instruments():
            found.audit_lost.add(count)


def audit_of(settings: ServerConfig, store: StoreTable | None) -> Audit | None:
    """Return the audit that the configuration asks for; without a `store` it has only a file."""
    waits = bool(store and store.audit_days)
    return Audit(settings.audit_file, waits=waits) if settings.audit_file or waits else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _said(result: Result) -> Mapping[str, Any]:
    said = result.structured_content if isinstance(result, t.CallToolResult) else None
    return said or {}


def _outcome(result: Result, said: Mapping[str, Any]) -> str:
    if isinstance(result, t.InputRequiredResult):
        return ASKED
    state = said.get("state")
    if state:
        return str(state)
    return ERROR if result.is_error else OK


def _size(result: Result) -> int:
    blocks = result.content if isinstance(result, t.CallToolResult) else []
    return sum(len(block.text.encode()) for block in blocks if isinstance(block, t.TextContent))


def _client() -> str | None:
    """Return the client id of a token, which differs between the hosts of one person."""
    token = get_access_token()
    return (token.claims or {}).get("client") if token else None


def _host(ctx: RequestCtx) -> str | None:
    """Return what the host calls itself."""
    params = ctx.session.client_params
    return f"{params.client_info.name} {params.client_info.version}" if params else None


def _trace(ctx: RequestCtx) -> str | None:
    """Return the trace that a call belongs to (W3C trace context), recorded here or not."""
    if recorded := current_trace():
        return recorded
    request, meta = ctx.request, ctx.meta or {}
    found = meta.get(HEADER) or (request.headers.get(HEADER) if request else None)
    parts = found.split("-") if isinstance(found, str) else []
    return parts[1] if len(parts) == 4 else None


def _short(value: object) -> object:
    return scrub(value)[:LONGEST] if isinstance(value, str) else value
