"""`a2a-mcp check`: every agent is contacted, and a person is told how each is."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import anyio
import pytest
from commands import Home, ended, shown
from pydantic import SecretStr
from scripted import (
    CARD,
    card,
    document,
    done,
    error,
    free_port,
    interface,
    origin_of,
    result,
    scripted,
    silence,
)
from staging import agents

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.cli.work import chosen
from a2a_mcp.cli.work.check import report
from a2a_mcp.config.command_secret import CommandSecret
from a2a_mcp.config.load import Config, load
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.secrets import SecretRegister

pytestmark = pytest.mark.anyio


async def checked(config: Config) -> tuple[int, str]:
    out = io.StringIO()
    with anyio.fail_after(20):
        code = await report(config, out)
    return code, out.getvalue()


async def test_when_all_agents_answer_the_code_is_0() -> None:
    async with scripted() as agent:
        code, told = await checked(Config(agents=agents(one=agent.url, two=agent.url)))
    assert code == 0
    assert "one [ready]" in told
    assert "two [ready]" in told
    assert told.endswith("All 2 agents can be used.\n")
    assert not agent.sends()


async def test_a_dead_agent_is_named_with_the_reason_and_the_others_still_checked() -> None:
    nobody = free_port()
    async with scripted() as agent:
        code, told = await checked(Config(agents=agents(dead=origin_of(nobody), good=agent.url)))
    card_url = f"{origin_of(nobody)}/.well-known/agent-card.json"
    nobody.close()
    assert code == 1
    assert "dead [failing]" in told
    assert "Problem: no connection" in told
    assert f"({card_url})" in told
    assert "See whether the agent runs" in told
    assert "good [ready]" in told
    assert "1 of 2 agents can be used." in told


async def test_agents_of_a_catalogue_are_checked_and_those_it_may_not_add_told() -> None:
    async with scripted() as server:
        rows = [{"name": "good", "url": server.url}, {"name": "far", "url": "https://far.example"}]
        server.on("GET /list", document(rows))
        table = AgentConfig(name="corp", catalog=f"{server.url}/list")
        code, out = await checked(Config(catalogs={"corp": table}))
    assert code == 1
    assert "corp/good [ready]" in out
    assert "corp/far [disabled]" in out
    assert "1 of 2 agents can be used." in out


async def test_a_mistake_in_the_configuration_is_reported_and_counted() -> None:
    async with scripted() as agent:
        faults = {"typo": "utl: unknown key; did you mean url?"}
        code, told = await checked(Config(agents=agents(good=agent.url), faults=faults))
    assert code == 1
    assert "typo [disabled]\nProblem: utl: unknown key; did you mean url?" in told
    assert "1 of 2 agents can be used." in told


async def test_an_agent_that_is_switched_off_is_not_contacted() -> None:
    async with scripted() as agent, scripted() as off:
        table = {"url": off.url, "enabled": False}
        code, told = await checked(Config(agents=agents(good=agent.url, off=table)))
        assert off.connections == 0
    assert code == 0
    assert "Switched off: off (a2a-mcp agents enable NAME)\nThe agent can be used." in told


async def test_the_file_that_was_read_is_named_with_notes_about_it(tmp_path: Path) -> None:
    file = tmp_path / "agents.toml"
    async with scripted() as agent:
        file.write_text(
            f'[agents.it]\nurl = "{agent.url}"\nauth = {{ type = "bearer", token = "abc-def" }}\n'
        )
        file.chmod(0o644)
        code, told = await checked(load(path=file, environ={}))
    assert code == 0
    assert f"Note: {file}: holds secrets and every user can read it; chmod 600 it" in told
    assert f"\nConfiguration: {file}\n" in told


@pytest.mark.parametrize("own_card", [False, True], ids=["card fetched", "card configured"])
async def test_a_failing_credential_command_is_reported_without_its_output(
    own_card: bool, tmp_path: Path
) -> None:
    (tmp_path / "token.py").write_text("print('leaked-token'); raise SystemExit(3)")
    command = CommandSecret((sys.executable, "token.py"), folder=tmp_path)
    async with scripted() as agent:
        place = {"card": card(agent.url)} if own_card else {"url": agent.url}
        table = {**place, "auth": Bearer(command)}
        code, told = await checked(Config(agents=agents(it=table, good=agent.url)))
    assert code == 1
    assert "it [failing]" in told
    program = Path(sys.executable).name
    assert f"Problem: the credential command '{program}' ended with exit code 3\n" in told
    assert "What to do: Run the command in `auth` of this agent by hand" in told
    assert "leaked-token" not in told
    assert "good [ready]" in told
    assert "1 of 2 agents can be used." in told


async def test_without_agents_it_names_the_file_to_write(tmp_path: Path) -> None:
    file = tmp_path / "agents.toml"
    _, told = await checked(load(path=file, environ={}))
    assert f"Add one to {file}: a2a-mcp agents add URL" in told


async def test_without_agents_nothing_can_be_used() -> None:
    code, told = await checked(Config())
    assert code == 1
    assert "No A2A agent is configured" in told
    assert "agents.toml" in told


async def test_agents_are_contacted_at_once() -> None:
    async with scripted() as slow:
        slow.on(CARD, silence)
        limits = {"card_seconds": 0.5}
        tables = {f"slow{n}": {"url": slow.url, "limits": limits} for n in range(10)}
        with anyio.fail_after(4.9):  # one after the other they would take 5
            code, told = await checked(Config(agents=agents(**tables)))
    assert code == 1
    assert told.count("within 0.5 s") >= 10


async def test_a_credential_that_an_agent_repeats_is_masked() -> None:
    register = SecretRegister()
    register.add("token-of-the-test")
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, description="you sent token-of-the-test")))
        table = {"url": agent.url, "auth": Bearer(SecretStr("token-of-the-test"))}
        _, told = await checked(Config(agents=agents(it=table), secrets=register))
    assert "you sent ***" in told
    assert "token-of-the-test" not in told


async def test_one_agent_may_be_checked_alone(home: Home) -> None:
    async with scripted() as one, scripted() as two:
        home.write(f'[agents.one]\nurl = "{one.url}"\n[agents.two]\nurl = "{two.url}"\n')
        done = await home.run("check", "TWO", "--json")
        mistyped = await home.run("check", "three")
        assert one.connections == 0
    assert (done.code, done.json["usable"]) == (0, 1)
    assert [row["name"] for row in done.json["agents"]] == ["two"]
    row = done.json["agents"][0]
    assert min(row["milliseconds"], row["read_milliseconds"]) >= 0
    assert row["answers_over"] == row["interface"]
    assert row["chosen_because"] == chosen.ONLY
    assert mistyped.code == 2
    assert "no agent of the configuration; there are: one, two" in mistyped.err


async def test_an_agent_is_asked_over_which_of_its_interfaces_it_answers() -> None:
    async with scripted() as older, scripted() as broken:
        older.on("GetTask", error(-32601, "no such method"))
        older.on("tasks/get", error(-32001, "no such task"))
        broken.on("GetTask", error(-32603, "no database"))
        code, told = await checked(Config(agents=agents(older=older.url, broken=broken.url)))
        assert not [*older.sends(), *broken.sends()]
    assert code == 0
    assert f"a call over {older.url} (JSONRPC, A2A 0.3) within" in told
    assert told.index(f"Chosen: {chosen.LEARNED}\n") < told.index("broken [ready]")
    assert re.search(r"a call within \d+ ms", told.partition("broken [ready]")[2])


JSON_0_3, JSON_1_0 = ("JSONRPC", "0.3"), ("JSONRPC", "1.0")
REST_1_0 = ("HTTP+JSON", "1.0")


@pytest.mark.parametrize(
    ("listed", "table", "reason"),
    [
        ([JSON_1_0], {}, chosen.ONLY),
        ([JSON_1_0, ("carrier pigeon", "1.0")], {}, chosen.ONLY),
        ([JSON_0_3, JSON_1_0], {}, chosen.NEWEST),
        ([REST_1_0, JSON_0_3, JSON_1_0], {}, chosen.PREFERRED),
        ([JSON_0_3, JSON_1_0], {"version": "1.0"}, "configured: version"),
        ([REST_1_0, JSON_1_0], {"binding": "JSONRPC", "version": "1.0"}, "version, binding"),
    ],
)
async def test_it_says_why_an_interface_is_used(
    listed: list[tuple[str, str]], table: dict[str, str], reason: str
) -> None:
    async with scripted() as agent:
        rows = [interface(agent.url, version, binding) for binding, version in listed]
        agent.on(CARD, document(card(agent.url, supportedInterfaces=rows)))
        agent.on("GetTask", error(-32001, "no such task"))
        code, told = await checked(Config(agents=agents(it={"url": agent.url, **table})))
    (line,) = (line for line in told.splitlines() if line.startswith("Chosen: "))
    assert (code, line.removeprefix("Chosen: ").endswith(reason)) == (0, True)


async def test_the_cause_and_the_cure_are_there_for_a_script() -> None:
    out = io.StringIO()
    nobody = free_port()
    config = Config(agents=agents(dead=origin_of(nobody)), faults={"typo": "utl: unknown key"})
    assert await report(config, out, as_json=True) == 1
    nobody.close()
    dead, typo = json.loads(out.getvalue())["agents"]
    assert "no connection" in dead["problems"][0]
    assert "See whether the agent runs" in dead["what_to_do"]
    assert typo == {
        "name": "typo",
        "state": "disabled",
        "problems": ["utl: unknown key"],
        "what_to_do": "Correct [agents.typo] in agents.toml.",
    }


async def test_a_deep_check_sends_each_agent_a_message_and_says_what_came(home: Home) -> None:
    async with scripted() as good, scripted() as bad:
        good.on("SendMessage", result({"task": done("here")}))
        bad.on("SendMessage", error(-32603, "out of order"))
        home.write(f'[agents.good]\nurl = "{good.url}"\n[agents.bad]\nurl = "{bad.url}"\n')
        told = await home.run("check", "--deep")
        assert (len(good.sends()), len(bad.sends())) == (1, 1)
        script = await home.run("check", "--deep", "--json", good.url)
    assert told.code == 1
    assert script.code == 0
    assert [row["name"] for row in script.json["agents"]] == ["good"]
    assert script.json["agents"][0]["message"]["state"] == "completed"
    assert re.search(r"^good answered a message within \d+ ms: completed$", told.out, re.MULTILINE)
    assert re.search(r"^bad did not answer a message: .*out of order", told.out, re.MULTILINE)


async def test_the_hosts_here_are_named_with_the_bridge_in_them(home: Home) -> None:
    for folder in (".cursor", ".codex"):
        (home.folder / folder).mkdir()
    unset = {"CODEX_HOME": "", "CLAUDE_CONFIG_DIR": ""}
    await home.run("install", "cursor", "https://agent.example", **unset)
    told = await home.run("check", **unset)
    as_json = await home.run("check", "--json", **unset)
    assert "Cursor (has the bridge)" in told.out
    assert "Codex (without the bridge: a2a-mcp install codex)" in told.out
    assert re.search(r"^Versions: a2a-mcp \S+, Python 3\.", told.out, re.MULTILINE)
    assert as_json.json["hosts"]["cursor"] == "has the bridge"
    assert as_json.json["state_folder"] in told.out


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
async def test_a_terminal_shows_states_in_colour_unless_it_is_told_not_to(home: Home) -> None:
    async with scripted() as agent:
        home.write(f'[agents.it]\nurl = "{agent.url}"\n')
        await shown(home.terminal("check"), "\x1b[32mit [ready]\x1b[0m")
        home.variables["NO_COLOR"] = "1"
        terminal = home.terminal("check")
        await shown(terminal, "it [ready]")
    assert "\x1b" not in terminal.before


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
async def test_a_terminal_breaks_lines_between_words_and_never_within_a_command(
    home: Home,
) -> None:
    home.write('[agents.it]\nurl = "http://127.0.0.1:1"\nenabled = false\n')
    code, told = await ended(home.terminal("agents", "show", "it", columns=30))
    assert code == 1
    assert max(map(len, told.splitlines())) <= 30
    assert told.splitlines()[-2:] == ["What to do: Enable it:", "  a2a-mcp agents enable it"]
