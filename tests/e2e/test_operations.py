"""Every operation of A2A, done through the tools; the table in docs/operations.md is what was seen.

Each cell holds what the agent's own log says that it was asked. Run with A2A_MCP_UPDATE_GOLDEN=1 to
write the table again.
"""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import pytest
from real_agents import Agent, Agents
from webhooks import webhook

from e2e.bridges import Home, Table, until
from e2e.hosts import Answer, Host, stdio_host

pytestmark = pytest.mark.anyio

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "operations.md"
UPDATE: Final = "A2A_MCP_UPDATE_GOLDEN"
TABLES: Final = re.compile(r"(?<=<!-- tables -->\n\n).*(?=\n<!-- end of tables -->)", re.DOTALL)
GENERATIONS: Final = {
    "A2A 1.0, against a2a-sdk 1.3": ("1.3-jsonrpc", "1.3-rest", "1.3-grpc"),
    "A2A 0.3, against a2a-sdk 0.3.26": ("0.3-jsonrpc", "0.3-rest", "0.3-grpc"),
}
COLUMNS: Final = ("JSON-RPC", "HTTP+JSON", "gRPC")
KINDS: Final = tuple(kind for kinds in GENERATIONS.values() for kind in kinds)
WITHOUT_STREAM: Final = "-without-stream"
READS: Final = frozenset({"GetTask", "tasks/get", "GET /tasks/{id}", "GET /v1/tasks/{id}"})
NOT_SENT: Final = "not in this version"
REFUSED: Final = "the SDK has none: "
HOOK: Final = "h1"
CARD: Final = ".well-known/agent-card.json"


@dataclass
class Cell:
    """One agent behind two bridges that share nothing, and the task that a test holds on to."""

    kind: str
    agent: Agent
    host: Host
    other: Host
    hook: str
    asking: str = ""
    seen: dict[str, str] = field(default_factory=dict)

    def calls(self) -> list[str]:
        """Return what the agent was asked so far, cards left out, by its name on the wire."""
        return [_wire_name(it) for it in self.agent.requests() if CARD not in it["path"]]

    async def look(self, operation: Operation) -> None:
        """Do an operation and keep what the agent was asked for it."""
        await operation.prepare(self)
        before = len(self.calls())
        answer = await operation.act(self)
        asked = self.calls()[before:]
        called = next((name for name in asked if name not in READS), asked[0] if asked else "")
        if answer.failed:
            assert answer["error"]
            called = f"{REFUSED}`{called}`" if called else NOT_SENT
        else:
            called = f"`{called}`"
        self.seen[operation.name] = called


def _wire_name(request: dict[str, str]) -> str:
    if "rpc" in request:
        return request["rpc"]
    if request["method"] == "GRPC":
        return request["path"].rpartition("/")[2]
    path = re.sub(r"/tasks/[^/:]+", "/tasks/{id}", request["path"])
    return f"{request['method']} {path.replace(HOOK, '{config_id}')}"


Act = Callable[[Cell], Awaitable[Answer]]


async def _nothing(_cell: Cell) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Operation:
    """An operation by its name in A2A 1.0, and how a host does it through the tools."""

    name: str
    tool: str
    act: Act
    prepare: Callable[[Cell], Awaitable[None]] = _nothing


async def send(cell: Cell) -> Answer:
    return await cell.host.send("echo hello", agent=cell.kind + WITHOUT_STREAM)


async def stream(cell: Cell) -> Answer:
    answer = await cell.host.call("subscribe", message="stream 2", agent=cell.kind)
    assert answer["text"].strip() == "chunk1 chunk2"
    return answer


async def ask(cell: Cell) -> None:
    cell.asking = (await cell.host.send("input which one?", agent=cell.kind))["task_id"]


async def get(cell: Cell) -> Answer:
    return await cell.host.call("get_task", task_id=cell.asking)


async def list_tasks(cell: Cell) -> Answer:
    listed = await cell.host.call("list_tasks", agent=cell.kind, remote=True)
    assert listed.failed or cell.asking in {row["task_id"] for row in listed["tasks"]}
    return listed


async def begin(cell: Cell, seconds: int = 600) -> None:
    known = len(cell.agent.log())

    async def named() -> str:
        return str(next((entry["task_id"] for entry in cell.agent.log()[known:]), ""))

    await cell.host.send(f"slow {seconds}", agent=cell.kind, wait_seconds=0.1)
    cell.asking = await until(named)


async def cancel(cell: Cell) -> Answer:
    answer = await cell.host.call("cancel_task", task_id=cell.asking, agent=cell.kind)
    assert answer["state"] == "canceled"
    return answer


async def subscribe(cell: Cell) -> Answer:
    """Follow a task that another bridge has begun, so that its stream is not open here."""
    answer = await cell.other.call("subscribe", task_id=cell.asking, agent=cell.kind)
    assert (answer["state"], answer["text"]) == ("completed", "slow done")
    return answer


