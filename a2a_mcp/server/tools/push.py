"""The toolset `push`: an agent posts what happens to a task to a webhook, set by hand.

It is offered only where the configuration names it, and lets an agent post only where the
configuration allows.
"""

from __future__ import annotations

from typing import Annotated, Final

import mcp.types as t
from pydantic import Field

from a2a_mcp.a2a.requests import PushConfig
from a2a_mcp.bridge.push import PushConfigs
from a2a_mcp.server import results
from a2a_mcp.server.app import App
from a2a_mcp.server.call import Ctx, app_of
from a2a_mcp.server.caller import owner
from a2a_mcp.server.tools import schemas
from a2a_mcp.server.tools.arguments import TaskAgent, TaskId
from a2a_mcp.server.tools.boundary import returns_errors
from a2a_mcp.server.tools.rows import READ, STOP, WORK, Row

ConfigId = Annotated[str, Field(description="config_id from list_push_configs")]


@returns_errors
async def create_push_config(
    ctx: Ctx,
    task_id: TaskId,
    webhook_url: Annotated[str, Field(description="Where the agent posts; only allowed URLs")],
    agent: TaskAgent = None,
    config_id: Annotated[
        str | None, Field(description="Replaces the configuration with this id")
    ] = None,
    token: Annotated[
        str | None, Field(description="Sent in X-A2A-Notification-Token with each post")
    ] = None,
    scheme: Annotated[
        str | None, Field(description="Scheme of the Authorization header, e.g. Bearer")
    ] = None,
    credentials: Annotated[
        str | None, Field(description="Credentials of the Authorization header")
    ] = None,
) -> t.CallToolResult:
    """Lets the agent post what happens to a task to a webhook, for another system to receive. Use
    it only when the user asks for it: to wait for a task yourself, call subscribe. Returns the
    configuration as the agent keeps it. An agent that posts nothing, or a URL that is not allowed,
    is an error, and nothing is sent.
    """
    app = app_of(ctx)
    config = PushConfig(
        url=webhook_url, id=config_id, token=token, scheme=scheme, credentials=credentials
    )
    view = await _configs(app).create(owner(), task_id, agent, config)
    return results.of_view(view, app.mask)


@returns_errors
async def get_push_config(
    ctx: Ctx,
    task_id: TaskId,
    config_id: Annotated[
        str | None, Field(description="config_id; omit it where a task has one configuration")
    ] = None,
    agent: TaskAgent = None,
) -> t.CallToolResult:
    """Reads one push configuration of a task at its agent. Tokens and credentials are hidden."""
    app = app_of(ctx)
    view = await _configs(app).get(owner(), task_id, agent, config_id)
    return results.of_view(view, app.mask)


@returns_errors
async def list_push_configs(
    ctx: Ctx,
    task_id: TaskId,
    agent: TaskAgent = None,
    cursor: Annotated[str | None, Field(description="cursor from the previous result")] = None,
) -> t.CallToolResult:
    """Lists the push configurations of a task at its agent. Tokens and credentials are hidden."""
    app = app_of(ctx)
    view = await _configs(app).list(owner(), task_id, agent, cursor)
    return results.of_view(view, app.mask)


@returns_errors
async def delete_push_config(
    ctx: Ctx, task_id: TaskId, config_id: ConfigId, agent: TaskAgent = None
) -> t.CallToolResult:
    """Removes a push configuration of a task: its agent posts no more to that webhook. The task
    itself goes on.
    """
    app = app_of(ctx)
    view = await _configs(app).delete(owner(), task_id, agent, config_id)
    return results.of_view(view, app.mask)


def _configs(app: App) -> PushConfigs:
    return PushConfigs(app.registry, app.bridge.reader)


TABLE: Final[tuple[Row, ...]] = (
    (create_push_config, "Set a webhook for a task", WORK, schemas.PUSH_CONFIGS),
    (get_push_config, "Read a webhook of a task", READ, schemas.PUSH_CONFIGS),
    (list_push_configs, "List the webhooks of a task", READ, schemas.PUSH_CONFIGS),
    (delete_push_config, "Remove a webhook of a task", STOP, schemas.PUSH_CONFIGS),
)
