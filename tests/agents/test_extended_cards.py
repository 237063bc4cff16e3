"""Extended cards: asked for with credentials, shown merged, kept for those credentials alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from real_agents import Agents
from scripted import CARD, SEND, ScriptedAgent, card, cut, document, done, error, interface, result
from scripted import scripted as scripted_agent
from signing import JWK, Clock, connected, signed
from staging import ME, configured, hosted, staged

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.a2a.errors import CardRefused
from a2a_mcp.a2a.model import Part
from a2a_mcp.agents.extended_cards import AGAIN_SECONDS, MOST_KEPT, ExtendedCard
from a2a_mcp.bridge.describe_agents import describe_agent
from a2a_mcp.bridge.extended_cards import merged
from a2a_mcp.errors import NotAllowed

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]

EXTENDED = "GetExtendedAgentCard"
TOKEN = "the-token"
AUTH = Bearer(SecretStr(TOKEN))
SECRETS = {"id": "secrets", "name": "Secrets", "description": "For members.", "tags": []}
KINDS = ("1.3-jsonrpc", "1.3-rest", "1.3-grpc", "0.3-jsonrpc", "0.3-rest", "0.3-grpc")


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted_agent() as running:
        running.on(CARD, document(public(running.url)))
        running.on(EXTENDED, result(public(running.url, skills=[SECRETS])))
        yield running


def public(url: str, **more: Any) -> dict[str, Any]:
    return card(url, capabilities={"streaming": False, "extendedAgentCard": True}, **more)


async def asked(
    agent: ScriptedAgent, signature: Any = None, **more: Any
) -> tuple[ExtendedCard | None, str]:
    """Ask for the extended card; return it, and what is told of the agent."""
    config = {"url": agent.url, "signature": signature, "auth": AUTH, **more}
    async with staged(configured(it=config), Path("/nowhere")) as stage:
        connection = stage.registry.connection("it", ME)
        await connection.choice()
        answer = await connection.extended.get()
        return answer, describe_agent(stage.registry, "it", extended=answer).prose()


async def described(config: Any, folder: Path, **arguments: Any) -> dict[str, Any]:
    async with hosted(config, folder) as client:
        answer = await client.call_tool("agent_info", {"agent": "it", **arguments})
    (row,) = (answer.structured_content or {})["agents"]
    return {**row, "note": (answer.structured_content or {}).get("note", "")}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_real_agents_extended_card_is_shown_merged(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    real = running_agent(kind, "--token", TOKEN, "--extended", "shown")
    row = await described(configured(it={"url": real.url, "auth": AUTH}), tmp_path)
    assert [skill["name"] for skill in row["skills"]] == ["Words", "Secrets"]
    assert "and secrets" in row["reported_by_agent"]
    assert "the extended card adds the skills Secrets; as output image/png" in row["capabilities"]
    assert (row["state"], row["note"]) == ("ready", "")


@pytest.mark.parametrize("kind", KINDS)
async def test_without_credentials_a_real_agent_is_not_asked(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    real = running_agent(kind, "--extended", "shown")
    before = len(real.requests())
    row = await described(configured(it=real.url), tmp_path)
    assert [skill["name"] for skill in row["skills"]] == ["Words"]
    assert "not asked for, because no credentials are set" in " ".join(row["capabilities"])
    assert all("well-known" in seen["path"] for seen in real.requests()[before:])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_of_a_real_agent_is_explained_and_does_no_harm(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    real = running_agent(kind, "--token", TOKEN, "--extended", "shown")
    wrong = {"url": real.url, "auth": Bearer(SecretStr("wrong"))}
    row = await described(configured(it=wrong), tmp_path)
    assert row["state"] == "ready"
    assert "refused its extended card: the credentials do not suffice" in row["note"]
    assert [skill["name"] for skill in row["skills"]] == ["Words"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_real_agent_that_announces_what_it_lacks_works_as_before(
    kind: str, running_agent: Agents, tmp_path: Path
) -> None:
    real = running_agent(kind, "--token", TOKEN, "--extended", "missing")
    config = configured(it={"url": real.url, "auth": AUTH})
    async with hosted(config, tmp_path) as client:
        answer = await client.call_tool("agent_info", {"agent": "it"})
        said = await client.call_tool("send_task", {"message": "task hello"})
    # a2a-sdk 0.3 shows the public card again.
    words = "the agent has none" if kind.startswith("1.3") else "the extended card adds nothing"
    assert words in str(answer.structured_content)
    assert (said.structured_content or {})["state"] == "completed"


async def test_it_is_asked_for_once_for_each_public_card(agent: ScriptedAgent) -> None:
    clock = Clock()
    async with connected(agent.url, None, clock, auth=AUTH) as connection:
        for _ in range(3):
            await connection.choice()
            await connection.extended.get()
        assert len(agent.calls(EXTENDED)) == 1
        agent.on(CARD, document(public(agent.url, version="2")))
        await connection.choice(refresh=True)
        await connection.extended.get()
        assert len(agent.calls(EXTENDED)) == 2
        await connection.extended.get(refresh=True)
        assert len(agent.calls(EXTENDED)) == 3
        clock.now += AGAIN_SECONDS
        assert await connection.extended.known() is None
        await connection.extended.get()
    assert len(agent.calls(EXTENDED)) == 4


async def test_each_credential_sees_its_own(agent: ScriptedAgent) -> None:
    """The credential is one that changes, as a token of each caller does."""
    token = "of ann"

    async def secret() -> SecretStr:
        return SecretStr(token)

    def own(request: Any) -> Any:
        caller = request.headers["authorization"].removeprefix("Bearer of ")
        return result(public(agent.url, skills=[SECRETS | {"name": f"Of {caller}"}]))(request)

    agent.on(EXTENDED, own)
    async with connected(agent.url, None, auth=Bearer(secret)) as connection:
        await connection.choice()
        for _ in range(2):
            for name in ("ann", "bob"):
                token = f"of {name}"
                shown = await connection.extended.get()
                assert shown
                assert shown.found
                assert [skill.name for skill in shown.found.card.skills] == [f"Of {name}"]
        assert len(agent.calls(EXTENDED)) == 2
        token = "of eve"
        assert await connection.extended.known() is None
        for number in range(MOST_KEPT):
            token = f"of {number}"
            await connection.extended.get()
        token = "of ann"
        assert await connection.extended.known() is None


async def test_callers_who_ask_together_cause_one_request(agent: ScriptedAgent) -> None:
    async with connected(agent.url, None, auth=AUTH) as connection:
        await connection.choice()
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(connection.extended.get)
    assert len(agent.calls(EXTENDED)) == 1


async def test_a_card_that_announces_none_is_not_asked_about(agent: ScriptedAgent) -> None:
    agent.on(CARD, document(card(agent.url)))
    answer, told = await asked(agent)
    assert answer is None
    assert "extended" not in told
    assert agent.calls(EXTENDED) == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (error(-32007, "none"), "but the agent has none"),
        (error(-32004, "no"), "but the agent has none"),
        (error(-32601, "what?"), "but the agent has none"),
        (document({"error": "go away"}, 403), "the credentials do not suffice"),
        (error(-32603, "boom"), 'is not used: "boom" (code -32603). The public card'),
        (result({"hello": "world"}), "is not used: expected an agent card"),
        (cut, "The agent's extended card is not used"),
    ],
)
async def test_each_refusal_is_a_note(agent: ScriptedAgent, reply: Any, words: str) -> None:
    agent.on(EXTENDED, reply)
    agent.on("agent/getAuthenticatedExtendedCard", error(-32601, "what?"))
    answer, told = await asked(agent)
    assert answer
    assert answer.found is None
    assert words in told
    assert "it [ready]" in told
    assert "calls work as before" in told


async def test_its_interfaces_are_not_used(agent: ScriptedAgent) -> None:
    elsewhere = [interface("https://evil.example/a2a")]
    agent.on(EXTENDED, result(public(agent.url, supportedInterfaces=elsewhere, skills=[SECRETS])))
    agent.on(SEND, result({"task": done("x")}))
    config = configured(it={"url": agent.url, "auth": AUTH})
    async with staged(config, Path("/nowhere")) as stage:
        connection = stage.registry.connection("it", ME)
        await connection.choice()
        answer = await connection.extended.get()
        await stage.send()
        told = describe_agent(stage.registry, "it", extended=answer).prose()
    assert len(agent.sends()) == 1
    assert "evil.example" not in told
    assert "names other interfaces than the public one; they are not used" in told
    assert "- Secrets: For members." in told


async def test_one_that_is_not_verified_is_refused_where_it_must_be(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(f'{{"keys": [{json.dumps(JWK)}]}}', "utf-8")
    whole = public(agent.url, skills=[SECRETS])
    agent.on(CARD, document(signed(public(agent.url))))
    agent.on(EXTENDED, result(whole), result(signed(whole) | {"name": "evil"}))
    for words in ("unsigned", "does not fit the card"):
        answer, told = await asked(agent, {"require": True, "keys": keys})
        assert answer
        assert isinstance(answer.error, CardRefused)
        assert words in told
        assert "Secrets" not in told
    agent.on(EXTENDED, result(signed(whole) | {"url": "https://not.signed.example"}))
    answer, told = await asked(agent, {"require": True, "keys": keys})
    assert "extended card verified by k1" in told
    assert "Secrets" in told
    agent.on(EXTENDED, result(signed(whole) | {"name": "evil"}))
    answer, told = await asked(agent, {"keys": keys})
    assert "Extended card: the card's signature: invalid" in told


async def test_files_that_only_the_extended_card_takes_are_sent(agent: ScriptedAgent) -> None:
    whole = public(agent.url, defaultInputModes=["text/plain", "image/png"])
    agent.on(EXTENDED, result(whole))
    agent.on(SEND, result({"task": done("x")}))
    picture = Part(kind="raw", raw=b"x", media_type="image/png")
    async with staged(configured(it={"url": agent.url, "auth": AUTH}), Path("/nowhere")) as stage:
        with pytest.raises(NotAllowed, match="image/png"):
            await stage.send(parts=(picture,))
        await stage.registry.connection("it", ME).extended.get()
        await stage.send(parts=(picture,))


async def test_what_it_leaves_out_is_not_taken_away(agent: ScriptedAgent) -> None:
    both = {"uri": "urn:both"}
    here = public(agent.url, skills=[SECRETS | {"id": "a", "name": "A"}], description="Here.")
    here["capabilities"] |= {"streaming": True, "extensions": [both]}
    agent.on(CARD, document(here))
    there = {"name": "There", "skills": [SECRETS], "capabilities": {"pushNotifications": True}}
    there |= {"supportedInterfaces": [interface(agent.url)]}
    there["capabilities"] = {"pushNotifications": True, "extensions": [{"uri": "urn:new"}]}
    agent.on(EXTENDED, result(there))
    answer, told = await asked(agent)
    assert answer
    assert answer.found
    for words in ("There", "Here.", "- A:", "- Secrets:", "streaming", "push notifications"):
        assert words in told
    assert "the skills Secrets; as capability push notifications; the extensions urn:new" in told
    assert "urn:both" in told
    assert merged(answer.found.card, answer.found.card) == answer.found.card
