"""`a2a-mcp init` and `a2a-mcp agents`: the file is written as a person would, nothing is lost."""

from __future__ import annotations

import sys
import tomllib
from typing import Any

import pytest
from commands import Home, ended, shown
from scripted import CARD, card, document, free_port, interface, origin_of, scripted

pytestmark = pytest.mark.anyio

needs_a_terminal = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no pseudo-terminals"
)

KEPT = """\
# My agents.
default_agent = "One"

[agents.One]   # the first
url = "https://one.example"  # why not

[agents.two]
enabled = false
url = "https://two.example"
"""


def table(home: Home, name: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(home.file.read_text())["agents"][name]
    return found


async def test_init_writes_a_first_agent_with_its_words_for_the_person_to_confirm(
    home: Home,
) -> None:
    async with scripted() as agent:
        done = await home.run("init", agent.url)
        again = await home.run("init", agent.url)
    assert (done.code, done.err) == (0, "")
    assert "Wrote the agent 'scripted-agent'" in done.out
    assert table(home, "scripted-agent") == {"url": agent.url}
    assert '# description = "Says what a test wrote."' in home.file.read_text()
    assert again.code == 2
    assert f"is there already; add to it with a2a-mcp agents add {agent.url}" in again.err


async def test_a_name_may_stand_before_the_url(home: Home) -> None:
    async with scripted() as agent:
        first = await home.run("init", f"mine={agent.url}")
        second = await home.run("agents", "add", f"too={agent.url}")
    assert (first.code, second.code) == (0, 0)
    assert table(home, "mine") == table(home, "too") == {"url": agent.url}


async def test_what_is_no_url_of_an_agent_is_said_and_nothing_written(home: Home) -> None:
    done = await home.run("init", "ftp://agent.example")
    assert done.code == 2
    assert done.err.startswith("a2a-mcp: 'ftp://agent.example': ")
    assert "Traceback" not in done.err
    assert not home.file.exists()


async def test_a_card_that_is_at_the_origin_only_gives_the_url_that_is_written(home: Home) -> None:
    async with scripted() as agent:
        done = await home.run("init", f"{agent.url}/wrong", "--name", "it")
    assert done.code == 0
    assert f"No card is below {agent.url}/wrong: its url is {agent.url}" in done.out
    assert table(home, "it") == {"url": agent.url}


@pytest.mark.parametrize("word", ["notaurl", "agents"])
async def test_a_word_that_is_no_url_is_told_how_one_is_written(home: Home, word: str) -> None:
    done = await home.run("agents", "add", word)
    assert (done.code, done.err) == (
        2,
        f"a2a-mcp: {word!r} is no URL: write it whole, as https://agent.example\n",
    )


async def test_init_without_a_url_writes_an_example(home: Home) -> None:
    assert (await home.run("init")).code == 0
    assert "# [agents.weather]" in home.file.read_text()
    listed = await home.run("agents")
    assert "No agent is configured" in listed.out


async def test_an_agent_without_a_card_is_not_written(home: Home) -> None:
    nobody = free_port()
    done = await home.run("agents", "add", origin_of(nobody))
    nobody.close()
    assert done.code == 1
    assert "no connection" in done.err
    assert not home.file.exists()


BEARER = {"httpAuthSecurityScheme": {"scheme": "Bearer"}}
KEY = {"apiKeySecurityScheme": {"location": "header", "name": "X-Key"}}
BASIC = {"httpAuthSecurityScheme": {"scheme": "basic"}}


@pytest.mark.parametrize(
    ("scheme", "wanted", "variable"),
    [
        (BEARER, {"type": "bearer", "token": {"env": "IT_TOKEN"}}, "IT_TOKEN"),
        (KEY, {"type": "api_key", "key": {"env": "IT_KEY"}}, "IT_KEY"),
        (
            BASIC,
            {"type": "basic", "username": {"env": "IT_USER"}, "password": {"env": "IT_PASSWORD"}},
            "IT_PASSWORD",
        ),
    ],
    ids=["bearer", "key", "basic"],
)
async def test_the_credential_that_a_card_asks_for_is_read_from_a_variable(
    home: Home, scheme: dict[str, Any], wanted: dict[str, Any], variable: str
) -> None:
    async with scripted() as agent:
        wants = {"securitySchemes": {"s": scheme}, "securityRequirements": [{"schemes": {"s": {}}}]}
        agent.on(CARD, document(card(agent.url, **wants)))
        done = await home.run("agents", "add", agent.url, "--name", "it")
    assert table(home, "it")["auth"] == wanted
    assert f"set ${variable}" in done.out


SEVERAL: list[tuple[list[str], Any]] = [
    (
        ["key+bearer"],
        [
            {"type": "api_key", "key": {"env": "IT_KEY"}},
            {"type": "bearer", "token": {"env": "IT_TOKEN"}},
        ],
    ),
    (
        ["key+key2"],
        [
            {"type": "api_key", "key": {"env": "IT_KEY"}},
            {"type": "api_key", "key": {"env": "IT_KEY2_KEY"}, "scheme": "key2"},
        ],
    ),
    (["odd+key", "bearer"], {"type": "bearer", "token": {"env": "IT_TOKEN"}}),
    (["odd+key"], {"type": "api_key", "key": {"env": "IT_KEY"}}),
]


@pytest.mark.parametrize(("alternatives", "wanted"), SEVERAL)
async def test_what_a_card_asks_for_together_is_written_together(
    home: Home, alternatives: list[str], wanted: Any
) -> None:
    schemes = {"key": KEY, "key2": KEY, "bearer": BEARER, "odd": {"mtlsSecurityScheme": {}}}
    asked = [{"schemes": {name: {} for name in each.split("+")}} for each in alternatives]
    async with scripted() as agent:
        wants = {"securitySchemes": schemes, "securityRequirements": asked}
        agent.on(CARD, document(card(agent.url, **wants)))
        done = await home.run("agents", "add", agent.url, "--name", "it")
    assert table(home, "it")["auth"] == wanted
    named = [each for each in ("IT_KEY", "IT_TOKEN", "IT_KEY2_KEY") if each in str(wanted)]
    assert [name for name in named if f"${name}," not in done.out] == []


async def test_a_card_behind_a_credential_is_no_obstacle(home: Home) -> None:
    async with scripted() as agent:
        agent.on(CARD, document({}, status=401))
        done = await home.run("agents", "add", agent.url, "--name", "it")
    assert done.code == 0
    assert table(home, "it")["auth"] == {"type": "bearer", "token": {"env": "IT_TOKEN"}}


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("https://eu.agent.example/a2a", 'allowed_origins = ["https://eu.agent.example"]'),
        ("http://0.0.0.0:9999/a2a", 'endpoint = "{origin}/a2a"'),
    ],
)
async def test_another_address_than_the_given_one_is_only_proposed(
    home: Home, address: str, line: str
) -> None:
    async with scripted() as agent:
        elsewhere = card(agent.url, supportedInterfaces=[interface(address)])
        agent.on(CARD, document(elsewhere))
        done = await home.run("agents", "add", agent.url, "--name", "it")
    expected = f"# {line.format(origin=agent.url)}"
    assert table(home, "it") == {"url": agent.url}
    assert expected in home.file.read_text()
    assert expected.removeprefix("# ") in done.out


