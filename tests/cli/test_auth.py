"""`a2a-mcp auth`: from a sign-in at the terminal to the end of it, as processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import postgres
import pytest
from browser import sign_in_at
from e2e.bridges import Home, ran
from e2e.hosts import stdio_host
from pydantic import SecretStr
from real_agents import Agent, Agents

from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.store.logins import Login, Logins

pytestmark = pytest.mark.anyio

KEY = "a key that is as long as it must be, 32 bytes"


@pytest.fixture
def home(running_agent: Agents, login: Agent, tmp_path: Path) -> Home:
    agent = running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")
    auth = {"type": "oauth", "client_id": "person", "issuer": login.url}
    plain = running_agent("1.3-jsonrpc")
    return Home(tmp_path).configure(
        {"guarded": {"url": agent.url, "auth": auth}, "open": plain.url}
    )


def auth(home: Home, *words: str) -> list[str]:
    command = [sys.executable, "-m", "a2a_mcp", "auth", *words]
    return [*command, "--config", str(home.config), "--state-dir", str(home.folder)]


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def page_in(process: subprocess.Popen[str]) -> tuple[str, str | None, str]:
    """Return the page and the code that the command shows, and all that it said."""
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += line
        if line.startswith("Waiting"):
            break
    page = re.search(r"https?://\S+", said)
    code = re.search(r"^    ([A-Z0-9-]+)$", said, re.MULTILINE)
    assert page, said
    return page[0], code[1] if code else None, said


@pytest.mark.parametrize("options", [[], ["--device"]], ids=["browser", "device"])
async def test_after_a_sign_in_the_host_calls_without_a_question_until_the_sign_out(
    home: Home, options: list[str]
) -> None:
    with started(auth(home, "login", "guarded", *options)) as process:
        page, code, _ = await anyio.to_thread.run_sync(page_in, process)
        assert (code is not None) == bool(options)
        await sign_in_at(page, code)
        said, errors = await anyio.to_thread.run_sync(process.communicate)
        assert (process.returncode, errors) == (0, "")
        assert "You are signed in to guarded." in said
    assert "guarded: signed in at " in ran(auth(home, "status")).stdout
    with home.stderr.open("a") as stderr:
        async with stdio_host(home.stdio(), "auto", stderr) as host:
            assert (await host.send("hello", agent="guarded"))["state"] == "completed"
        async with stdio_host(home.stdio(), "legacy", stderr) as host:  # another process
            for _ in range(2):
                assert (await host.send("hello", agent="guarded"))["state"] == "completed"
            assert ran(auth(home, "logout", "guarded")).returncode == 0
            refused = await host.send("hello", agent="guarded")
            assert "a2a-mcp auth login guarded" in refused["next_step"]
    assert ran(auth(home, "status")).stdout == "guarded: not signed in\n"
    (state,) = json.loads(ran(auth(home, "status", "--json")).stdout)
    assert (state["agent"], state["words"]) == ("guarded", "not signed in")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("login",), 2, "name the agent"),
        (("login", "open"), 1, "not of the type oauth"),
        (("login", "nobody"), 1, "no agent named"),
        (("logout", "guarded"), 1, "Nobody is signed in"),
        (("sing-in",), 2, "auth --help"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    home: Home, words: tuple[str, ...], code: int, said: str
) -> None:
    ended = ran(auth(home, *words))
    assert ended.returncode == code
    assert said in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


if postgres.IS_HERE:

    async def test_logins_of_callers_in_a_shared_database_are_seen_and_ended(
        login: Agent, tmp_path: Path
    ) -> None:
        from a2a_mcp.store.postgres.logins import PostgresLogins, SharedKey

        table = {"type": "oauth", "flow": "authorization_code", "client_id": "person"}
        guarded = {"url": "http://127.0.0.1:9", "auth": {**table, "issuer": login.url}}
        store = {"url": postgres.database(tmp_path)}
        home = Home(tmp_path).configure({"guarded": guarded}, state_key=KEY, store=store)
        kept = Login(Token("access", 0.0, None, "refresh"), "person", f"{login.url}/token")
        async with postgres.opened(tmp_path) as database:
            logins = Logins(PostgresLogins(database), SharedKey(SecretStr(KEY)))
            await logins.put("corp:alice", "guarded", kept)
            seen = await anyio.to_thread.run_sync(ran, auth(home, "status"))
            assert seen.stdout.splitlines() == [
                "guarded: not signed in",
                f"guarded (corp:alice, in the database): signed in at {login.url}/token; "
                "renews itself",
            ]
            nobody = await anyio.to_thread.run_sync(ran, auth(home, "logout", "guarded"))
            assert (nobody.returncode, nobody.stdout) == (1, "Nobody is signed in to guarded.\n")
            whose = ("logout", "guarded", "--owner", "corp:alice")
            ended = await anyio.to_thread.run_sync(ran, auth(home, *whose))
            assert ended.returncode == 0
            assert ended.stdout.startswith("corp:alice is signed out of guarded.\n")
            assert await logins.all() == []
