"""Tasks whose agent says when they move: what it is asked, and when such a task is read."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from scripted import (
    CARD,
    GET,
    SEND,
    Reply,
    Request,
    ScriptedAgent,
    Step,
    card,
    cut,
    document,
    done,
    error,
    http,
    result,
    silence,
    task,
)
from staging import FIRST_POLL, ME, Stage, configured, staged

from a2a_mcp.a2a.interfaces import Interface
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.a2a.requests import Operation
from a2a_mcp.a2a.versions.table import DIALECTS
from a2a_mcp.config.push import PushTable
from a2a_mcp.store.state_key import StateKey
from a2a_mcp.tracking import hook as hook_module
from a2a_mcp.tracking import hooks as hooks_module
from a2a_mcp.tracking import pauses
from a2a_mcp.tracking.hook_addresses import Addresses
from a2a_mcp.tracking.hooks import Hooks

pytestmark = pytest.mark.anyio

URL: Final = "http://127.0.0.1:9/a2a/push"
CREATE: Final = "CreateTaskPushNotificationConfig"
DELETE: Final = "DeleteTaskPushNotificationConfig"
BETWEEN: Final = 0.15
EXCHANGE: Final = 0.1
POSTS: Final = {"streaming": False, "pushNotifications": True}


def taken(request: Request) -> Sequence[Step]:
    """Answer a configuration as an agent does that takes it."""
    return result(request.params)(request)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it all follow sooner than agents are asked and read in earnest."""
    monkeypatch.setattr(pauses, "BETWEEN_READS", BETWEEN)
    monkeypatch.setattr(hook_module, "REGISTERS_AFTER", 2)
    monkeypatch.setattr(hooks_module, "EXCHANGE_SECONDS", EXCHANGE)


@pytest.fixture
async def poster(plain: ScriptedAgent) -> ScriptedAgent:
    """An agent that posts, and whose task works until a test says otherwise."""
    plain.on(CARD, document(card(plain.url, capabilities=POSTS)))
    plain.on(SEND, result({"task": task("working")}))
    plain.on(GET, result(task("working")))
    plain.on(CREATE, taken)
    plain.on(DELETE, result(None))
    return plain


