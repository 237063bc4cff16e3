"""The toolset `push`: an agent of each version posts what happens to a task where a person said."""

import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from real_agents import Agent, Agents
from webhooks import Webhook, webhook

from e2e.bridges import Home, until
from e2e.hosts import Host, stdio_host

pytestmark = pytest.mark.anyio

HALF: Final = ("0.3-rest", "0.3-grpc")
"""These neither list nor remove: HTTP+JSON answers 500 and 405, gRPC that there is no method."""
WHOLE: Final = ("1.3-jsonrpc", "1.3-rest", "1.3-grpc", "0.3-jsonrpc", "0.2-jsonrpc")
KINDS: Final = (*WHOLE, *HALF)
TOOLS: Final = (
    "create_push_config",
    "get_push_config",
    "list_push_configs",
    "delete_push_config",
)
TOKEN: Final = "a-token-that-nobody-shows"


@pytest.fixture(scope="module")
def posting(running_agent: Agents) -> dict[str, Agent]:
    """Agents that post, and one that does not."""
    with ThreadPoolExecutor() as pool:
        started = pool.map(lambda kind: running_agent(kind, "--push"), KINDS)
        return dict(zip(KINDS, started, strict=True)) | {"silent": running_agent("1.3-jsonrpc")}


@pytest.fixture(scope="module")
def hook() -> Iterator[Webhook]:
    with webhook() as taken:
        yield taken


@pytest.fixture(scope="module")
async def pushing(
    posting: dict[str, Agent], hook: Webhook, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Host]:
    home = Home(tmp_path_factory.mktemp("push"))
    agents = {name: agent.url for name, agent in posting.items()}
    home.configure(agents, toolsets=["push"], push_targets=[f"{hook.url}/hooks/*"])
    with home.stderr.open("a") as stderr:
        async with stdio_host(home.stdio(), "auto", stderr) as host:
            yield host


async def asked(host: Host, agent: str) -> str:
    """Begin a task that waits for an answer; return its id."""
    began = await host.call("send_task", agent=agent, message="input which one?")
    task_id: str = began["task_id"]
    return task_id


@pytest.mark.parametrize("kind", KINDS)
async def test_an_agent_posts_to_the_webhook_with_its_token(
    pushing: Host, hook: Webhook, kind: str
) -> None:
    task_id = await asked(pushing, kind)
    url = f"{hook.url}/hooks/{kind}"
    made = await pushing.call(
        "create_push_config", task_id=task_id, webhook_url=url, config_id="h1", token=TOKEN
    )
    assert not made.failed
    assert made["push_configs"] == [{"webhook_url": url, "config_id": "h1", "token": "***"}]
    read = await pushing.call("get_push_config", task_id=task_id, config_id="h1")
    assert read["push_configs"] == made["push_configs"]
    assert TOKEN not in made.text + read.text

    await pushing.call("send_task", task_id=task_id, message="this one")

    async def posted() -> bool:
        return any(task_id in post.body for post in hook.at(f"/hooks/{kind}"))

    await until(posted)
    (post, *_) = hook.at(f"/hooks/{kind}")
    assert post.headers["x-a2a-notification-token"] == TOKEN


@pytest.mark.parametrize("kind", WHOLE)
async def test_webhooks_are_listed_and_removed(pushing: Host, hook: Webhook, kind: str) -> None:
    task_id = await asked(pushing, kind)
    for name in ("one", "two"):
        await pushing.call(
            "create_push_config",
            task_id=task_id,
            webhook_url=f"{hook.url}/hooks/{name}",
            config_id=name,
            scheme="Bearer",
            credentials=TOKEN,
        )
    listed = await pushing.call("list_push_configs", task_id=task_id)
    found = {config["config_id"]: config for config in listed["push_configs"]}
    assert found.keys() == {"one", "two"}
    assert found["one"]["scheme"] == "Bearer"
    assert found["one"]["credentials"] == "***"
    removed = await pushing.call("delete_push_config", task_id=task_id, config_id="one")
    assert not removed.failed
    rest = await pushing.call("list_push_configs", task_id=task_id)
    assert [config["config_id"] for config in rest["push_configs"]] == ["two"]


@pytest.mark.parametrize("kind", HALF)
async def test_what_an_agent_cannot_do_is_an_error_in_words(pushing: Host, kind: str) -> None:
    task_id = await asked(pushing, kind)
    for tool, arguments in (("list_push_configs", {}), ("delete_push_config", {"config_id": "x"})):
        answer = await pushing.call(tool, task_id=task_id, **arguments)
        assert answer.failed
        assert answer["error"]


async def test_an_agent_that_posts_nothing_is_not_asked_to(
    pushing: Host, hook: Webhook, posting: dict[str, Agent]
) -> None:
    task_id = await asked(pushing, "silent")
    before = len(posting["silent"].requests())
    answer = await pushing.call(
        "create_push_config", task_id=task_id, webhook_url=f"{hook.url}/hooks/x"
    )
    assert answer.failed
    assert "posts no notifications" in answer["error"]
    assert "subscribe" in answer["next_step"]
    asked_for = [it["path"] for it in posting["silent"].requests()[before:]]
    assert len(asked_for) <= 1, "the task is read, and nothing is set"


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/hooks/x",
        "{hook}/other",
        "{hook}/hooks/../other",
        "{hook}/hooks/%2e%2e/other",
        "file:///etc/passwd",
        "not a url",
    ],
)
async def test_a_webhook_that_is_not_allowed_is_refused_before_anything_is_sent(
    pushing: Host, hook: Webhook, posting: dict[str, Agent], url: str
) -> None:
    task_id = await asked(pushing, "1.3-jsonrpc")
    before = len(posting["1.3-jsonrpc"].requests())
    answer = await pushing.call(
        "create_push_config", task_id=task_id, webhook_url=url.replace("{hook}", hook.url)
    )
    assert answer.failed
    assert "not allowed" in answer["error"]
    assert f"{hook.url}/hooks/*" in answer["error"]
    assert len(posting["1.3-jsonrpc"].requests()) == before


async def test_a_task_that_has_ended_says_that_nothing_will_come(
    pushing: Host, hook: Webhook
) -> None:
    ended = await pushing.call("send_task", agent="1.3-jsonrpc", message="task hello")
    answer = await pushing.call(
        "create_push_config", task_id=ended["task_id"], webhook_url=f"{hook.url}/hooks/late"
    )
    assert "has ended" in answer["note"]


async def test_the_tools_come_after_the_seven_that_are_always_there(pushing: Host) -> None:
    golden = json.loads((Path(__file__).parents[1] / "golden" / "tools.json").read_text())
    assert list(pushing.tools) == [*(tool["name"] for tool in golden), *TOOLS]


async def test_read_only_leaves_only_tools_that_change_nothing(
    home: Home, posting: dict[str, Agent]
) -> None:
    home.configure({"it": posting["silent"].url}, toolsets=["push"], read_only=True)
    with home.stderr.open("a") as stderr:
        async with stdio_host(home.stdio(), "auto", stderr) as host:
            assert list(host.tools) == [
                "agent_info",
                "get_task",
                "get_artifact",
                "list_tasks",
                "get_push_config",
                "list_push_configs",
            ]
            refused = await host.call("agent_info")
            assert not refused.failed