async def create_push(cell: Cell) -> Answer:
    place = {"task_id": cell.asking, "config_id": HOOK}
    return await cell.host.call("create_push_config", webhook_url=cell.hook, **place)


async def get_push(cell: Cell) -> Answer:
    return await cell.host.call("get_push_config", task_id=cell.asking, config_id=HOOK)


async def list_push(cell: Cell) -> Answer:
    return await cell.host.call("list_push_configs", task_id=cell.asking)


async def delete_push(cell: Cell) -> Answer:
    return await cell.host.call("delete_push_config", task_id=cell.asking, config_id=HOOK)


async def extended_card(cell: Cell) -> Answer:
    """Refresh it: what is asked for then are the public card, which is left out, and this one."""
    return await cell.host.call("agent_info", agent=cell.kind, refresh=True)


OPERATIONS: Final = (
    Operation("SendMessage", "send_task", send),
    Operation("SendStreamingMessage", "send_task, subscribe", stream),
    Operation("GetTask", "get_task", get, ask),
    Operation("ListTasks", "list_tasks (remote)", list_tasks),
    Operation("CreateTaskPushNotificationConfig", "create_push_config", create_push),
    Operation("GetTaskPushNotificationConfig", "get_push_config", get_push),
    Operation("ListTaskPushNotificationConfigs", "list_push_configs", list_push),
    Operation("DeleteTaskPushNotificationConfig", "delete_push_config", delete_push),
    Operation("CancelTask", "cancel_task", cancel, begin),
    Operation("SubscribeToTask", "subscribe", subscribe, partial(begin, seconds=2)),
    Operation("GetExtendedAgentCard", "agent_info", extended_card),
)
"""In the order in which they are done: those of webhooks need the task that waits."""


@pytest.fixture(scope="module")
def agents(running_agent: Agents) -> dict[str, Agent]:
    with ThreadPoolExecutor() as pool:
        started = pool.map(lambda kind: running_agent(kind, "--push", "--extended", "shown"), KINDS)
        return dict(zip(KINDS, started, strict=True))


@pytest.fixture(scope="module")
def hook() -> Iterator[str]:
    with webhook() as taken:
        yield f"{taken.url}/hooks/x"


@pytest.fixture(scope="module")
async def cells(
    agents: dict[str, Agent], hook: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Cell]]:
    async with AsyncExitStack() as exits:
        hosts = []
        for name in ("one", "other"):
            home = Home(tmp_path_factory.mktemp(name))
            tables = _tables(agents, home.folder)
            home.configure(tables, toolsets=["push"], push_targets=[hook])
            stderr = exits.enter_context(home.stderr.open("a"))
            opened = stdio_host(home.stdio(), "auto", stderr)
            hosts.append(await exits.enter_async_context(opened))
        yield [Cell(kind, agents[kind], *hosts, hook) for kind in KINDS]


def _tables(agents: dict[str, Agent], folder: Path) -> dict[str, Table]:
    """Configure each agent twice: as it is, and with a card that says that it does not stream."""
    tables: dict[str, Table] = {}
    for kind, agent in agents.items():
        tables[kind] = {"url": agent.url, "headers": {"X-Key": "for the extended card"}}
        with urllib.request.urlopen(f"{agent.url}/{CARD}", timeout=20) as answer:
            card = json.load(answer)
        card["capabilities"]["streaming"] = False
        copy = folder / f"{kind}.json"
        copy.write_text(json.dumps(card))
        tables[kind + WITHOUT_STREAM] = {"url": agent.url, "card": str(copy)}
    return tables


async def test_the_documents_table_is_what_the_agents_were_asked(cells: list[Cell]) -> None:
    async def fill(cell: Cell) -> None:
        for operation in OPERATIONS:
            await cell.look(operation)

    async with anyio.create_task_group() as group:
        for cell in cells:
            group.start_soon(fill, cell)
    tables = written({cell.kind: cell.seen for cell in cells})
    document = DOCUMENT.read_text(encoding="utf-8")
    if os.environ.get(UPDATE):
        document = TABLES.sub(lambda _: tables, document)
        DOCUMENT.write_text(document, encoding="utf-8")
    found = TABLES.search(document)
    assert found
    assert found.group() == tables
    new = [cell for cell in cells if cell.kind in next(iter(GENERATIONS.values()))]
    assert all(REFUSED not in it and it != NOT_SENT for cell in new for it in cell.seen.values())


def written(seen: dict[str, dict[str, str]]) -> str:
    """Write a table for each generation of the SDK."""
    lines: list[str] = []
    for title, kinds in GENERATIONS.items():
        lines += [f"## {title}", "", _row("operation", "tool", *COLUMNS), _row(*["---"] * 5)]
        for operation in OPERATIONS:
            cells = (seen[kind][operation.name] for kind in kinds)
            lines.append(_row(operation.name, f"`{operation.tool}`", *cells))
        lines.append("")
    return "\n".join(lines)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
