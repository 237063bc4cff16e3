"""Two processes with one state folder and one login: the server rotates tokens, so one renews."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import anyio
import postgres
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream
from browser import sign_in_at
from pydantic import SecretStr
from real_agents import Agents
from staging import ME, configured

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.agents.registry import Registry
from a2a_mcp.sign_in.signing_in import signing_in
from a2a_mcp.store.login_folder import folder_logins
from a2a_mcp.store.logins import Logins

pytestmark = pytest.mark.anyio

CALLS = 20
TESTS = Path(__file__).parents[1]
TABLE = """
[agents.it]
url = "http://127.0.0.1:9"
auth = {{ type = "oauth", flow = "authorization_code", client_id = "person", issuer = "{}" }}
"""
SCRIPT = f"""
import sys, anyio
from pathlib import Path
from a2a_mcp.agents.registry import Registry
from a2a_mcp.config.load import load
sys.path.append(sys.argv[3])
from sign_in.test_processes import kept_at

async def main(folder):
    config = load(path=folder / "agents.toml", environ={{}})
    registry = Registry(config, logins=kept_at(folder, sys.argv[2]))
    connection, got = registry.connection("it", "local"), set()

    async def call():
        got.add(await connection.credentials.tokens.get(None))

    print("ready", flush=True)
    sys.stdin.readline()
    async with anyio.create_task_group() as group:
        for _ in range({CALLS}):
            group.start_soon(call)
    print(*got)

anyio.run(main, Path(sys.argv[1]))
"""


def kept_at(folder: Path, url: str) -> Logins:
    """Return the logins of a database, or without its URL those of a folder."""
    if not url:
        return folder_logins(folder)
    from a2a_mcp.store.postgres.database import Database
    from a2a_mcp.store.postgres.logins import PostgresLogins, SharedKey

    return Logins(PostgresLogins(Database(url, most=2)), SharedKey(SecretStr("k" * 32)))


@pytest.mark.parametrize("shared", [False, *([True] if postgres.IS_HERE else [])])
async def test_twenty_calls_each_on_an_expired_token_renew_it_once(
    running_agent: Agents, tmp_path: Path, shared: bool
) -> None:
    url = postgres.database(tmp_path) if shared else ""
    login = running_agent("oidc", "--delay", "700")
    await anyio.Path(tmp_path, "agents.toml").write_text(TABLE.format(login.url))
    logins = kept_at(tmp_path, url)
    await sign_in(login.url, logins)
    kept = await logins.get("local", "it")
    assert kept
    await logins.put("local", "it", replace(kept, token=replace(kept.token, got_at=0.0)))
    asked = len(login.requests())
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), url, str(TESTS)]
    async with await anyio.open_process(command) as one, await anyio.open_process(command) as two:
        assert one.stdin
        assert two.stdin
        lines = [lines_of(one), lines_of(two)]
        with anyio.fail_after(60):
            assert [await line() for line in lines] == ["ready", "ready"]
            await one.stdin.send(b"go\n")
            await two.stdin.send(b"go\n")
            printed = [await line() for line in lines]
    (renewal,) = login.requests()[asked:]
    assert renewal["grant"] == "refresh_token"
    now = await logins.get("local", "it")
    assert now
    assert printed == [now.token.access] * 2
    assert now.token.refresh != kept.token.refresh


def lines_of(process: Process) -> Callable[[], Awaitable[str]]:
    assert process.stdout
    buffered = BufferedByteReceiveStream(process.stdout)

    async def line() -> str:
        return (await buffered.receive_until(b"\n", 100_000)).decode().strip()

    return line


async def sign_in(issuer: str, logins: Logins) -> None:
    auth = OAuth("person", flow="authorization_code", issuer=issuer)
    registry = Registry(configured(it={"card": CARD, "auth": auth}), logins=logins)
    async with (
        signing_in(registry.connection("it", ME)) as begun,
        anyio.create_task_group() as group,
    ):
        group.start_soon(sign_in_at, begun.page.url)
        await begun.ended()


CARD = {"name": "It", "url": "http://127.0.0.1:9", "skills": []}
