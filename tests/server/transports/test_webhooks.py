"""Where agents post: what is answered, to whom, how fast, and what a post can bring about."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import pytest
from scripted import CARD, GET, SEND, ScriptedAgent, card, document, done, result, scripted, task
from staging import Stage, configured, staged, until

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.server.transports import webhooks as module
from a2a_mcp.server.transports.rates import Rate
from a2a_mcp.server.transports.webhooks import LONGEST_BODY, Webhooks, open_webhooks
from a2a_mcp.tracking.pauses import BETWEEN_READS

pytestmark = pytest.mark.anyio

CREATE: Final = "CreateTaskPushNotificationConfig"
DELETE: Final = "DeleteTaskPushNotificationConfig"
TOKEN: Final = "X-A2A-Notification-Token"
FORGED: Final = b'{"statusUpdate": {"taskId": "t1", "status": {"state": "TASK_STATE_COMPLETED"}}}'
OTHER: Final = b'{"task": {"id": "t2", "status": {"state": "TASK_STATE_FAILED"}}}'
MIB: Final = 1024 * 1024


@dataclass
class Place:
    """A bridge that follows one task, and the address at which its agent posts."""

    agent: ScriptedAgent
    stage: Stage
    client: httpx.AsyncClient
    url: str
    token: str

    async def post(self, *, token: str | None = None, **options: Any) -> httpx.Response:
        given = self.token if token is None else token
        headers = {TOKEN: given.encode(), **options.pop("headers", {})}
        return await self.client.post(options.pop("url", self.url), headers=headers, **options)

    @property
    def reads(self) -> int:
        return len(self.agent.calls(GET))

    async def state(self) -> TaskState:
        (record,), _ = await self.stage.tasks.list("local")
        return record.state


def opened(folder: Path) -> Webhooks:
    """Make what receives posts, at a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = {"push": {"url": f"http://127.0.0.1:{port}/a2a/push", "port": port}}
    push = configured(server).server.push
    assert push
    return open_webhooks(push, folder, None)


@asynccontextmanager
async def following(folder: Path) -> AsyncIterator[Place]:
    """Follow a task of an agent that posts, until it rests."""
    webhooks = opened(folder)
    async with (
        scripted() as agent,
        staged(configured(it=agent.url), folder, hooks=webhooks.hooks) as stage,
        httpx.AsyncClient() as client,
        anyio.create_task_group() as group,
    ):
        can = {"streaming": False, "pushNotifications": True}
        agent.on(CARD, document(card(agent.url, capabilities=can)))
        agent.on(SEND, result({"task": task("working")}))
        agent.on(GET, result(task("working")))
        agent.on(CREATE, lambda sent: result(sent.params)(sent))
        agent.on(DELETE, result(None))
        group.start_soon(webhooks.run, stage.tasks)
        await stage.send(wait_seconds=0)
        config = (await agent.called(CREATE)).params
        found = Place(agent, stage, client, config["url"], config["token"])
        await rest(found)
        yield found
        group.cancel_scope.cancel()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A task of this test's own."""
    async with following(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """A task that several tests share, which none of them may end."""
    async with following(tmp_path_factory.mktemp("posts")) as found:
        yield found


async def rest(place: Place) -> None:
    """Post once the receiver listens, and wait until the task rests."""
    with anyio.fail_after(20):
        while True:
            try:
                assert (await place.post(json={})).status_code == 204
            except httpx.ConnectError:
                await anyio.sleep(0.02)
            else:
                await place.agent.called(GET, place.reads + 1)
                return await anyio.sleep(BETWEEN_READS)


async def test_a_post_with_its_token_brings_the_task_up_to_date(place: Place) -> None:
    place.agent.on(GET, result(done("told")))
    answer = await place.post(content=FORGED)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await place.stage.follow(task_id="t1")).text == "told"


@pytest.mark.parametrize(
    "token",
    ["", "x", "Bearer", "{token}x", "{name}", "\u00e9"],
)
async def test_a_post_without_the_right_token_changes_nothing(token: str, shared: Place) -> None:
    before, name = shared.reads, shared.url.rpartition("/")[2]
    wrong = token.replace("{token}", shared.token).replace("{name}", name)
    answer = await shared.post(token=wrong, content=FORGED)
    elsewhere = await shared.post(url=shared.url[:-1], content=FORGED)
    bare = await shared.client.post(f"{shared.url.rpartition('/')[0]}/t1", content=FORGED)
    assert {it.status_code for it in (answer, elsewhere, bare)} == {404}
    assert answer.content == elsewhere.content == bare.content
    assert comparable(answer) == comparable(elsewhere) == comparable(bare)
    await anyio.sleep(0.2)
    assert shared.reads == before


