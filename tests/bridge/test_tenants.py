"""A call may name the tenant of a new task, where the configuration lists tenants."""

from pathlib import Path
from typing import Any

import pytest
from scripted import GET, SEND, ScriptedAgent, done, result, scripted, task
from staging import configured, hosted

pytestmark = pytest.mark.anyio

TENANTS = ["acme", "globex"]


def tenants(agent: ScriptedAgent, method: str) -> list[str | None]:
    return [request.json["params"].get("tenant") for request in agent.calls(method)]


async def test_a_task_begins_and_goes_on_with_the_tenant_that_the_call_names(
    tmp_path: Path,
) -> None:
    async with scripted() as agent:
        table: dict[str, Any] = {"url": agent.url, "tenants": TENANTS, "tenant": "usual"}
        agent.on(SEND, result({"task": task("input-required")}), result({"task": done("x")}))
        agent.on(GET, result(task("input-required")))
        async with hosted(configured(it=table), tmp_path) as client:
            first = {"message": "hi", "tenant": "globex"}
            assert not (await client.call_tool("send_task", first)).is_error
            await client.call_tool("get_task", {"task_id": "t1"})
        async with hosted(configured(it=table), tmp_path) as client:  # another process
            await client.call_tool("send_task", {"message": "on", "task_id": "t1"})
        assert tenants(agent, SEND) == ["globex", "globex"]
        assert set(tenants(agent, GET)) == {"globex"}


async def test_without_a_tenant_the_configured_one_is_used(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, result({"task": done("x")}))
        table = {"url": agent.url, "tenants": TENANTS, "tenant": "usual"}
        async with hosted(configured(it=table), tmp_path) as client:
            await client.call_tool("send_task", {"message": "hi"})
        assert tenants(agent, SEND) == ["usual"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"tenant": "evil", "agent": "it"}, "are acme, globex"),
        ({"tenant": "acme", "agent": "plain"}, "cannot name a tenant"),
        ({"tenant": "globex", "task_id": "t1"}, "stay with the tenant"),
        ({"tenant": "globex", "context_id": "c1"}, "stay with the tenant"),
    ],
)
async def test_another_tenant_is_refused_and_nothing_is_sent(
    wanted: dict[str, str], said: str, tmp_path: Path
) -> None:
    async with scripted() as agent:
        agent.on(SEND, result({"task": task("input-required")}))
        agent.on(GET, result(task("input-required")))
        config = configured(it={"url": agent.url, "tenants": TENANTS}, plain=agent.url)
        async with hosted(config, tmp_path) as client:
            begin = {"message": "hi", "agent": "it", "tenant": "acme"}
            await client.call_tool("send_task", begin)
            refused = await client.call_tool("send_task", {"message": "x", **wanted})
        assert refused.is_error
        assert said in str(refused.structured_content)
        assert len(agent.calls(SEND)) == 1


@pytest.mark.parametrize("listed", [True, False])
async def test_the_argument_is_offered_only_where_an_agent_has_tenants(
    listed: bool, tmp_path: Path
) -> None:
    table = {"url": "https://a.example", **({"tenants": TENANTS} if listed else {})}
    async with hosted(configured(it=table), tmp_path) as client:
        tools = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
    assert ("tenant" in tools["send_task"]["properties"]) == listed
    assert "tenant" not in tools["subscribe"]["properties"]
