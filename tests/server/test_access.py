"""Which agents a caller may use: what is denied looks, byte for byte, like what is not there."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from mcp import Client, MCPError
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.types import PromptReference, ResourceTemplateReference
from scripted import (
    CANCEL,
    CARD,
    GET,
    SEND,
    ScriptedAgent,
    card,
    document,
    done,
    result,
    scripted,
    task,
)
from staging import configured, hosted

from a2a_mcp.config.access import AccessRule
from a2a_mcp.server.instructions import instructions

pytestmark = pytest.mark.anyio

TASK: Final = ResourceTemplateReference(
    type="ref/resource", uri="a2a://agents/{agent}/tasks/{task_id}"
)
DELEGATE: Final = PromptReference(type="ref/prompt", name="delegate")
TOKENS: Final = {"alice": "x"}
SERVER: Final = {
    "tokens": TOKENS,
    "tools": "both",
    "toolsets": ["push", "registry"],
    "push_targets": ["https://h.example/*"],
    "registrable": ["https://r.example/*"],
    "apps": True,
}
"""All that is offered where it is asked for."""


@contextmanager
def called_by(name: str, *groups: str) -> Iterator[None]:
    claims = {"iss": "corp", "owner": f"corp:{name}", "groups": list(groups)}
    token = AccessToken(token="x", client_id="corp", subject=name, scopes=[], claims=claims)
    reset = auth_context_var.set(AuthenticatedUser(token))
    try:
        yield
    finally:
        auth_context_var.reset(reset)


def rule(*agents: str, **more: Any) -> AccessRule:
    return AccessRule(agents=agents, **more)


async def tool(client: Client, name: str, /, **arguments: Any) -> str:
    answer = await client.call_tool(name, arguments)
    return json.dumps([answer.is_error, answer.structured_content, str(answer.content)])


async def read(client: Client, uri: str) -> str:
    try:
        return str(await client.read_resource(uri))
    except MCPError as error:
        return str(error)


async def tools(client: Client) -> str:
    return str((await client.list_tools()).tools)


async def listed(client: Client) -> str:
    return str((await client.list_resources()).resources)


async def completed(client: Client) -> str:
    return str((await client.complete(TASK, {"name": "agent", "value": ""})).completion)


async def completed_for(client: Client, ref: Any, argument: str, **chosen: str) -> str:
    found = await client.complete(ref, {"name": argument, "value": ""}, context_arguments=chosen)
    return str(found.completion)


async def listened(client: Client) -> str:
    uris = ["a2a://agents/secret", "a2a://tasks/secret/t9", "a2a://agents/open-one"]
    async with client.listen(resource_subscriptions=uris) as listener:
        return str(listener.honored)


async def written(client: Client, name: str, agent: str) -> str:
    arguments = {"agent": agent, "task": "x"}
    return str((await client.get_prompt(name, arguments)).messages)


Way = Callable[[Client], Awaitable[str]]
WAYS: Final[dict[str, Way]] = {
    "the list of agents": lambda client: tool(client, "agent_info"),
    "an agent": lambda client: tool(client, "agent_info", agent="secret"),
    "a typing error": lambda client: tool(client, "agent_info", agent="secrte"),
    "a message": lambda client: tool(client, "send_task", agent="secret", message="x"),
    "a message without agent": lambda client: tool(
        client, "send_task", message="x", context_id="c9"
    ),
    "a task": lambda client: tool(client, "get_task", agent="secret", task_id="t9"),
    "an artifact": lambda c: tool(c, "get_artifact", agent="secret", task_id="t9", artifact_id="a"),
    "following": lambda client: tool(client, "subscribe", agent="secret", task_id="t9"),
    "cancelling": lambda client: tool(client, "cancel_task", agent="secret", task_id="t9"),
    "the list of tasks": lambda client: tool(client, "list_tasks", agent="secret", remote=True),
    "resources": listed,
    "the agent as a resource": lambda client: read(client, "a2a://agents/secret"),
    "all agents as a resource": lambda client: read(client, "a2a://agents"),
    "a task as a resource": lambda client: read(client, "a2a://agents/secret/tasks/t9"),
    "a task at its address": lambda client: read(client, "a2a://tasks/secret/t9"),
    "an artifact at its address": lambda c: read(c, "a2a://tasks/secret/t9/artifacts/a"),
    "completion": completed,
    "completion of ids": lambda c: completed_for(c, TASK, "task_id", agent="secret"),
    "completion for a prompt": lambda c: completed_for(c, DELEGATE, "agent"),
    "a prompt": lambda client: written(client, "delegate", "secret"),
    "listening": listened,
    "the tool of a skill": lambda client: tool(client, "secret__plan", message="x"),
    "a webhook": lambda client: tool(
        client,
        "create_push_config",
        agent="secret",
        task_id="t9",
        webhook_url="https://h.example/x",
    ),
    "webhooks": lambda c: tool(c, "list_push_configs", agent="secret", task_id="t9"),
    "one webhook": lambda c: tool(c, "get_push_config", agent="secret", task_id="t9"),
    "removing a webhook": lambda client: tool(
        client, "delete_push_config", agent="secret", task_id="t9", config_id="c"
    ),
    "removing an agent": lambda client: tool(client, "unregister_agent", name="secret"),
    "the tools": lambda client: tools(client),
    "the view": lambda client: read(client, "ui://a2a-mcp/tasks"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_an_agent_that_is_denied_looks_like_one_that_is_not_configured(
    way: str, tmp_path: Path
) -> None:
    url = "https://a.example"
    rules = SERVER | {"access": [rule("open-*", groups=["eng"]), rule("secret", groups=["x"])]}
    ruled = configured(server=rules, **{"open-one": url, "secret": url})
    plain = configured(server=SERVER, **{"open-one": url})
    with called_by("alice", "eng"):
        async with hosted(ruled, tmp_path / "ruled") as client:
            denied = await WAYS[way](client)
        async with hosted(plain, tmp_path / "plain") as client:
            absent = await WAYS[way](client)
    assert denied == absent


async def begun(client: Client, agent: ScriptedAgent) -> str:
    agent.on(SEND, result({"task": task("working")}))
    sent = await client.call_tool("send_task", {"message": "x", "wait_seconds": 0})
    assert sent.structured_content
    task_id: str = sent.structured_content["task_id"]
    return task_id


async def test_who_has_lost_an_agent_reads_and_cancels_own_tasks_and_sends_nothing_more(
    tmp_path: Path,
) -> None:
    async with scripted() as agent:
        rules = {"tokens": TOKENS, "access": [rule("it", groups=["eng"])]}
        config = configured(server=rules, it=agent.url)
        with called_by("alice", "eng"):
            async with hosted(config, tmp_path) as client:
                task_id = await begun(client, agent)
        agent.on(GET, result(task("working")))
        agent.on(CANCEL, result(task("canceled")))
        with called_by("alice"):
            async with hosted(config, tmp_path) as client:
                assert '"working"' in await tool(client, "get_task", task_id=task_id)
                more = await tool(client, "send_task", task_id=task_id, message="more")
                assert "There is no agent" in more or "No A2A agent" in more
                await tool(client, "cancel_task", task_id=task_id)
        assert len(agent.calls(SEND)) == len(agent.calls(CANCEL)) == 1


async def test_who_may_only_look_sends_and_cancels_nothing(tmp_path: Path) -> None:
    async with scripted() as agent:
        rules = [rule("*", groups=["eng"]), rule("it", groups=["audit"], read_only=True)]
        config = configured(server={"tokens": TOKENS, "access": rules}, it=agent.url)
        with called_by("alice", "eng"):
            async with hosted(config, tmp_path) as client:
                task_id = await begun(client, agent)
        agent.on(GET, result(task("working")))
        with called_by("alice", "audit"):
            async with hosted(config, tmp_path) as client:
                assert '"working"' in await tool(client, "get_task", task_id=task_id)
                for refused in (
                    await tool(client, "send_task", agent="it", message="x"),
                    await tool(client, "subscribe", agent="it", message="x"),
                    await tool(client, "cancel_task", task_id=task_id),
                ):
                    assert "may only look" in refused
        assert len(agent.calls(SEND)) == 1
        assert not agent.calls(CANCEL)


REGISTERING: Final = {"toolsets": ("registry",), "tokens": TOKENS}


async def test_rules_hold_for_an_agent_that_the_caller_has_added(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url)))
        agent.on(SEND, result({"task": done("hi")}))
        rules = [rule("kb-*", groups=["eng"]), rule("*", groups=["audit"], read_only=True)]
        server = REGISTERING | {"registrable": (agent.url,), "access": rules}
        config = configured(server=server)
        with called_by("alice", "eng"):
            async with hosted(config, tmp_path) as client:
                refused = await tool(client, "register_agent", url=agent.url, name="other")
                assert "let this caller work with no agent named 'other-" in refused
                assert "Registered as 'kb-" in await tool(
                    client, "register_agent", url=agent.url, name="kb"
                )
                assert '"completed"' in await tool(client, "send_task", agent="kb", message="x")
        with called_by("alice", "audit"):
            async with hosted(config, tmp_path) as client:
                refused = await tool(client, "register_agent", url=agent.url, name="mine")
                assert "let this caller work with no agent" in refused
                refused = await tool(client, "send_task", agent="kb", message="x")
                assert "may only look" in refused
        with called_by("alice"):
            async with hosted(config, tmp_path) as client:
                assert "kb" not in await tool(client, "agent_info")
        with called_by("bob", "eng"):
            async with hosted(config, tmp_path) as client:
                assert "kb" not in await tool(client, "agent_info")
        assert len(agent.calls(SEND)) == 1


@pytest.mark.parametrize("name", ["secret", "kb-a"])
async def test_adding_an_agent_tells_nothing_of_one_that_is_denied(
    name: str, tmp_path: Path
) -> None:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url)))
        rules = [rule("kb-*", groups=["eng"]), rule("secret", groups=["x"])]
        server = REGISTERING | {"registrable": (agent.url,), "access": rules}
        url = "https://a.example"
        with called_by("alice", "eng"):
            told = []
            for place, there in (("there", {"secret": url}), ("absent", {})):
                async with hosted(configured(server=server, **there), tmp_path / place) as client:
                    told.append(await tool(client, "register_agent", url=agent.url, name=name))
    assert told[0] == told[1]


async def test_the_person_at_this_machine_may_use_every_agent(tmp_path: Path) -> None:
    async with scripted() as agent:
        agent.on(SEND, result({"task": done("hi")}))
        rules = {"tokens": TOKENS, "access": [rule("nothing", groups=["x"])]}
        async with hosted(configured(server=rules, it=agent.url), tmp_path) as client:
            assert '"completed"' in await tool(client, "send_task", message="x")


def test_the_instructions_name_only_agents_of_everybody() -> None:
    rules = {"tokens": TOKENS, "access": [rule("open"), rule("secret", owners=["corp:alice"])]}
    told = instructions(
        configured(server=rules, open="https://a.example", secret="https://b.example")
    )
    assert "- open" in told
    assert "secret" not in told
    assert "agent_info lists all that you may use." in told


@pytest.mark.parametrize(
    ("name", "groups", "allowed"),
    [("alice", ["eng"], True), ("alice", [], False), ("bob", [], True), ("eve", ["ENG"], False)],
)
async def test_rules_are_by_group_or_by_owner(
    name: str, groups: list[str], allowed: bool, tmp_path: Path
) -> None:
    rules = [rule("T*", groups=["eng"]), rule("tick?ts", owners=["corp:bob"])]
    config = configured(server={"tokens": TOKENS, "access": rules}, tickets="https://a.example")
    with called_by(name, *groups):
        async with hosted(config, tmp_path) as client:
            assert ("tickets" in await tool(client, "agent_info")) == allowed