@needs_a_terminal
async def test_at_a_terminal_the_person_chooses_name_words_and_address(home: Home) -> None:
    async with scripted() as agent:
        elsewhere = card(agent.url, supportedInterfaces=[interface("https://eu.agent.example")])
        agent.on(CARD, document(elsewhere))
        terminal = home.terminal("init", agent.url)
        await shown(terminal, "[scripted-agent]: ")
        terminal.sendline("weather")
        await shown(terminal, "[Says what a test wrote.]: ")
        terminal.sendline("")
        await shown(terminal, "at https://eu.agent.example. Allow that? (y/N): ")
        terminal.sendline("y")
        code, _ = await ended(terminal)
    assert code == 0
    assert table(home, "weather") == {
        "url": agent.url,
        "description": "Says what a test wrote.",
        "allowed_origins": ["https://eu.agent.example"],
    }


async def test_a_change_keeps_comments_order_and_the_old_file(home: Home) -> None:
    home.write(KEPT)
    assert (await home.run("agents", "disable", "one")).code == 0
    assert (await home.run("agents", "enable", "TWO")).code == 0
    changed = home.file.read_text()
    assert "# My agents." in changed
    assert "[agents.One]   # the first" in changed
    assert table(home, "One")["enabled"] is False
    assert table(home, "two") == {"url": "https://two.example"}
    there = {each.name for each in home.file.parent.iterdir()}
    assert there == {"agents.toml", "agents.toml.before-a2a-mcp"}
    assert home.file.stat().st_mode & 0o777 == 0o600


async def test_a_removed_agent_is_no_longer_the_default(home: Home) -> None:
    home.write(KEPT)
    done = await home.run("agents", "remove", "One")
    assert "The file as it was" in done.out
    assert tomllib.loads(home.file.read_text()) == {
        "agents": {"two": {"enabled": False, "url": "https://two.example"}}
    }
    assert (await home.run("agents", "list", "--json")).json == [
        {"name": "two", "state": "disabled", "url": "https://two.example", "description": ""}
    ]


async def test_what_is_not_there_is_said_with_what_is(home: Home) -> None:
    home.write(KEPT)
    done = await home.run("agents", "remove", "three")
    assert done.code == 2
    assert "there is no agent 'three'; there are: One, two" in done.err
    assert home.file.read_text() == KEPT


async def test_one_agent_is_shown_as_a_model_is_told_of_it(home: Home) -> None:
    async with scripted() as agent:
        home.write(f'[agents.it]\nurl = "{agent.url}"\n')
        done = await home.run("agents", "show", "it")
        as_json = await home.run("agents", "show", "it", "--json")
    assert "Says what a test wrote." in done.out
    assert as_json.json["agents"][0]["name"] == "it"
