"""The prompts: what a person picks, filled in with what the person wrote."""

from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp.types import PromptReference, TextContent
from staging import configured, hosted

from a2a_mcp.server.prompts import ALWAYS, SENDING
from a2a_mcp.server.tools.definitions import TABLE

pytestmark = pytest.mark.anyio

URL = "https://a.example"


async def text(client: Client, name: str, **arguments: str) -> str:
    (message,) = (await client.get_prompt(name, arguments)).messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    return message.content.text


async def test_each_prompt_says_what_it_needs_and_names_only_tools_that_exist(
    tmp_path: Path,
) -> None:
    tools = {row[0].__name__ for row in TABLE}
    async with hosted(configured(a=URL), tmp_path) as client:
        for prompt in (await client.list_prompts()).prompts:
            assert prompt.title
            assert prompt.description
            given = {each.name: f"<{each.name}>" for each in prompt.arguments or []}
            said = await text(client, prompt.name, **given)
            assert all(value in said for value in given.values())
            named = {word.strip(".,:") for word in said.split() if "_" in word and "<" not in word}
            assert named
            assert named <= tools


async def test_what_a_person_wrote_stays_as_it_is(tmp_path: Path) -> None:
    task = 'Sum {a} and {0}; say "{agent}"\n%s'
    async with hosted(configured(a=URL), tmp_path) as client:
        assert task in await text(client, "delegate", agent="a", task=f"  {task}\n")


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("nothing", {}, "no prompt named 'nothing'"),
        ("delegate", {}, "delegate needs agent, task"),
        ("compare", {"first_agent": "a", "question": " "}, "compare needs second_agent, question"),
    ],
)
async def test_a_mistake_is_said(
    name: str, arguments: dict[str, str], said: str, tmp_path: Path
) -> None:
    async with hosted(configured(a=URL), tmp_path) as client:
        with pytest.raises(MCPError, match=said):
            await client.get_prompt(name, arguments)


async def test_names_of_agents_are_completed(tmp_path: Path) -> None:
    async with hosted(configured(weather=URL, work=URL, other=URL), tmp_path) as client:
        for argument, wanted in (("second_agent", ["weather", "work"]), ("question", [])):
            found = await client.complete(
                PromptReference(type="ref/prompt", name="compare"),
                {"name": argument, "value": "w"},
            )
            assert found.completion.values == wanted


async def test_where_nothing_may_be_sent_no_prompt_sends(tmp_path: Path) -> None:
    async with hosted(configured(server={"read_only": True}, a=URL), tmp_path) as client:
        assert [each.name for each in (await client.list_prompts()).prompts] == [*ALWAYS]
        for name in SENDING:
            with pytest.raises(MCPError):
                await client.get_prompt(name, {"agent": "a", "task": "x"})
