"""MCP tasks (io.modelcontextprotocol/tasks): a client that can polls for a long send."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import httpx2
import pytest
from mcp import Client, MCPError, stdio_client
from mcp.client.streamable_http import streamable_http_client
from real_agents import Agent, Agents
from real_agents.gate import Gate
from scripted import scripted
from stamping import StampingStore

from a2a_mcp.bridge.jobs import GRACE_SECONDS
from e2e.bridges import Home, Served
from e2e.hosts import CALL_SECONDS, ERAS, Answer, http_host
from e2e.lines import META, MODERN, Lines, lines
from e2e.polling import IDENTIFIER, PollingHost, Wire, answer_of, polling_client

pytestmark = pytest.mark.anyio

KINDS: Final = ("1.3-jsonrpc", "0.3-jsonrpc", "0.2-jsonrpc")
PLACES: Final = (
    ("stdio", "1.3-jsonrpc"),
    ("http", "0.3-jsonrpc"),
    ("stdio", "0.2-jsonrpc"),
)
UNKNOWN: Final = -32602
UNDECLARED: Final = -32021
OTHER_NAME: Final = -32020
NO_METHOD: Final = -32601
INTERNAL: Final = -32603


@pytest.fixture(scope="module")
def agents(running_agent: Agents) -> dict[str, Agent]:
    return {kind: running_agent(kind) for kind in KINDS}


@pytest.fixture(scope="module")
def shared(agents: dict[str, Agent], tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("tasks"))
    return home.configure({kind: agent.url for kind, agent in agents.items()})


@pytest.fixture(scope="module")
async def served(shared: Home) -> AsyncIterator[Served]:
    async with shared.serving() as served:
        yield served


@pytest.fixture(scope="module")
async def polling(shared: Home, served: Served) -> AsyncIterator[dict[str, Client]]:
    """Clients by transport; both declare the extension and elicitation."""
    async with AsyncExitStack() as stack:
        stderr = stack.enter_context(shared.stderr.open("a"))
        piped = stdio_client(shared.stdio(), stderr)
        yield {
            "stdio": await stack.enter_async_context(polling_client(piped, asks=True)),
            "http": await stack.enter_async_context(over_http(served, asks=True)),
        }


@asynccontextmanager
async def over_http(
    served: Served, token: str = "", *, asks: bool = False
) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else None
    async with (
        httpx2.AsyncClient(headers=headers, timeout=CALL_SECONDS) as http,
        polling_client(streamable_http_client(served.url, http_client=http), asks=asks) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(home: Home, *, asks: bool = False) -> AsyncIterator[PollingHost]:
    with home.stderr.open("a") as stderr:
        async with polling_client(stdio_client(home.stdio(), stderr), asks=asks) as client:
            yield PollingHost(client.session)


@pytest.fixture(params=PLACES, ids="-".join)
def place(request: pytest.FixtureRequest, polling: dict[str, Client]) -> tuple[PollingHost, str]:
    """A host that polls, and the kind of agent that it talks to."""
    transport, kind = request.param
    return PollingHost(polling[transport].session), kind


@pytest.fixture
def host(polling: dict[str, Client]) -> PollingHost:
    return PollingHost(polling["stdio"].session)


def without_ids(answer: Answer) -> tuple[str, Wire, bool]:
    """Return a result without what differs between two tasks that did the same."""
    text, structure = answer.text, dict(answer.structure)
    for name in ("task_id", "context_id"):
        text = text.replace(str(structure.pop(name, "nothing")), name)
    return text, structure, answer.failed


def words_of(agent: Agent, task_id: str) -> list[str]:
    """Return what the agent was told in a task, in order."""
    return [entry["text"] for entry in agent.log() if entry["task_id"] == task_id]


async def code_of(call: Any) -> int:
    """Return the code of the protocol error that a request ends with."""
    with pytest.raises(MCPError) as raised:
        await call
    return raised.value.error.code


async def test_subscribe_gives_its_updates_and_never_a_task(
    place: tuple[PollingHost, str],
) -> None:
    host, kind = place
    message = f"slow {1.5 * GRACE_SECONDS}"
    answer = await host.call(message, tool="subscribe", agent=kind, wait_seconds=30)
    structure = answer["structuredContent"]
    assert (answer["resultType"], structure["state"]) == ("complete", "completed")


async def test_what_is_done_in_a_moment_is_an_ordinary_result(
    place: tuple[PollingHost, str],
) -> None:
    host, kind = place
    result = await host.call("task hello", agent=kind)
    assert result["resultType"] == "complete"
    assert answer_of(result)["text"] == "task: hello"


async def test_a_task_ends_with_the_result_of_a_call_that_waited(
    place: tuple[PollingHost, str], served: Served, agents: dict[str, Agent], gate: Gate
) -> None:
    host, kind = place
    waited: list[Answer] = []

    async def wait() -> None:
        async with http_host(served.url, "auto") as plain:
            waited.append(await plain.send(f"slow {gate}", agent=kind))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        began = anyio.current_time()
        task_id = await host.start(f"slow {gate}", agent=kind)
        assert anyio.current_time() - began > GRACE_SECONDS / 2
        gate.open()
        answer = await host.result(task_id)
    assert answer["text"] == "slow done"
    assert without_ids(answer) == without_ids(waited[0])
    assert words_of(agents[kind], answer["task_id"]) == [f"slow {gate}"]
    again = await host.result(task_id)
    assert (again.text, again.structure) == (answer.text, answer.structure)


async def test_a_call_that_says_how_long_it_waits_is_answered_then(
    place: tuple[PollingHost, str], gate: Gate
) -> None:
    host, kind = place
    result = await host.call(f"slow {gate}", agent=kind, wait_seconds=0.2)
    gate.open()
    assert result.get("resultType", "complete") == "complete"
    assert answer_of(result)["state"] in ("submitted", "working")


async def test_a_task_says_how_it_stands_and_when_to_ask_again(
    host: PollingHost, gate: Gate
) -> None:
    task_id = await host.start(f"slow {gate}", agent="1.3-jsonrpc")
    task = await host.get(task_id)
    gate.open()
    assert (task["resultType"], task["status"]) == ("complete", "working")
    assert task["statusMessage"] == "still working"
    assert task["createdAt"].endswith("Z")
    assert task["createdAt"] <= task["lastUpdatedAt"]
    assert 500 <= task["pollIntervalMs"] <= 5_000
    assert 3_600_000 < task["ttlMs"] < 2**31
    assert {"result", "error", "inputRequests"}.isdisjoint(task)
    done = await host.over(task_id)
    assert done["createdAt"] == task["createdAt"]
    assert done["lastUpdatedAt"] > task["createdAt"]


async def test_an_answer_that_is_no_task_of_the_agents_is_a_result_too(
    host: PollingHost, gate: Gate
) -> None:
    task_id = await host.start(f"silent {gate} x", agent="1.3-jsonrpc")
    gate.open()
    answer = await host.result(task_id)
    assert answer["text"] == "echo: x"
    assert "task_id" not in answer.structure


async def test_a_failure_is_a_result_that_says_so(host: PollingHost, tmp_path: Path) -> None:
    async def fails(words: str, state: str) -> None:
        gate = Gate(tmp_path / words)
        task_id = await host.start(f"after {gate} {words}", agent="1.3-jsonrpc")
        gate.open()
        task = await host.over(task_id)
        assert (task["status"], task["result"]["isError"]) == ("completed", True)
        answer = answer_of(task["result"])
        assert answer["state"] == state
        assert answer["next_step"]

    async with anyio.create_task_group() as group:
        group.start_soon(fails, "fail", "failed")
        group.start_soon(fails, "reject", "rejected")


async def test_a_sign_in_is_offered_as_a_link_and_the_task_goes_on_after_it(
    host: PollingHost, tmp_path: Path
) -> None:
    asks, signed_in = Gate(tmp_path / "asks"), Gate(tmp_path / "signed-in")
    task_id = await host.start(f"after {asks} auth {signed_in}", agent="1.3-jsonrpc")
    asks.open()
    asking = await host.until(task_id, "input_required")
    ((question, request),) = asking["inputRequests"].items()
    assert request["params"]["mode"] == "url"
    assert request["params"]["url"] == "https://example.com/sign-in"
    await host.update(task_id, **{question: {"action": "accept"}})
    assert (await host.get(task_id))["status"] == "working"
    signed_in.open()
    assert (await host.result(task_id))["text"].endswith("signed in")


async def test_a_question_for_a_secret_is_never_a_form(host: PollingHost, gate: Gate) -> None:
    task_id = await host.start(f"after {gate} secret", agent="1.3-jsonrpc")
    gate.open()
    answer = await host.result(task_id)
    assert answer["state"] == "input-required"
    assert "not shown to the user" in answer["note"]


async def test_a_question_with_a_schema_is_a_form_whose_answer_goes_back_as_data(
    host: PollingHost, gate: Gate
) -> None:
    task_id = await host.start(f"after {gate} form", agent="1.3-jsonrpc")
    gate.open()
    asking = await host.until(task_id, "input_required")
    ((question, request),) = asking["inputRequests"].items()
    fields = request["params"]["requestedSchema"]["properties"]
    assert set(fields) != {"answer"}
    given = {
        name: {"integer": 2, "boolean": True}.get(field["type"], "Oslo")
        for name, field in fields.items()
    }
    await host.update(task_id, **{question: {"action": "accept", "content": given}})
    answer = await host.result(task_id)
    assert answer["state"] == "completed"
    assert "Oslo" in answer["text"]


async def test_a_client_that_resolves_tasks_itself_notices_nothing(
    polling: dict[str, Client],
) -> None:
    arguments = {"message": f"slow {1.5 * GRACE_SECONDS}", "agent": "1.3-jsonrpc"}
    result = await polling["http"].call_tool("send_task", arguments)
    assert result.structured_content
    assert result.structured_content["text"] == "slow done"


async def test_a_question_is_answered_through_the_task_and_goes_on_in_it(
    place: tuple[PollingHost, str], agents: dict[str, Agent], gate: Gate
) -> None:
    host, kind = place
    words = f"ponder {gate}"
    task_id = await host.start(words, agent=kind)
    gate.open()
    asking = await host.until(task_id, "input_required")
    ((question, request),) = asking["inputRequests"].items()
    assert request["method"] == "elicitation/create"
    told = request["params"]["message"]
    assert told.startswith(f'The agent {kind} asks about "ponder /')
    assert told.endswith('":\n\nWhich city?')
    given = {question: {"action": "accept", "content": {"answer": "Paris"}}}
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(lambda: host.update(task_id, **given))
    assert await host.update(task_id, **given) == {"resultType": "complete"}
    answer = await host.result(task_id)
    assert (answer["state"], answer["text"]) == ("completed", "got: Paris")
    assert words_of(agents[kind], answer["task_id"]) == [words, "Paris"]


async def test_an_answer_to_another_question_changes_nothing(
    host: PollingHost, agents: dict[str, Agent], gate: Gate
) -> None:
    task_id = await host.start(f"ponder {gate}", agent="1.3-jsonrpc")
    gate.open()
    asking = await host.until(task_id, "input_required")
    (question,) = asking["inputRequests"]
    assert await host.update(task_id, other={"nonsense": 1}) == {"resultType": "complete"}
    assert await code_of(host.update(task_id, **{question: {"nonsense": 1}})) == UNKNOWN
    assert (await host.get(task_id))["inputRequests"] == asking["inputRequests"]


async def test_a_user_who_gives_no_answer_leaves_the_question_to_the_model(
    host: PollingHost, agents: dict[str, Agent], gate: Gate
) -> None:
    task_id = await host.start(f"ponder {gate}", agent="1.3-jsonrpc")
    gate.open()
    (question,) = (await host.until(task_id, "input_required"))["inputRequests"]
    await host.update(task_id, **{question: {"action": "decline"}})
    answer = await host.result(task_id)
    assert (answer["state"], answer["text"]) == ("input-required", "Which city?")
    assert "declined" in answer["note"]
    assert words_of(agents["1.3-jsonrpc"], answer["task_id"]) == [f"ponder {gate}"]


async def test_without_elicitation_the_question_is_the_result(served: Served, gate: Gate) -> None:
    async with over_http(served) as client:
        host = PollingHost(client.session)
        task_id = await host.start(f"ponder {gate}", agent="1.3-jsonrpc")
        gate.open()
        answer = await host.result(task_id)
        assert (answer["state"], answer["text"]) == ("input-required", "Which city?")
        assert "task_id" in answer["next_step"]
        reply = answer_of(await host.call("Paris", task_id=answer["task_id"]))
        assert reply["text"] == "got: Paris"


async def test_cancelling_the_task_cancels_the_agents(
    place: tuple[PollingHost, str], agents: dict[str, Agent]
) -> None:
    host, kind = place
    task_id = await host.start("slow 600", agent=kind)
    assert await host.cancel(task_id) == {"resultType": "complete"}
    assert (await host.over(task_id))["status"] == "cancelled"
    cancels = len(agents[kind].cancels())
    assert await host.cancel(task_id) == {"resultType": "complete"}
    assert len(agents[kind].cancels()) == cancels


async def test_what_is_no_task_of_the_caller_is_unknown(
    host: PollingHost, agents: dict[str, Agent], home: Home, gate: Gate
) -> None:
    assert await code_of(host.get("no-such-task")) == UNKNOWN
    assert await code_of(host.get("x" * 600)) == UNKNOWN
    agent = agents["1.3-jsonrpc"]
    home.configure({"agent": agent.url}, tokens={"anna": "a" * 32, "ben": "b" * 32})
    async with (
        home.serving() as served,
        over_http(served, "a" * 32, asks=True) as anna,
        over_http(served, "b" * 32, asks=True) as ben,
    ):
        mine, foreign = PollingHost(anna.session), PollingHost(ben.session)
        task_id = await mine.start(f"ponder {gate}", agent="agent")
        gate.open()
        (question,) = (await mine.until(task_id, "input_required"))["inputRequests"]
        given = {question: {"action": "accept", "content": {"answer": "Paris"}}}
        cancels = len(agent.cancels())
        assert await code_of(foreign.get(task_id)) == UNKNOWN
        assert await code_of(foreign.update(task_id, **given)) == UNKNOWN
        assert await code_of(foreign.cancel(task_id)) == UNKNOWN
        assert (await mine.get(task_id))["status"] == "input_required"
        assert len(agent.cancels()) == cancels


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_that_does_not_declare_tasks_never_sees_one(
    served: Served, mode: str, host: PollingHost, gate: Gate
) -> None:
    async with Client(served.url, mode=mode) as client:
        plain = PollingHost(client.session)
        message = f"slow {gate}"
        result = await plain.call(message, agent="1.3-jsonrpc", wait_seconds=1.2 * GRACE_SECONDS)
        assert result.get("resultType", "complete") == "complete"
        assert answer_of(result)["state"] == "working"
        task_id = await host.start(message, agent="1.3-jsonrpc")
        gate.open()
        code = UNDECLARED if mode == "auto" else NO_METHOD
        for request in (plain.get(task_id), plain.update(task_id), plain.cancel(task_id)):
            assert await code_of(request) == code


async def test_the_name_in_the_header_must_be_the_tasks(served: Served, gate: Gate) -> None:
    async with over_http(served) as client, httpx.AsyncClient() as http:
        task_id = await PollingHost(client.session).start(f"slow {gate}", agent="1.3-jsonrpc")
        gate.open()
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {"extensions": {IDENTIFIER: {}}},
        }
        params = {"taskId": task_id, "_meta": meta}
        request = {"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": params}
        told = {}
        for name in (task_id, "another"):
            headers = {
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": MODERN,
                "Mcp-Method": "tasks/get",
                "Mcp-Name": name,
            }
            told[name] = (await http.post(served.url, json=request, headers=headers)).json()
        assert told[task_id]["result"]["taskId"] == task_id
        assert told["another"]["error"]["code"] == OTHER_NAME


async def test_after_a_restart_a_task_is_found_by_asking_the_agent(
    home: Home, own_agent: Callable[..., Agent], gate: Gate
) -> None:
    agents = {kind: own_agent(kind) for kind in ("1.3-jsonrpc", "0.3-jsonrpc")}
    home.configure({kind: agent.url for kind, agent in agents.items()})
    begun: dict[str, str] = {}
    async with over_stdio(home) as host, anyio.create_task_group() as group:

        async def begin(kind: str, words: str) -> None:
            begun[f"{kind} {words.split()[0]}"] = await host.start(words, agent=kind)

        for kind in agents:
            group.start_soon(begin, kind, f"slow {gate}")
            group.start_soon(begin, kind, f"ponder {gate}")
        group.start_soon(begin, "1.3-jsonrpc", "silent 30 x")
        group.start_soon(begin, "1.3-jsonrpc", "noend")
    gate.open()
    async with over_stdio(home, asks=True) as host:
        for kind, agent in agents.items():
            answer = await host.result(begun[f"{kind} slow"])
            assert answer["text"] == "slow done"
            asking = begun[f"{kind} ponder"]
            (question,) = (await host.until(asking, "input_required"))["inputRequests"]
            given = {question: {"action": "accept", "content": {"answer": "Paris"}}}
            await host.update(asking, **given)
            answer = await host.result(asking)
            assert answer["text"] == "got: Paris"
            assert words_of(agent, answer["task_id"]) == [f"ponder {gate}", "Paris"]
        answer = await host.result(begun["1.3-jsonrpc silent"])
        assert answer.failed
        assert "may have been carried out" in answer.text
        agents["1.3-jsonrpc"].kill()
    async with over_stdio(home) as host:
        going_on = await host.get(begun["1.3-jsonrpc noend"])
        assert going_on["status"] == "working"
        assert "1.3-jsonrpc" in going_on["statusMessage"]
        ended = await host.result(begun["1.3-jsonrpc ponder"])
        assert ended["text"] == "got: Paris"


async def test_an_answer_that_did_not_leave_can_be_given_again(
    home: Home, own_agent: Callable[..., Agent], gate: Gate
) -> None:
    agent = own_agent("1.3-jsonrpc")
    home.configure({"agent": agent.url})
    async with over_stdio(home, asks=True) as host:
        task_id = await host.start(f"ponder {gate}", agent="agent")
        gate.open()
        asking = await host.until(task_id, "input_required")
        (question,) = asking["inputRequests"]
        agent.kill()
        given = {question: {"action": "accept", "content": {"answer": "Paris"}}}
        assert await code_of(host.update(task_id, **given)) == INTERNAL
        assert (await host.get(task_id))["inputRequests"] == asking["inputRequests"]


async def test_a_question_that_is_only_stamped_again_is_put_to_the_person_once(home: Home) -> None:
    async with scripted() as agent:
        StampingStore(agent).works = 3
        home.configure({"it": agent.url})
        async with over_stdio(home, asks=True) as host:
            task_id = await host.start("paint", agent="it")
            asking = await host.until(task_id, "input_required")
            (question,) = asking["inputRequests"]
            given = {question: {"action": "accept", "content": {"answer": "red"}}}
            await host.update(task_id, **given)
            after = await host.until(task_id, "completed", "input_required")
        assert after["status"] == "completed"
        assert answer_of(after["result"])["text"] == "got: red"
        assert len(agent.sends()) == 2


async def listen(pipes: Lines, task_ids: list[str], **capabilities: Any) -> int:
    meta = {f"{META}clientCapabilities": capabilities}
    wanted = {"taskIds": task_ids}
    return await pipes.ask("subscriptions/listen", notifications=wanted, _meta=meta)


async def test_who_listens_to_tasks_is_told_of_each_change(
    home: Home, agents: dict[str, Agent], gate: Gate
) -> None:
    home.configure({"agent": agents["1.3-jsonrpc"].url})
    capabilities = {"extensions": {IDENTIFIER: {}}, "elicitation": {}}
    meta = {f"{META}clientCapabilities": capabilities}
    async with lines(home, MODERN) as pipes:
        arguments = {"message": f"ponder {gate}", "agent": "agent"}
        created = await pipes.request(
            "tools/call", name="send_task", arguments=arguments, _meta=meta
        )
        task_id = created["result"]["taskId"]
        stream = await listen(pipes, [task_id, "no-such-task"], **capabilities)
        await pipes.told(lambda it: it["params"].get("status") == "working")
        gate.open()
        asking = await pipes.told(lambda it: it["params"].get("status") == "input_required")
        (question,) = asking["params"]["inputRequests"]
        given = {question: {"action": "accept", "content": {"answer": "Paris"}}}
        await pipes.request("tasks/update", taskId=task_id, inputResponses=given, _meta=meta)
        assert "result" in await pipes.answer_to(
            stream
        )  # all have ended, and nothing else was asked
        first, *rest = pipes.notifications
        assert first["method"] == "notifications/subscriptions/acknowledged"
        assert first["params"]["notifications"] == {"taskIds": [task_id]}
        assert {told["method"] for told in rest} == {"notifications/tasks"}
        for told in (first, *rest):
            assert told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == stream
        statuses = [told["params"]["status"] for told in rest]
        assert list(dict.fromkeys(statuses))[:2] == ["working", "input_required"]
        last = rest[-1]["params"]
        assert last["status"] == "completed"
        assert answer_of(last["result"])["text"] == "got: Paris"
        refused = await pipes.answer_to(await listen(pipes, [task_id]))
        assert refused["error"]["code"] == UNDECLARED
        many = [*map(str, range(100)), task_id]  # more than anybody listens to: not even looked up
        late = await listen(pipes, many, **capabilities)
        named = "io.modelcontextprotocol/subscriptionId"
        told = await pipes.told(lambda it: it["params"]["_meta"].get(named) == late)
        assert told["params"]["notifications"] == {}