def comparable(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_only_posts_are_taken(verb: str, shared: Place) -> None:
    before = shared.reads
    right = await shared.client.request(verb, shared.url, headers={TOKEN: shared.token})
    wrong = await shared.client.request(verb, f"{shared.url}x")
    assert right.status_code == wrong.status_code == 405
    assert shared.reads == before


@pytest.mark.parametrize(
    "body",
    [FORGED, b"", b"\xff\x00garbage", b"[" * 60_000, OTHER, b"x" * LONGEST_BODY],
    ids=["a forged end", "empty", "garbage", "deep", "another task", "large"],
)
async def test_what_a_post_says_is_not_believed(body: bytes, shared: Place) -> None:
    assert (await shared.post(content=body)).status_code == 204
    assert await shared.state() is TaskState.WORKING
    tracked = await shared.stage.follow(task_id="t1", wait_seconds=0)
    assert tracked.state is TaskState.WORKING


@pytest.mark.parametrize(("right", "status"), [(True, b" 204 "), (False, b" 404 ")])
async def test_fifty_mebibytes_are_answered_at_once_and_not_received(
    right: bool, status: bytes, shared: Place
) -> None:
    sent, limit = 0, 50 * MIB
    token = shared.token if right else "forged"
    async with await connected(shared, token, limit) as stream:
        first = await stream.receive()
        assert status in first.partition(b"\r\n")[0]
        with pytest.raises((anyio.BrokenResourceError, anyio.EndOfStream)):  # noqa: PT012
            while sent < limit:
                await stream.send(os.urandom(MIB))
                sent += MIB
        assert sent < limit


async def test_an_answer_does_not_wait_for_the_body(shared: Place) -> None:
    async with await connected(shared, shared.token, 1000) as stream:
        with anyio.fail_after(20):
            assert b" 204 " in (await stream.receive()).partition(b"\r\n")[0]


async def connected(shared: Place, token: str, length: int) -> anyio.abc.SocketStream:
    """Connect and send the head of a post."""
    url = httpx.URL(shared.url)
    stream = await anyio.connect_tcp(url.host, url.port or 80)
    head = f"POST {url.path} HTTP/1.1\r\nHost: x\r\n{TOKEN}: {token}\r\n"
    await stream.send(f"{head}Content-Length: {length}\r\n\r\n".encode())
    return stream


async def test_it_answers_at_once_while_the_read_hangs(place: Place) -> None:
    hangs = anyio.Event()
    place.agent.on(GET, lambda sent: [hangs, *result(done("slow"))(sent)])
    before = place.reads
    assert (await place.post()).status_code == 204
    await place.agent.called(GET, before + 1)
    for _ in range(10):
        assert (await place.post(content=FORGED)).status_code == 204
    assert place.reads == before + 1
    hangs.set()
    assert (await place.stage.follow(task_id="t1")).text == "slow"


async def test_a_flood_is_refused_and_costs_few_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Rate", partial(Rate, clock=lambda: 0.0))
    async with following(tmp_path) as place:
        before, began = place.reads, anyio.current_time()
        answers = [(await place.post()).status_code for _ in range(120)]
        seconds = anyio.current_time() - began
        assert set(answers) == {204, 429}
        assert answers.count(204) <= 50
        assert place.reads - before <= 2 + seconds
        forged = [(await place.post(token="x")).status_code for _ in range(120)]
        assert set(forged) == {404}


async def test_the_name_of_the_host_says_nothing(shared: Place) -> None:
    answer = await shared.post(headers={"Host": "evil.example", "Origin": "https://evil.example"})
    assert answer.status_code == 204


async def test_a_port_that_is_taken_is_said_once_and_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    webhooks = opened(tmp_path)
    url = httpx.URL(webhooks.hooks._addresses.url)

    async def is_told() -> bool:
        return "in use" in caplog.text

    with socket.create_server((url.host, url.port or 0)):
        async with staged(configured(), tmp_path) as stage, anyio.create_task_group() as group:
            group.start_soon(webhooks.run, stage.tasks)
            await until(is_told, 5)
            group.cancel_scope.cancel()
    assert "server.push: cannot listen at" in caplog.text
    assert "--port" not in caplog.text


def test_a_rate_allows_a_burst_and_then_so_many_a_second() -> None:
    now = 0.0
    rate = Rate(a_second=10, burst=3, clock=lambda: now)
    assert [rate.allows("a") for _ in range(5)] == [True, True, True, False, False]
    assert rate.allows("b")
    now = 0.1
    assert [rate.allows("a") for _ in range(2)] == [True, False]
    now = 100.0
    assert [rate.allows("a") for _ in range(4)] == [True, True, True, False]
