"""Questions of agents put to the person: by every client, in both eras, in one call of the model.

The person is the client's elicitation callback; what reached the agent stands in its own log.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import mcp.types as t
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from real_agents import Agent, Agents
from real_agents.words import SIGN_IN_LINK, TRIP
from scripted import GET, SEND, cut, task
from scripted import result as answers
from scripted import scripted as scripted_agent
from staging import configured, hosted

from e2e.bridges import Home, Served, free_port, until
from e2e.hosts import ERAS, Answer, Host, http_host, stdio_host

pytestmark = pytest.mark.anyio

KINDS: Final = ("1.3-jsonrpc", "1.3-rest", "0.3-jsonrpc", "0.2-jsonrpc")
ERA_EACH: Final = (("stdio", "legacy"), ("http", "auto"))
WAYS: Final = tuple((transport, mode) for transport in ("stdio", "http") for mode in ERAS)
ACCEPT: Final = "accept"
Reply = t.ElicitResult | None


class Person:
    """The person at a host: gives the prepared replies in turn, then closes the form."""

    def __init__(self) -> None:
        self.asked: list[t.ElicitRequestParams] = []
        self.replies: list[Reply] = []

    async def __call__(self, _: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
        self.asked.append(params)
        reply = self.replies.pop(0) if self.replies else t.ElicitResult(action="cancel")
        if reply is None:
            await anyio.sleep_forever()
        assert reply
        return reply

    def will(self, *replies: Reply) -> None:
        self.asked, self.replies = [], list(replies)


def says(text: str) -> t.ElicitResult:
    return t.ElicitResult(action=ACCEPT, content={"answer": text})


@pytest.fixture(scope="module")
def known(running_agent: Agents) -> dict[str, Agent]:
    return {kind: running_agent(kind) for kind in KINDS}


@pytest.fixture(scope="module")
def person() -> Person:
    return Person()


@pytest.fixture(scope="module")
async def hosts(
    known: dict[str, Agent], person: Person, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[tuple[str, str], Host]]:
    """Hosts by transport and mode, each with the person in front of it."""
    home = Home(tmp_path_factory.mktemp("asking"))
    shy = {"url": known["1.3-jsonrpc"].url}
    home.configure(
        {"shy": shy} | {kind: {"url": it.url, "ask_user": True} for kind, it in known.items()}
    )
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(home.serving())
        stderr = stack.enter_context(home.stderr.open("a"))
        found: dict[tuple[str, str], Host] = {}
        for mode in ERAS:
            over_http = http_host(served.url, mode, person=person)
            found["http", mode] = await stack.enter_async_context(over_http)
            over_stdio = stdio_host(home.stdio(), mode, stderr, person)
            found["stdio", mode] = await stack.enter_async_context(over_stdio)
        yield found


@pytest.fixture(params=WAYS, ids="-".join)
def host(request: pytest.FixtureRequest, hosts: dict[tuple[str, str], Host]) -> Host:
    return hosts[request.param]


def told(agent: Agent, task_id: str) -> list[str]:
    """Return what reached the agent in a task; no message may come twice."""
    entries = [entry for entry in agent.log() if entry["task_id"] == task_id]
    assert len({entry["message_id"] for entry in entries}) == len(entries)
    return [entry["text"] for entry in entries]


async def answered_by_the_model(host: Host, agent: Agent, question: Answer) -> None:
    """Check that the task still waits, and that its id is enough to go on."""
    done = await host.send("Oslo", task_id=question["task_id"])
    assert done["task_id"] == question["task_id"]
    assert "got: Oslo" in done["text"]
    assert told(agent, question["task_id"]) == ["input", "Oslo"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_person_answers_within_the_one_call(
    host: Host, known: dict[str, Agent], person: Person, kind: str
) -> None:
    person.will(says("Paris"))
    answer = await host.send("input", agent=kind)
    assert answer["state"] == "completed"
    assert "got: Paris" in answer["text"]
    assert "asked" in answer["note"]
    (form,) = person.asked
    assert isinstance(form, t.ElicitRequestFormParams)
    assert form.message == f'The agent {kind} asks about "input":\n\nWhich city?'
    assert list(form.requested_schema["properties"]) == ["answer"]
    assert told(known[kind], answer["task_id"]) == ["input", "Paris"]


async def test_the_same_goes_for_subscribe_that_starts_with_a_message(
    host: Host, known: dict[str, Agent], person: Person
) -> None:
    person.will(says("Paris"))
    answer = await host.call("subscribe", message="input", agent="1.3-jsonrpc")
    assert answer["state"] == "completed"
    assert told(known["1.3-jsonrpc"], answer["task_id"]) == ["input", "Paris"]


async def test_the_same_goes_for_subscribe_that_follows_a_task_to_its_question(
    host: Host, known: dict[str, Agent], person: Person
) -> None:
    person.will(t.ElicitResult(action="decline"))
    waiting = await host.send("input", agent="1.3-jsonrpc")
    person.will(says("more Paris"), says("Rome"))
    answer = await host.call("subscribe", task_id=waiting["task_id"])
    assert (answer["task_id"], answer["state"]) == (waiting["task_id"], "completed")
    assert "got: Rome" in answer["text"]
    assert [form.message.rpartition("\n")[2] for form in person.asked] == [
        "Which city?",
        "And what else than Paris?",
    ]
    assert told(known["1.3-jsonrpc"], answer["task_id"]) == ["input", "more Paris", "Rome"]


@pytest.mark.parametrize("host", ERA_EACH, indirect=True, ids="-".join)
async def test_subscribe_asks_nobody_for_an_agent_that_is_not_set_up_for_it(
    host: Host, known: dict[str, Agent], person: Person
) -> None:
    waiting = await host.send("input", agent="shy")
    person.will(says("Paris"))
    answer = await host.call("subscribe", task_id=waiting["task_id"])
    assert answer["state"] == "input-required"
    assert person.asked == []
    await answered_by_the_model(host, known["1.3-jsonrpc"], answer)


async def test_an_agent_may_ask_several_times(
    host: Host, known: dict[str, Agent], person: Person
) -> None:
    person.will(says("more Paris"), says("more Rome"), says("enough"))
    answer = await host.send("input", agent="1.3-jsonrpc")
    assert "got: enough" in answer["text"]
    assert [form.message.rpartition("\n")[2] for form in person.asked] == [
        "Which city?",
        "And what else than Paris?",
        "And what else than Rome?",
    ]
    texts = ["input", "more Paris", "more Rome", "enough"]
    assert told(known["1.3-jsonrpc"], answer["task_id"]) == texts


@pytest.mark.parametrize("host", ERA_EACH, indirect=True, ids="-".join)
async def test_an_agent_that_asks_on_and_on_is_left_to_the_model(
    host: Host, known: dict[str, Agent], person: Person
) -> None:
    person.will(*(says(f"more {number}") for number in range(20)))
    answer = await host.send("input", agent="1.3-jsonrpc")
    assert answer["state"] == "input-required"
    assert "8 questions" in answer["note"]
    assert len(told(known["1.3-jsonrpc"], answer["task_id"])) == 9


@pytest.mark.parametrize(
    ("action", "words"), [("decline", "declined"), ("cancel", "without an answer")]
)
async def test_who_does_not_answer_leaves_the_task_waiting(
    host: Host, known: dict[str, Agent], person: Person, action: Any, words: str
) -> None:
    person.will(t.ElicitResult(action=action))
    answer = await host.send("input", agent="0.3-jsonrpc")
    assert answer["state"] == "input-required"
    assert not answer.failed
    assert "Which city?" in answer["text"]
    assert words in answer["note"]
    assert "task_id" in answer["next_step"]
    await answered_by_the_model(host, known["0.3-jsonrpc"], answer)


async def test_an_empty_answer_is_not_sent(
    host: Host, known: dict[str, Agent], person: Person
) -> None:
    person.will(says(""))
    answer = await host.send("input", agent="1.3-jsonrpc")
    assert answer["state"] == "input-required"
    assert "nothing was sent" in answer["note"]
    await answered_by_the_model(host, known["1.3-jsonrpc"], answer)


async def test_nobody_is_asked_for_an_agent_that_is_not_set_up_for_it(
    host: Host, known: dict[str, Agent], person: Person
) -> None:
    person.will(says("Paris"))
    answer = await host.send("input", agent="shy")
    assert answer["state"] == "input-required"
    assert person.asked == []
    await answered_by_the_model(host, known["1.3-jsonrpc"], answer)


async def test_a_client_that_cannot_ask_gets_the_question(
    home: Home, running_agent: Agents
) -> None:
    agent = running_agent("1.3-jsonrpc")
    home.configure({"it": {"url": agent.url, "ask_user": True}})
    async with home.serving() as served:
        for mode in ERAS:
            async with http_host(served.url, mode) as host:
                answer = await host.send("input")
                assert answer["state"] == "input-required"
                assert answer.get("note") is None
                assert "send_task" in answer["next_step"]
                await answered_by_the_model(host, agent, answer)


@pytest.mark.parametrize("host", ERA_EACH, indirect=True, ids="-".join)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_schema_becomes_a_form_and_its_answer_data(
    host: Host, person: Person, kind: str
) -> None:
    given = {"city": "Rome", "nights": 2, "breakfast": True}
    person.will(t.ElicitResult(action=ACCEPT, content=given))
    answer = await host.send("form", agent=kind)
    assert answer["state"] == "completed"
    received = json.loads(answer["text"])
    assert received["texts"] == []
    assert [part["data"] for part in received["data"]] == [given]
    (form,) = person.asked
    assert isinstance(form, t.ElicitRequestFormParams)
    assert form.message.endswith("Where to?")
    fields = form.requested_schema["properties"]
    assert fields["city"] == TRIP["properties"]["city"]  # type: ignore[index]
    assert fields["nights"]["type"] == "integer"
    assert fields["breakfast"] == {"type": "boolean"}
    assert form.requested_schema["required"] == ["city", "nights"]
    assert list(fields)[:2] == ["city", "nights"]  # type: ignore[call-overload]


async def test_a_secret_is_never_asked_for_by_form(host: Host, person: Person) -> None:
    person.will(says("hunter2"))
    answer = await host.send("secret", agent="1.3-jsonrpc")
    assert answer["state"] == "input-required"
    assert "Please type your password." in answer["text"]
    assert "secret" in answer["note"]
    assert "configuration" in answer["next_step"]
    assert person.asked == []


@pytest.mark.parametrize("agent", ["0.3-jsonrpc", "shy"])
async def test_signing_in_is_offered_as_a_link_and_the_work_goes_on_after_it(
    host: Host, person: Person, agent: str
) -> None:
    person.will(t.ElicitResult(action=ACCEPT))
    answer = await host.send("auth", agent=agent)
    assert answer["state"] == "completed"
    assert "signed in" in answer["text"]
    (link,) = person.asked
    assert isinstance(link, t.ElicitRequestURLParams)
    assert link.url == SIGN_IN_LINK
    assert agent in link.message
    assert f"at example.com:\n{SIGN_IN_LINK}" in link.message


async def test_who_does_not_sign_in_leaves_the_link_to_the_model(
    host: Host, person: Person
) -> None:
    person.will(t.ElicitResult(action="decline"))
    answer = await host.send("auth", agent="1.3-jsonrpc")
    assert answer["state"] == "auth-required"
    assert SIGN_IN_LINK in answer["text"]
    assert "declined" in answer["note"]
    assert "get_task" in answer["next_step"]


@pytest.mark.parametrize("host", ERA_EACH, indirect=True, ids="-".join)
async def test_a_sign_in_that_takes_longer_than_the_call_goes_on_by_its_task_id(
    host: Host, person: Person
) -> None:
    person.will(t.ElicitResult(action=ACCEPT))
    answer = await host.send("auth", agent="1.3-jsonrpc", wait_seconds=0.3)
    assert answer["state"] == "auth-required"
    assert "not seen the sign-in yet" in answer["note"]
    assert len(person.asked) == 1
    done = await host.stopped(answer["task_id"])
    if done["state"] == "auth-required":
        done = await until(lambda: signed_in(host, answer["task_id"]))
    assert "signed in" in done["text"]


async def signed_in(host: Host, task_id: str) -> Answer | None:
    seen = await host.call("get_task", task_id=task_id)
    return seen if seen["state"] == "completed" else None


async def test_the_wait_for_a_person_is_bounded_and_is_not_the_wait_for_the_agent(
    home: Home, running_agent: Agents
) -> None:
    agent, person = running_agent("1.3-jsonrpc"), Person()
    home.configure({"it": {"url": agent.url, "ask_user": True}}, ask_seconds=0.8)
    async with (
        home.serving() as served,
        http_host(served.url, "legacy", person=person) as host,
    ):
        await host.send("task one")  # the first contact costs more
        person.will(None)
        answer = await host.send("input", wait_seconds=0.7)
        assert answer.seconds > 0.8
        assert answer["state"] == "input-required"
        assert "in time" in answer["note"]
        await answered_by_the_model(host, agent, answer)


# --- rounds through the client, 2026-07-28 ---


class Rounds:
    """A client of 2026-07-28 that gets each question, and may answer it at any time."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, message: str) -> t.InputRequiredResult:
        """Begin; the agent asks."""
        first = await self._call(message)
        assert isinstance(first, t.InputRequiredResult)
        return first

    async def come_back(
        self, message: str, state: str | None, reply: t.ElicitResult
    ) -> t.CallToolResult:
        """Reply, and return the result that ends the call."""
        last = await self.call(state, reply, message)
        assert isinstance(last, t.CallToolResult)
        assert last.structured_content
        return last

    async def call(self, state: str | None, reply: t.ElicitResult, message: str = "input") -> Any:
        """Reply."""
        return await self._call(message, input_responses={"answer": reply}, request_state=state)

    async def _call(self, message: str, **round_: Any) -> Any:
        return await self._client.session.call_tool(
            "send_task", {"message": message}, allow_input_required=True, **round_
        )


