"""The steps of the tour: which tool is called with which arguments, and the expected result.

It knows the bridge only by its tools, as an MCP client does. It starts no process.
"""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import anyio
from mcp import Client
from mcp.types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    ImageContent,
    ResourceLink,
    TextContent,
)

from a2a_mcp.demo.page import Page

JSON = Mapping[str, Any]

CALL_SECONDS: Final = 60
POLL_SECONDS: Final = 0.5
FAILURES: Final = frozenset({"failed", "rejected"})


class Tour:
    """Calls the bridge's tools, and keeps the differences from what is expected."""

    def __init__(self, client: Client, page: Page) -> None:
        self.page = page
        self.client = client
        self.differences: list[str] = []

    async def call(
        self, tool: str, /, *, state: str = "", holds: str = "", **arguments: object
    ) -> JSON:
        """Show a call and its result; return the result's structure.

        `state` is the expected task state, `holds` are words that the text should hold.
        """
        self.page.call(tool, arguments)
        result = await self.client.call_tool(tool, arguments, CALL_SECONDS, self.page.progress)
        text = readable(result)
        self.page.answer(text, failed=bool(result.is_error))
        found: JSON = result.structured_content or {}
        self._compare(f"{tool}: state", found.get("state", ""), state or found.get("state", ""))
        self._compare(f"{tool}: is an error", bool(result.is_error), state in FAILURES)
        if holds not in text:
            self.differ(f"{tool}: the text does not hold {holds!r}")
        return found

    async def until_done(self, task_id: str) -> None:
        """Wait until the agent no longer works on a task; print nothing."""
        with anyio.fail_after(CALL_SECONDS):
            while True:
                result = await self.client.call_tool("get_task", {"task_id": task_id})
                if (result.structured_content or {}).get("state") not in {"submitted", "working"}:
                    return
                await anyio.sleep(POLL_SECONDS)

    def differ(self, difference: str) -> None:
        """Keep and show a difference."""
        self.differences.append(difference)
        self.page.difference(difference)

    def _compare(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            self.differ(f"{what} is {found!r}, not {expected!r}")


def readable(result: CallToolResult) -> str:
    """Return a result's content for a person: text as it is, other blocks by their kind."""
    return "\n".join(_block(block) for block in result.content)


def _block(block: ContentBlock) -> str:
    match block:
        case TextContent():
            return block.text
        case ImageContent() | AudioContent():
            return f"[{block.mime_type}, {len(b64decode(block.data))} bytes]"
        case ResourceLink():
            return f"[link to {block.name}: {block.uri}]"
        case _:
            return f"[{block.type}]"


async def list_the_tools(tour: Tour) -> None:
    """Show the list of tools, which a host reads first."""
    tour.page.step("The tools", "Whatever the number of agents, a host sees the same few tools.")
    tools = (await tour.client.list_tools()).tools
    tour.page.answer("\n".join(f"{tool.name}: {tool.title or tool.description}" for tool in tools))
    missing = {"agent_info", "send_task", "get_task", "get_artifact", "cancel_task", "list_tasks"}
    missing -= {tool.name for tool in tools}
    if missing:
        tour.differ(f"tools/list: {', '.join(sorted(missing))} missing")


async def ask_about_the_agents(tour: Tour) -> None:
    """Show the agents, then one of them with its skills."""
    tour.page.step("The agents", "Which agents there are, and what one of them can do.")
    await tour.call("agent_info")
    await tour.call("agent_info", agent="demo", holds="echo")


async def send_a_message(tour: Tour) -> None:
    """Show the simplest case: a message and its answer."""
    tour.page.step("A message", "Answer, state, task id and context id come back in one call.")
    await tour.call("send_task", message="echo hello", state="completed", holds="echo: hello")


async def watch_a_stream(tour: Tour) -> None:
    """Show progress while an answer grows."""
    tour.page.step("A stream", "The agent sends its answer in pieces; the host sees progress.")
    await tour.call("send_task", message="stream 5", state="completed", holds="chunk 5 of 5")


async def wait_for_slow_work(tour: Tour) -> None:
    """Show work that takes longer than the caller waits."""
    tour.page.step(
        "Slow work", "The call comes back after a second, the agent works on, nothing is lost."
    )
    task = await tour.call("send_task", message="slow 4", wait_seconds=1, state="working")
    task_id = task.get("task_id", "")
    await tour.until_done(task_id)
    tour.page.prose("Some seconds later:")
    await tour.call("get_task", task_id=task_id, state="completed", holds="Done after 4 s")


async def answer_a_question(tour: Tour) -> None:
    """Show a task that asks a question."""
    tour.page.step("A question", "The agent asks; the answer goes to the same task, by its id.")
    task = await tour.call("send_task", message="ask", state="input-required", holds="Which city?")
    await tour.call(
        "send_task",
        message="Oslo",
        task_id=task.get("task_id", ""),
        state="completed",
        holds="degrees in Oslo",
    )


async def see_a_failure(tour: Tour) -> None:
    """Show that a failure is an error, with the agent's words."""
    tour.page.step("A failure", "A failed task is an error to the model, here marked by x.")
    await tour.call("send_task", message="fail no paper", state="failed", holds="no paper")


async def fetch_files(tour: Tour) -> None:
    """Show that files stay out of the context until asked for."""
    tour.page.step("Files", "A result names its files; their content comes only when asked for.")
    task = await tour.call("send_task", message="files", state="completed", holds="chart")
    task_id = task.get("task_id", "")
    await tour.call("get_artifact", task_id=task_id, artifact_id="chart", holds="[image/png")


async def read_data(tour: Tour) -> None:
    """Show structured data, whole and by a JSON pointer."""
    tour.page.step("Data", "Structured data can be read by the piece, however much there is.")
    task = await tour.call("send_task", message="data", state="completed", holds="Oslo")
    await tour.call(
        "get_artifact",
        task_id=task.get("task_id", ""),
        artifact_id="temperatures",
        pointer="/rows/2",
        holds="Cairo",
    )


async def stop_a_task(tour: Tour) -> None:
    """Show how a task is cancelled."""
    tour.page.step("Stopping", "Work that is no longer wanted is stopped at the agent.")
    task = await tour.call("send_task", message="slow 60", wait_seconds=1, state="working")
    await tour.call("cancel_task", task_id=task.get("task_id", ""), state="canceled")


async def look_back(tour: Tour) -> None:
    """Show that every task is remembered."""
    tour.page.step("Looking back", "Every task is remembered, across restarts of the host too.")
    await tour.call("list_tasks", holds="canceled")


STEPS: Final[tuple[Callable[[Tour], Awaitable[None]], ...]] = (
    list_the_tools,
    ask_about_the_agents,
    send_a_message,
    watch_a_stream,
    wait_for_slow_work,
    answer_a_question,
    see_a_failure,
    fetch_files,
    read_data,
    stop_a_task,
    look_back,
)
