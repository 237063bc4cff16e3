"""Agents, tasks and artifacts as MCP resources: each caller lists and reads its own."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import anyio
import mcp.types as t
import pytest
from mcp import Client, MCPError
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from real_agents import Agent, Agents
from scripted import GET, SEND, ScriptedAgent, done, error, result, scripted, task
from staging import configured, hosted

from a2a_mcp.bridge.resources import PAGE, RECENT_TASKS
from a2a_mcp.config.load import Config
from a2a_mcp.presentation import resource_uris

pytestmark = pytest.mark.anyio

ERAS: Final = ("legacy", "auto")
AGENT: Final = t.ResourceTemplateReference(uri="a2a://agents/{agent}")
TASK: Final = t.ResourceTemplateReference(uri="a2a://tasks/{agent}/{task_id}")
NOT_FOUND: Final = -32602


@pytest.fixture
def real(running_agent: Agents) -> Agent:
    return running_agent("1.3-jsonrpc")


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        running.on(SEND, result({"task": done("the answer")}))
        running.on(GET, result(done("the answer")))
        yield running


async def listed(client: Client) -> list[t.Resource]:
    """Read all pages."""
    found: list[t.Resource] = []
    cursor = None
    while True:
        page = await client.list_resources(cursor=cursor)
        assert len(page.resources) <= PAGE
        found += page.resources
        cursor = page.next_cursor
        if cursor is None:
            return found


async def text_of(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, t.TextResourceContents)
    assert content.uri == uri
    return content.text


async def refusal(client: Client, uri: str) -> tuple[int, str, Any]:
    with pytest.raises(MCPError) as caught:
        await client.read_resource(uri)
    fault = caught.value.error
    return fault.code, fault.message, fault.data


async def sent(client: Client, message: str, **arguments: Any) -> str:
    answer = await client.call_tool("send_task", {"message": message, **arguments})
    task_id = (answer.structured_content or {})["task_id"]
    assert isinstance(task_id, str)
    return task_id


async def test_data_that_is_told_in_another_order_each_time_reads_as_one_text(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    """As protobuf maps are: by another process of the agent, or a copy of what was streamed."""
    table: dict[str, Any] = {f"row {n}": {"name": f"n{n}", "size": n} for n in range(400)}
    other = {key: dict(reversed(row.items())) for key, row in reversed(table.items())}

    def told(data: Any) -> Any:
        parts = [{"data": data}, {"data": {"rows": [data[key] for key in table]}}]
        return task("completed", artifacts=[{"artifactId": "a", "parts": parts}])

    agent.on(SEND, result({"task": told(table)}))
    agent.on(GET, *(result(told(data)) for data in (other, table) * 10))
    async with hosted(configured(it=agent.url), tmp_path) as client:
        task_id = await sent(client, "hi")
        where = {"task_id": task_id, "artifact_id": "a", "part": 0}
        whole, offset = "", 0
        while True:
            piece = await client.call_tool("get_artifact", {**where, "offset": offset})
            (block,) = piece.content
            assert isinstance(block, t.TextContent)
            assert not piece.is_error, block.text
            body, more, end = block.text.partition("\n\n")[2].partition("\n\nRead on with offset=")
            whole += body
            if not more:
                break
            offset = int(end.partition(".")[0])
        assert json.loads(whole) == table
        assert offset > 9_000
        uri = resource_uris.of_artifact("it", task_id, "a")
        first, second = [(await client.read_resource(uri)).contents for _ in range(2)]
        assert first == second
        for pointed in ({"part": 1, "pointer": "/rows", "limit": 3}, {"pointer": "/no such row"}):
            wanted = {**where, **pointed}
            one, two = [await client.call_tool("get_artifact", wanted) for _ in range(2)]
            assert one.content == two.content


# --- listing ---


@pytest.mark.parametrize("era", ERAS)
async def test_every_listed_resource_can_be_read(era: str, real: Agent, tmp_path: Path) -> None:
    gone = {"url": "http://127.0.0.1:1", "description": "Nobody there"}
    async with hosted(configured(it=real.url, gone=gone), tmp_path, mode=era) as client:
        task_ids = [await sent(client, words, agent="it") for words in ("task a", "input", "fail")]
        found = await listed(client)
        assert [each.uri for each in found] == [
            *("a2a://agents", "a2a://tasks", "a2a://agents/it", "a2a://agents/gone"),
            *(resource_uris.of_task("it", task_id) for task_id in reversed(task_ids)),
        ]
        texts = {each.uri: await text_of(client, each.uri) for each in found}
    assert "Nobody there" in texts["a2a://agents"]
    assert "no connection" in texts["a2a://agents/gone"]
    assert all(task_id in texts["a2a://tasks"] for task_id in task_ids)
    assert "task: a" in texts[resource_uris.of_task("it", task_ids[0])]
    assert "Which city?" in texts[resource_uris.of_task("it", task_ids[1])]
    assert "it broke" in texts[resource_uris.of_task("it", task_ids[2])]
    assert {each.mime_type for each in found} == {"text/markdown"}
    changed = [each.annotations and each.annotations.last_modified for each in found[4:]]
    assert all(changed)


async def test_a_long_list_comes_in_pages_with_the_latest_tasks_at_its_end(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    ids = [f"t{number}" for number in range(RECENT_TASKS + 5)]
    agent.on(SEND, *(result({"task": done("x", task_id=each)}) for each in ids))
    many = {f"agent-{n}": agent.url for n in range(60)}
    async with hosted(configured(it=agent.url, **many), tmp_path) as client:
        for _ in ids:
            await sent(client, "hi", agent="it")
        found = [each.uri for each in await listed(client)]
        with pytest.raises(MCPError) as caught:
            await client.list_resources(cursor="x")
    assert len(found) == len(set(found)) == 2 + 61 + RECENT_TASKS
    assert found[-1] == resource_uris.of_task("it", ids[5])
    assert caught.value.error.code == NOT_FOUND


@pytest.mark.parametrize("reached", [True, False])
async def test_a_task_is_listed_and_shown_with_the_beginning_of_its_message(
    agent: ScriptedAgent, tmp_path: Path, reached: bool
) -> None:
    config = configured(it=agent.url)
    config.secrets.add("hunter2")
    async with hosted(config, tmp_path) as client:
        task_id = await sent(client, "The heat pump, hunter2\nin all detail")
        (entry,) = [each for each in await listed(client) if task_id in each.uri]
        if not reached:
            agent.on(GET, error(-32603, "out of order"))
        shown = await text_of(client, entry.uri)
    assert entry.title
    assert entry.title.startswith("The heat pump, ")
    assert f'"{entry.title}"' in shown
    assert "hunter2" not in entry.title + shown


async def test_without_agents_only_the_lists_exist(tmp_path: Path) -> None:
    async with hosted(Config(), tmp_path / "never made") as client:
        assert [each.uri for each in await listed(client)] == ["a2a://agents", "a2a://tasks"]
        assert "No agent is configured" in await text_of(client, "a2a://agents")
        assert await text_of(client, "a2a://tasks") == "No tasks."
    assert not (tmp_path / "never made").exists()


async def test_the_templates_are_listed_and_their_names_completed(
    real: Agent, tmp_path: Path
) -> None:
    config = configured(it=real.url, Italy=real.url, other=real.url)
    async with hosted(config, tmp_path) as client:
        task_id = await sent(client, "task a", agent="it")
        await sent(client, "task b", agent="other")
        forms = (await client.list_resource_templates()).resource_templates
        names = (await client.complete(AGENT, {"name": "agent", "value": "IT"})).completion
        chosen = await client.complete(
            TASK, {"name": "task_id", "value": ""}, context_arguments={"agent": "it"}
        )
        both = await client.complete(TASK, {"name": "task_id", "value": ""})
        begun = await client.complete(TASK, {"name": "task_id", "value": task_id[:8]})
        nothing = await client.complete(TASK, {"name": "colour", "value": ""})
    assert [form.uri_template for form in forms] == [
        "a2a://agents/{agent}",
        "a2a://tasks/{agent}/{task_id}",
        "a2a://tasks/{agent}/{task_id}/artifacts/{artifact_id}",
    ]
    assert (names.values, names.total, names.has_more) == (["it", "Italy"], 2, False)
    assert chosen.completion.values == begun.completion.values == [task_id]
    assert len(both.completion.values) == 2
    assert nothing.completion.values == []


async def test_completions_beyond_the_limit_are_announced(tmp_path: Path) -> None:
    many = {f"a{n}": "http://127.0.0.1:1" for n in range(120)}
    async with hosted(configured(**many), tmp_path) as client:
        found = (await client.complete(AGENT, {"name": "agent", "value": "a"})).completion
    assert (len(found.values), found.total, found.has_more) == (100, 120, True)


# --- reading ---


@pytest.mark.parametrize("era", ERAS)
async def test_artifacts_are_text_as_text_and_bytes_byte_for_byte(
    era: str, real: Agent, tmp_path: Path
) -> None:
    async with hosted(configured(it=real.url), tmp_path, mode=era) as client:
        streamed, filed = await sent(client, "stream 3 0"), await sent(client, "files")
        text = await text_of(client, resource_uris.of_artifact("it", streamed, "answer"))
        (picture,) = (
            await client.read_resource(resource_uris.of_artifact("it", filed, "picture"))
        ).contents
        link = await text_of(client, resource_uris.of_artifact("it", filed, "report"))
    assert text == "chunk1 chunk2 chunk3 "
    assert isinstance(picture, t.BlobResourceContents)
    assert picture.mime_type == "image/png"
    assert b64decode(picture.blob).startswith(b"\x89PNG\r\n\x1a\n")
    assert link == "https://example.com/report.pdf"


@pytest.mark.parametrize("task_id", ["a/b c", "..", "%2F", "?q#f", "ü🙂", "artifacts/x"])
async def test_ids_of_any_form_are_found_by_their_address(
    task_id: str, agent: ScriptedAgent, tmp_path: Path
) -> None:
    made = done("the answer", task_id=task_id)
    made["artifacts"][0]["artifactId"] = task_id
    agent.on(SEND, result({"task": made}))
    agent.on(GET, result(made))
    async with hosted(configured(it=agent.url), tmp_path) as client:
        await sent(client, "hi")
        uri = (await listed(client))[-1].uri
        assert uri == resource_uris.of_task("it", task_id)
        assert "the answer" in await text_of(client, uri)
        assert (
            await text_of(client, resource_uris.of_artifact("it", task_id, task_id)) == "the answer"
        )


async def test_words_of_an_agent_are_scrubbed_and_secrets_masked(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    said = done("red \x1b[31m and a-long-secret", task_id="id-\u202e-x")
    agent.on(SEND, result({"task": said}))
    agent.on(GET, result(said))
    config = configured(it=agent.url)
    config.secrets.add("a-long-secret")
    async with hosted(config, tmp_path) as client:
        await sent(client, "hi")
        last = (await listed(client))[-1]
        view = await text_of(client, last.uri)
        whole = await text_of(client, resource_uris.of_artifact("it", "id-\u202e-x", "answer"))
        found = await client.complete(TASK, {"name": "task_id", "value": ""})
    assert "\u202e" not in last.name + view
    assert "\x1b" not in view
    assert "a-long-secret" not in view + whole
    assert whole == "red \x1b[31m and ***"
    assert found.completion.values == []


async def test_a_task_whose_agent_cannot_be_asked_is_shown_as_it_was_last_seen(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": task("input-required", "which?")}))
    async with hosted(configured(it=agent.url), tmp_path) as client:
        await sent(client, "hi")
        agent.on(GET, error(-32001, "Task not found"))
        view = await text_of(client, resource_uris.of_task("it", "t1"))
        code, message, _ = await refusal(client, resource_uris.of_artifact("it", "t1", "answer"))
    assert "input-required" in view
    assert 'as last seen; the agent could not be asked: "Task not found" (code -32001).' in view
    assert (code, "Task not found" in message) == (-32603, True)


async def test_a_result_is_read_after_its_agent_has_gone(
    own_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    mortal = own_agent("1.3-jsonrpc")
    async with hosted(configured(it=mortal.url), tmp_path) as client:
        task_id = await sent(client, "task a")
        mortal.kill()
        view = await text_of(client, resource_uris.of_task("it", task_id))
        with anyio.fail_after(20):  # the stream may still be followed, and its task shown from it
            while "Kept by this server since" not in view:
                view = await text_of(client, resource_uris.of_task("it", task_id))
        text = await text_of(client, resource_uris.of_artifact("it", task_id, "answer"))
    assert "task: a" in view
    assert text == "task: a"


# --- what is not there ---


@pytest.mark.parametrize(
    "uri",
    [
        "a2a://agents/nobody",
        "a2a://agents/",
        "a2a://tasks/it",
        "a2a://tasks/it/unknown",
        "a2a://tasks/nobody/t1",
        "a2a://tasks/it/t1/artifacts/unknown",
        "a2a://tasks/it/t1/artifacts",
        "a2a://else",
        "file:///etc/passwd",
        "a2a://tasks/it/%FF",
        f"a2a://tasks/it/{'x' * 2000}",
    ],
)
async def test_a_missing_resource_is_not_found(
    uri: str, agent: ScriptedAgent, tmp_path: Path
) -> None:
    async with hosted(configured(it=agent.url), tmp_path) as client:
        await sent(client, "hi")
        assert await refusal(client, uri) == (NOT_FOUND, "Resource not found.", {"uri": uri})


async def test_another_owners_task_is_neither_listed_nor_found(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    foreign = (resource_uris.of_task("it", "t1"), resource_uris.of_artifact("it", "t1", "answer"))
    async with hosted(configured(it=agent.url), tmp_path) as client:
        await sent(client, "hi")
        for uri in foreign:
            await client.read_resource(uri)
    asked = len(agent.calls(GET))
    stranger = AccessToken(
        token="x",
        client_id="static",
        subject="stranger",
        scopes=[],
        claims={"owner": "token:stranger"},
    )
    reset = auth_context_var.set(AuthenticatedUser(stranger))
    try:
        async with hosted(configured(it=agent.url), tmp_path) as client:
            assert [each.uri for each in await listed(client)][2:] == ["a2a://agents/it"]
            assert await text_of(client, "a2a://tasks") == "No tasks."
            found = await client.complete(TASK, {"name": "task_id", "value": ""})
            assert found.completion.values == []
            for uri in foreign:
                unknown = uri.replace("t1", "t2")
                assert (await refusal(client, uri))[:2] == (await refusal(client, unknown))[:2]
    finally:
        auth_context_var.reset(reset)
    assert len(agent.calls(GET)) == asked


async def test_a_followed_task_is_read_without_asking_its_agent(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": task("working", "half done")}))
    agent.on(GET, result(task("working", "half done")))
    async with hosted(configured(it=agent.url), tmp_path) as client:
        await sent(client, "hi", wait_seconds=0)
        await agent.called(GET)
        asked = len(agent.calls(GET))
        with anyio.fail_after(0.5):
            assert "half done" in await text_of(client, resource_uris.of_task("it", "t1"))
        assert len(agent.calls(GET)) == asked
