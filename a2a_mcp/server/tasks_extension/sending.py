"""A call of send_task that becomes an MCP task, if the agent has not answered after a moment.

Only a client that declares the extension gets a task; every other call is not touched.
"""

from __future__ import annotations

from contextlib import suppress

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.bridge.jobs import Job
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.bridge.updates import Notice
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.server.app import App
from a2a_mcp.server.call import Ctx, RequestCtx, Result
from a2a_mcp.server.caller import owner
from a2a_mcp.server.elicitation.rounds import answered
from a2a_mcp.server.tasks_extension.wire import IDENTIFIER, VERSION, StartedTask


class _JobSender:
    """Sends the messages of one call; `job` is set once a message has become a job."""

    def __init__(self, app: App, notice: Notice | None) -> None:
        self._app = app
        self._notice = notice
        self.job: Job | None = None

    async def send(self, request: SendRequest) -> TaskView:
        """Send a message; return its result, or the working task if it has become a job."""
        await self._raise_if_nobody_signed_in(request)
        started = await self._app.jobs.start(owner(), request, self._notice)
        if isinstance(started, TaskView):
            return started
        self.job = started
        agent = started.follow.agent
        return TaskView(agent=agent, task_id=started.handle, state=TaskState.WORKING)

    async def _raise_if_nobody_signed_in(self, request: SendRequest) -> None:
        """Raise SignInNeeded while the call can still ask: a job does not send a second time."""
        if request.task_id or request.context_id:
            return
        registry = self._app.registry
        connection = registry.connection(registry.resolve(request.agent), owner())
        has_consent = request.confirmed or not connection.config.confirm
        if connection.config.is_personal and has_consent:
            with suppress(A2AError):  # what is wrong with the agent shows when the message is sent
                await connection.prepare()


def accepts_tasks(ctx: RequestCtx) -> bool:
    """Return whether the client of a request declares the tasks extension."""
    if ctx.protocol_version != VERSION:
        return False
    capabilities = ctx.session.client_capabilities
    extensions = capabilities.extensions if capabilities else None
    return IDENTIFIER in (extensions or {})


async def send_as_task(ctx: Ctx, app: App, request: SendRequest, notice: Notice | None) -> Result:
    """Send a message; return its result, or a StartedTask if the agent is still at work.

    Raises BridgeError and A2AError.
    """
    sender = _JobSender(app, notice)
    result = await answered(ctx, app, request, sender.send)
    return StartedTask(sender.job) if sender.job else result
