"""The toolset `registry`: a caller adds an agent while the server runs, and removes it again.

It is offered only where the configuration names it, and adds only agents that the configuration
allows.
"""

from __future__ import annotations

from typing import Annotated, Final

import mcp.types as t
from pydantic import Field

from a2a_mcp.bridge.registration import Registration
from a2a_mcp.errors import NotAllowed
from a2a_mcp.presentation import registry_sentences
from a2a_mcp.server import results
from a2a_mcp.server.app import App
from a2a_mcp.server.call import Ctx, app_of
from a2a_mcp.server.caller import owner
from a2a_mcp.server.tools import schemas
from a2a_mcp.server.tools.boundary import returns_errors
from a2a_mcp.server.tools.rows import STOP, WORK, Row


@returns_errors
async def register_agent(
    ctx: Ctx,
    url: Annotated[str, Field(description="Where the agent is; only allowed URLs")],
    name: Annotated[
        str | None, Field(description="Name to call it by; default made of the URL")
    ] = None,
    description: Annotated[
        str | None, Field(description="What it is good for, shown by agent_info")
    ] = None,
) -> t.CallToolResult:
    """Adds a remote agent to those you can send work to. Use it only when the user asks for it or
    gives the URL. It is kept over restarts and used without credentials. Returns the agent as
    agent_info describes it. A URL that is not allowed, a name that is taken or a card that cannot
    be read is an error, and nothing changes.
    """
    app = app_of(ctx)
    view = await _registration(app).register(owner(), url, name, description)
    return results.of_view(view, app.mask)


@returns_errors
async def unregister_agent(
    ctx: Ctx, name: Annotated[str, Field(description="Name of an agent that you registered")]
) -> t.CallToolResult:
    """Removes an agent that was added with register_agent. Says how many unfinished tasks can no
    longer be reached; results that were seen stay readable. Agents of the configuration stay.
    """
    app = app_of(ctx)
    view = await _registration(app).unregister(owner(), name)
    return results.of_view(view, app.mask)


def _registration(app: App) -> Registration:
    if app.registry.registered is None:
        reason = "this server has no state folder"
        raise NotAllowed(
            registry_sentences.NOT_STORED.format(reason=reason),
            registry_sentences.NOT_STORED_NEXT,
        )
    return Registration(app.registry, app.registry.registered, app.bridge.tasks)


TABLE: Final[tuple[Row, ...]] = (
    (register_agent, "Add an agent", WORK, schemas.AGENTS),
    (unregister_agent, "Remove an agent", STOP, schemas.AGENTS),
)