@asynccontextmanager
async def rounds(home: Home, port: int) -> AsyncIterator[tuple[Rounds, Served]]:
    """Start a bridge on a port and a new client of it."""
    async with home.serving(port=port) as served, httpx2.AsyncClient(timeout=20) as web:
        transport = streamable_http_client(served.url, http_client=web)
        async with Client(transport, mode="auto", elicitation_callback=Person()) as client:
            yield Rounds(client), served


@asynccontextmanager
async def inside(agent: Agent, folder: Path, **server: Any) -> AsyncIterator[Rounds]:
    """The same without a process of its own."""
    config = configured(server, it={"url": agent.url, "ask_user": True})
    async with hosted(config, folder, elicitation_callback=Person()) as client:
        yield Rounds(client)


@pytest.fixture
def waiting(home: Home, running_agent: Agents) -> Agent:
    agent = running_agent("1.3-jsonrpc")
    home.configure({"it": {"url": agent.url, "ask_user": True}})
    return agent


def written(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def task_of(agent: Agent, before: int) -> str:
    (task_id,) = {entry["task_id"] for entry in agent.log()[before:]}
    return str(task_id)


async def test_an_answer_reaches_its_task_though_the_bridge_was_killed_in_between(
    home: Home, waiting: Agent
) -> None:
    port, before = free_port(), len(waiting.log())
    async with rounds(home, port) as (client, served):
        first = await client.send("input")
        served.process.kill()
        await served.process.wait()
    async with rounds(home, port) as (client, _):
        last = await client.come_back("input", first.request_state, says("Paris"))
        again = await client.come_back("input", first.request_state, says("Paris"))
    task_id = task_of(waiting, before)
    for result in (last, again):
        assert result.structured_content
        assert result.structured_content["task_id"] == task_id
        assert result.structured_content["text"] == "got: Paris"
    assert told(waiting, task_id) == ["input", "Paris"]
    assert (home.folder / "state.key").stat().st_mode & 0o777 == 0o600


async def test_a_round_that_comes_several_times_at_once_is_sent_once(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("0.3-jsonrpc")
    before = len(agent.log())
    async with inside(agent, tmp_path) as client:
        first = await client.send("input")
        # An answer after which the agent asks on, so that it would take a second one.
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(client.call, first.request_state, says("more Paris"))
    assert told(agent, task_of(agent, before)) == ["input", "more Paris"]


async def test_an_old_round_does_not_answer_the_next_question(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc")
    before = len(agent.log())
    async with inside(agent, tmp_path) as client:
        first = await client.send("input")
        for _ in range(2):
            second = await client.call(first.request_state, says("more Paris"))
            assert isinstance(second, t.InputRequiredResult)
        last = await client.come_back("input", second.request_state, says("Rome"))
    assert last.structured_content
    assert last.structured_content["text"] == "got: Rome"
    assert told(agent, task_of(agent, before)) == ["input", "more Paris", "Rome"]


async def test_an_answer_that_comes_too_late_is_not_sent(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc")
    before = len(agent.log())
    async with inside(agent, tmp_path, ask_seconds=0.05) as client:
        first = await client.send("input")
        await anyio.sleep(0.1)  # the time itself is what is tested
        last = await client.come_back("input", first.request_state, says("Paris"))
    assert last.structured_content
    assert last.structured_content["state"] == "input-required"
    assert "in time" in last.structured_content["note"]
    assert told(agent, task_of(agent, before)) == ["input"]


async def test_state_of_somebody_elses_making_is_refused_and_makes_no_key(
    running_agent: Agents, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc")
    before = len(agent.log())
    async with inside(agent, tmp_path) as client:
        with pytest.raises(MCPError, match="requestState"):
            await client.come_back("input", "v1.forged", says("Paris"))
        refused = await client.come_back("input", None, says("Paris"))
    assert refused.is_error
    assert written(tmp_path) == []
    assert agent.log()[before:] == []


async def test_an_answer_that_is_lost_on_its_way_is_said_to_be_lost(tmp_path: Path) -> None:
    question, person = task("input-required", "Which city?"), Person()
    async with scripted_agent() as agent:
        agent.on(SEND, answers({"task": question}), cut)
        agent.on(GET, answers(question))
        config = configured(it={"url": agent.url, "ask_user": True})
        async with hosted(config, tmp_path, elicitation_callback=person) as client:
            await client.call_tool("send_task", {"message": "plan a trip"})
            person.will(says("Paris"))
            lost = await client.call_tool("subscribe", {"task_id": "t1"})
    assert lost.is_error
    assert lost.structured_content
    sent = agent.sends()[-1].message
    assert sent["parts"] == [{"text": "Paris"}]
    told = f"Whether the message (message_id {sent['messageId']}) was carried out is unknown"
    assert told in lost.structured_content["error"]
