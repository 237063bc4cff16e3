"""A host that declares MCP tasks: it starts a call, keeps the handle and polls, step by step."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

import anyio
import mcp.types as t
from mcp import Client
from mcp.client.context import ClientRequestContext
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from pydantic import ConfigDict, Field

from e2e.bridges import until
from e2e.hosts import CALL_SECONDS, ERAS, Answer

IDENTIFIER: Final = "io.modelcontextprotocol/tasks"
TERMINAL: Final = ("completed", "failed", "cancelled")

Wire = dict[str, Any]


class Created(t.Result):
    """A call's answer when it has become a task."""

    model_config = ConfigDict(extra="allow")
    result_type: Literal["task"] = Field(alias="resultType")


class Anything(t.Result):
    """An answer, as it comes."""

    model_config = ConfigDict(extra="allow")


class Params(t.RequestParams):
    """What a request about a task says."""

    task_id: str = Field(serialization_alias="taskId")
    input_responses: Wire | None = Field(default=None, serialization_alias="inputResponses")


class AboutTask(t.Request[Params, str]):
    """tasks/get, tasks/update or tasks/cancel."""

    method: str
    params: Params


class Polling(ClientExtension):
    """Declares the extension, and finishes a claimed call by polling."""

    identifier = IDENTIFIER

    def claims(self) -> list[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Created, resolve=self._resolve)]

    async def _resolve(self, created: Created, context: ClaimContext) -> t.CallToolResult:
        host = PollingHost(context.session)
        task = await host.over(wire(created)["taskId"])
        return t.CallToolResult.model_validate(task["result"])


class PollingHost:
    """The steps of a host, each by itself; a protocol error is raised as MCPError."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def call(self, message: str, *, tool: str = "send_task", **arguments: Any) -> Wire:
        """Call a tool that sends; return the result or the created task, as on the wire."""
        with anyio.fail_after(CALL_SECONDS):
            result = await self._session.call_tool(
                tool, {"message": message, **arguments}, allow_claimed=True
            )
        return wire(result)

    async def start(self, message: str, **arguments: Any) -> str:
        """Call send_task, which must create a task; return its id."""
        created = await self.call(message, **arguments)
        assert created["resultType"] == "task", created
        assert created["status"] == "working"
        return str(created["taskId"])

    async def get(self, task_id: str) -> Wire:
        return await self._ask("tasks/get", task_id)

    async def update(self, task_id: str, **responses: Any) -> Wire:
        return await self._ask("tasks/update", task_id, responses)

    async def cancel(self, task_id: str) -> Wire:
        return await self._ask("tasks/cancel", task_id)

    async def until(self, task_id: str, *statuses: str) -> Wire:
        """Poll until the task is in one of the states."""

        seen: Wire = {}

        async def look() -> bool:
            seen.update(await self.get(task_id))
            assert seen["status"] not in TERMINAL or seen["status"] in statuses, seen
            return seen["status"] in statuses

        try:
            await until(look)
        except TimeoutError:
            raise AssertionError(f"the task is never {statuses}: {seen}") from None
        return await self.get(task_id)

    async def over(self, task_id: str) -> Wire:
        """Poll until the task has ended."""
        return await self.until(task_id, *TERMINAL)

    async def result(self, task_id: str) -> Answer:
        """Poll until the task is completed and return its result."""
        task = await self.until(task_id, "completed")
        return answer_of(task["result"])

    async def _ask(self, method: str, task_id: str, responses: Wire | None = None) -> Wire:
        params = Params(task_id=task_id, input_responses=responses)
        with anyio.fail_after(CALL_SECONDS):
            request = AboutTask(method=method, params=params)
            return wire(await self._session.send_request(request, Anything))


def wire(result: t.Result) -> Wire:
    """Return a result as it was on the wire, without what the server says of itself."""
    written = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    written.pop("_meta", None)
    return written


def answer_of(result: Wire) -> Answer:
    """Return a tool's result, on the wire or inlined in a task, as hosts see it."""
    read = t.CallToolResult.model_validate(result)
    text = "".join(block.text for block in read.content if isinstance(block, t.TextContent))
    return Answer(text, read.structured_content or {}, bool(read.is_error), 0.0, read.content)


async def _no_words(_: ClientRequestContext, __: t.ElicitRequestParams) -> t.ElicitResult:
    raise AssertionError("these tests answer through tasks/update")


@asynccontextmanager
async def polling_client(transport: Any, *, asks: bool = False) -> AsyncIterator[Client]:
    """Connect the SDK's client with the extension; `asks` declares elicitation too."""
    elicitation = _no_words if asks else None
    async with Client(
        transport, mode="auto", extensions=[Polling()], elicitation_callback=elicitation
    ) as client:
        assert client.protocol_version == ERAS["auto"]
        await client.list_tools()
        yield client