@pytest.fixture(autouse=True)
def nothing_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A wait may end although what follows the task has failed, so the log is looked at."""
    yield
    records = caplog.get_records("call")
    assert [it.getMessage() for it in records if it.levelno >= logging.WARNING] == []


@pytest.fixture
def hooks(tmp_path: Path) -> Hooks:
    return Hooks(Addresses(URL, StateKey(tmp_path, None)))


@pytest.fixture
async def stage(agent: ScriptedAgent, tmp_path: Path, hooks: Hooks) -> AsyncIterator[Stage]:
    async with staged(configured(it=agent.url), tmp_path, hooks=hooks) as opened:
        yield opened


async def registered(agent: ScriptedAgent) -> dict[str, Any]:
    """Wait until the agent was asked to post, and the task was read then; give what it was sent."""
    config: dict[str, Any] = (await agent.called(CREATE)).params
    await agent.called(GET, hook_module.REGISTERS_AFTER + 1)
    return config


async def post(hooks: Hooks, config: dict[str, Any]) -> None:
    """Post as the agent would."""
    name = config["url"].rpartition("/")[2]
    assert hooks.takes(name, config["token"])
    hooks.heard(name)


async def no_read(agent: ScriptedAgent, seconds: float = 8 * FIRST_POLL) -> None:
    """Check that no read comes within the time of several polls."""
    before = len(agent.calls(GET))
    await anyio.sleep(seconds)
    assert len(agent.calls(GET)) == before


async def test_a_task_that_stopped_elsewhere_is_read_though_its_agent_has_not_posted(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    sent = await stage.send(wait_seconds=0)
    await post(hooks, await registered(poster))
    await poster.called(GET, hook_module.REGISTERS_AFTER + 2)
    poster.on(GET, result(done("the answer")))
    (record,) = await stage.tasks.find(ME, sent.task_id or "")
    stage.tracker.stopped_elsewhere(record.key)
    assert (await stage.follow(task_id=sent.task_id)).text == "the answer"


async def test_an_agent_is_asked_to_post_after_some_reads_and_its_task_is_read_once_more(
    poster: ScriptedAgent, stage: Stage
) -> None:
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    calls = [request.call for request in poster.requests if request.call != CARD]
    assert calls[: hook_module.REGISTERS_AFTER + 3] == [
        SEND,
        *[GET] * hook_module.REGISTERS_AFTER,
        CREATE,
        GET,
    ]
    name = config["url"].removeprefix(f"{URL}/")
    assert config == {"taskId": "t1", "id": name, "url": config["url"], "token": config["token"]}
    assert len(name) == len(config["token"]) == 43
    assert name != config["token"]


async def test_a_short_task_costs_no_call_more(poster: ScriptedAgent, stage: Stage) -> None:
    poster.on(GET, result(task("working")), result(done("soon")))
    assert (await stage.send()).text == "soon"
    assert poster.calls(CREATE, DELETE) == []


async def test_until_a_post_has_come_the_task_is_polled(
    poster: ScriptedAgent, stage: Stage
) -> None:
    await stage.send(wait_seconds=0)
    await registered(poster)
    await poster.called(GET, hook_module.REGISTERS_AFTER + 3)
    poster.on(GET, result(done("polled")))
    assert (await stage.follow(task_id="t1")).text == "polled"


async def test_a_post_makes_the_task_read_and_then_it_rests(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    await at_rest(poster, hooks, config)
    await no_read(poster)
    poster.on(GET, result(done("told")))
    with anyio.fail_after(2):
        await post(hooks, config)
        assert (await stage.follow(task_id="t1")).text == "told"


async def test_a_burst_of_posts_costs_two_reads(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    await at_rest(poster, hooks, config)
    before = len(poster.calls(GET))
    began = anyio.current_time()
    for _ in range(9):
        await post(hooks, config)
        await anyio.sleep(BETWEEN / 12)
    poster.on(GET, result(done("after the burst")))
    await post(hooks, config)
    lasted = anyio.current_time() - began
    view = await stage.follow(task_id="t1")
    assert view.text == "after the burst"
    assert anyio.current_time() - began < lasted + 2
    joined = 1  # `follow` may read the task itself
    assert len(poster.calls(GET)) - before <= 2 + joined + lasted // BETWEEN


async def at_rest(agent: ScriptedAgent, hooks: Hooks, config: dict[str, Any]) -> None:
    """Post, and wait until no read has come for longer than processes take to tell each other."""
    before = len(agent.calls(GET))
    await post(hooks, config)
    await agent.called(GET, before + 1)
    with anyio.fail_after(20):
        while len(agent.calls(GET)) > before:
            before = len(agent.calls(GET))
            await anyio.sleep(BETWEEN + EXCHANGE + 0.1)


async def test_posts_during_a_read_join_into_one_further_read(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    hangs = anyio.Event()
    poster.on(GET, lambda sent: [hangs, *result(task("working"))(sent)], result(done("at last")))
    before = len(poster.calls(GET))
    await post(hooks, config)
    await poster.called(GET, before + 1)
    for _ in range(20):
        await post(hooks, config)
    hangs.set()
    assert (await stage.follow(task_id="t1")).text == "at last"
    assert len(poster.calls(GET)) - before <= 3


async def test_the_agent_is_told_when_nobody_listens_any_more(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    poster.on(GET, result(done("told")))
    await post(hooks, config)
    removed = await poster.called(DELETE)
    assert removed.params == {"taskId": "t1", "id": config["id"]}


@pytest.mark.parametrize("answer", [error(-32601, "no"), http(405, b""), cut, silence])
async def test_an_agent_that_cannot_remove_it_does_no_harm(
    answer: Reply, poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    poster.on(DELETE, answer)
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    poster.on(GET, result(done("told")))
    await post(hooks, config)
    assert (await stage.follow(task_id="t1")).text == "told"
    await post(hooks, config)  # late
    await poster.called(DELETE)


@pytest.mark.parametrize(
    "answer",
    [error(-32003, "no push"), error(-32603, "no push"), http(500, b""), http(200, b"{"), cut],
)
async def test_an_agent_that_refuses_is_polled(
    answer: Reply, poster: ScriptedAgent, stage: Stage
) -> None:
    poster.on(CREATE, answer)
    await stage.send(wait_seconds=0)
    await poster.called(GET, hook_module.REGISTERS_AFTER + 3)
    poster.on(GET, result(done("polled")))
    assert (await stage.follow(task_id="t1")).text == "polled"
    assert len(poster.calls(CREATE)) == 1
    assert poster.calls(DELETE) == []


async def test_an_agent_that_does_not_answer_is_polled_soon(
    poster: ScriptedAgent, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_module, "CALL_SECONDS", 0.2)
    poster.on(CREATE, silence)
    await stage.send(wait_seconds=0)
    await poster.called(CREATE)
    await poster.called(GET, hook_module.REGISTERS_AFTER + 1)


@pytest.mark.parametrize(
    "capabilities",
    [
        {"streaming": True, "pushNotifications": True},
        {"streaming": False, "pushNotifications": False},
        {"streaming": False},
    ],
    ids=["streams", "posts nothing", "says nothing"],
)
async def test_other_agents_are_not_asked(
    capabilities: dict[str, bool], poster: ScriptedAgent, stage: Stage
) -> None:
    poster.on(CARD, document(card(poster.url, capabilities=capabilities)))
    poster.on("SendStreamingMessage", result({"task": task("working")}))
    poster.on("SubscribeToTask", error(-32004, "no"))
    await stage.send(wait_seconds=0)
    await poster.called(GET, hook_module.REGISTERS_AFTER + 2)
    assert poster.calls(CREATE) == []


async def test_an_agent_whose_version_has_no_such_call_is_not_asked(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    connection = stage.registry.connection("it", ME)
    client = await connection.client()
    assert hooks.suit(connection, client)
    without = next(one for one in DIALECTS if not one.has(Operation.CREATE_PUSH_CONFIG))
    assert not hooks.suit(connection, connection.client_of(Interface(poster.url, without)))


async def test_an_agent_elsewhere_is_not_asked_to_post_to_this_machine(tmp_path: Path) -> None:
    key = StateKey(tmp_path, None)
    cards = {
        "url": "https://agent.example",
        "card": card("https://agent.example", capabilities=POSTS),
    }
    async with staged(configured(it=cards), tmp_path) as stage:
        connection = stage.registry.connection("it", ME)
        client = await connection.client()
        assert not Hooks(Addresses("http://127.0.0.1:8001/push", key)).suit(connection, client)
        assert not Hooks(Addresses("https://10.0.0.7/push", key)).suit(connection, client)
        assert Hooks(Addresses("https://bridge.example/push", key)).suit(connection, client)


async def test_a_failed_read_is_repeated_soon_although_the_agent_posts(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    poster.on(GET, http(503, b""), result(done("all the same")))
    await post(hooks, config)
    assert (await stage.follow(task_id="t1")).text == "all the same"


async def test_a_task_that_rests_is_still_read_now_and_then(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    monkeypatch.setattr(hook_module, "RESTING_SECONDS", 0.3)
    await post(hooks, config)
    await poster.called(GET, len(poster.calls(GET)) + 1)
    poster.on(GET, result(done("forgotten by its agent")))
    assert (await stage.follow(task_id="t1")).text == "forgotten by its agent"


async def test_a_task_that_rests_is_not_read_as_a_silent_stream_is(
    poster: ScriptedAgent, tmp_path: Path, hooks: Hooks
) -> None:
    quiet = {"url": poster.url, "limits": {"idle_seconds": 0.3}}
    async with staged(configured(it=quiet), tmp_path, hooks=hooks) as stage:
        await stage.send(wait_seconds=0)
        await at_rest(poster, hooks, await registered(poster))
        await no_read(poster, 0.6)


async def test_posts_about_other_tasks_change_nothing(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    """Forged, or right for the task of another owner or agent: this one is left alone."""
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    await at_rest(poster, hooks, config)
    before = len(poster.calls(GET))
    name = config["url"].rpartition("/")[2]
    for wrong in ("", "x", config["token"][:-1], config["token"] + "x", name, "\u20ac", "\udc80"):
        assert not hooks.takes(name, wrong)
    assert not hooks.takes("t1", config["token"])
    (record,), _ = await stage.tasks.list("local")
    addresses = hooks._addresses
    others = [
        addresses.of(record, "t2"),
        addresses.of(await stage.tasks.begin(owner="bob", agent="it", message_id="m"), "t1"),
        addresses.of(await stage.tasks.begin(owner="local", agent="at", message_id="n"), "t1"),
    ]
    for other in others:
        assert hooks.takes(other.name, other.token)
        assert not hooks.takes(name, other.token)
        hooks.heard(other.name)
    await no_read(poster, 0.25)
    assert len(poster.calls(GET)) == before


async def test_a_post_that_comes_again_after_the_end_changes_nothing(
    poster: ScriptedAgent, stage: Stage, hooks: Hooks
) -> None:
    await stage.send(wait_seconds=0)
    config = await registered(poster)
    poster.on(GET, result(done("the end")), result(task("working")))
    await post(hooks, config)
    await poster.called(DELETE)
    for _ in range(3):
        await post(hooks, config)
    await no_read(poster, 0.25)
    (record,), _ = await stage.tasks.list("local")
    assert record.state is TaskState.COMPLETED


async def test_a_post_that_reaches_another_process_is_told_to_the_one_that_follows(
    poster: ScriptedAgent, tmp_path: Path, hooks: Hooks
) -> None:
    beside = Hooks(Addresses(URL, StateKey(tmp_path, None)))
    async with (
        staged(configured(it=poster.url), tmp_path, hooks=hooks) as follows,
        staged(configured(it=poster.url), tmp_path, hooks=beside) as hears,
        anyio.create_task_group() as group,
    ):
        group.start_soon(hooks.exchange, follows.tasks)
        group.start_soon(beside.exchange, hears.tasks)
        await follows.send(wait_seconds=0)
        config = await registered(poster)
        await at_rest(poster, beside, config)
        poster.on(GET, result(done("told by way of the other")))
        with anyio.fail_after(3):
            await post(beside, config)
            await poster.called(DELETE)
        group.cancel_scope.cancel()


async def test_an_address_is_the_same_in_every_process_and_after_a_restart(
    stage: Stage, tmp_path: Path, hooks: Hooks
) -> None:
    record = await stage.tasks.begin(owner="alice", agent="it", message_id="m")
    first, later = (Addresses(URL, StateKey(tmp_path, None)).of(record, "t1") for _ in range(2))
    assert first == later
    elsewhere = Addresses(URL, StateKey(tmp_path / "other", None)).of(record, "t1")
    assert (elsewhere.name, elsewhere.token) != (first.name, first.token)
    assert first.token not in repr(first)


def test_without_a_key_no_post_is_right_and_none_is_made(tmp_path: Path) -> None:
    hooks = Hooks(Addresses(URL, StateKey(tmp_path / "state", None)))
    assert not hooks.takes("name", "token")
    assert list(tmp_path.iterdir()) == []


def test_a_table_says_who_can_post_there() -> None:
    assert PushTable(url="https://bridge.example/push").is_reachable_from("https://a.example")
    assert not PushTable(url="http://localhost:1/push").is_reachable_from("https://a.example")
