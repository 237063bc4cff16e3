"""What a host reads where a credential cannot be had: the cause and the cure, in these very words.

The authorization server and the agent are real. In no case does a message leave.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import keyring
import pytest
from anyio import create_task_group
from browser import sign_in_at
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm
from keyring.errors import KeyringLocked
from keyrings import System
from mcp import Client
from pydantic import SecretStr
from real_agents import Agent, Agents
from staging import ME, configured

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.agents.registry import Registry
from a2a_mcp.agents.tokens import AgentTokens
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.sign_in.signing_in import signing_in
from a2a_mcp.store.login_folder import folder_logins, open_logins
from a2a_mcp.store.logins import Login

pytestmark = pytest.mark.anyio

HOUR: Final = 3600.0
SECRET: Final = "exp1red-secret"
KEY: Final = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def login(running_agent: Agents) -> Agent:
    public = ECAlgorithm.to_jwk(KEY.public_key()).replace(" ", "")
    return running_agent("oidc", "--jwks", f'{{"keys":[{public}]}}')


@pytest.fixture
def system() -> Iterator[System]:
    before, system = keyring.get_keyring(), System()
    keyring.set_keyring(system)
    yield system
    keyring.set_keyring(before)


@pytest.fixture
def an_hour_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock by which tokens are got wrong."""
    defaults = AgentTokens.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "clock", lambda: time.time() - HOUR)


@dataclass(frozen=True)
class Row:
    """A fault: what is configured, the flow of the card, and what the host reads."""

    error: str
    next_step: str
    auth: dict[str, Any]
    flow: str = "client_credentials"
    issuer: bool = True


LATE: Final = {"client_id": "late", "client_secret": SecretStr(SECRET)}
EXPIRED: Final = "invalid_client: could not authenticate the client - its client secret is expired"
"""The server's own words."""

ROWS: Final = {
    "a flow that the configuration cannot serve": Row(
        "its card offers tokens by password only, and client_secret (or client_key) is not set",
        "Ask the user to set flow in auth of this agent to one of these, with what it needs, or "
        "issuer to the authorization server that gives tokens otherwise.",
        {"client_id": "person"},
        flow="password",
        issuer=False,
    ),
    "a token endpoint at a foreign origin": Row(
        "its card wants tokens from LOGIN, which is neither the agent's own origin nor configured; "
        "nothing was sent there",
        'If that server is right, ask the user to set issuer = "LOGIN" (or token_url) in auth of '
        "this agent, or add that origin to its allowed_origins.",
        {"client_id": "service", "client_secret": SecretStr("s3cret:+ %&/")},
        issuer=False,
    ),
    "a client secret that has expired": Row(
        f"its token server LOGIN gave no token ({EXPIRED})",
        "Ask the user to check client_id and client_secret (or client_key) in auth of this agent: "
        "the secret may be wrong or have expired.",
        LATE,
    ),
}


@asynccontextmanager
async def host(
    agent: Agent, folder: Path, auth: OAuth, **server: Any
) -> AsyncIterator[tuple[Client, Any]]:
    config = configured(server, guarded={"url": agent.url, "auth": auth})
    async with Client(create_server(config, folder, local=True)) as client:
        yield client, config


async def told(agent: Agent, folder: Path, auth: OAuth, **server: Any) -> tuple[str, str]:
    """Return the error and the next step of a call; nothing may have come to the agent by it."""
    ran = [entry for entry in agent.requests() if entry["method"] == "POST"]
    async with host(agent, folder, auth, **server) as (client, _):
        answer = await client.call_tool("send_task", {"message": "hello"})
    assert answer.is_error
    assert [entry for entry in agent.requests() if entry["method"] == "POST"] == ran
    assert answer.structured_content
    return answer.structured_content["error"], answer.structured_content["next_step"]


def words_of(error: str) -> str:
    """Return the sentence in which a call says why."""
    return f"The agent 'guarded' cannot be called: {error}."


@pytest.mark.parametrize("fault", ROWS)
async def test_a_fault_is_told_with_the_key_to_set(
    fault: str, running_agent: Agents, login: Agent, tmp_path: Path
) -> None:
    row = ROWS[fault]
    agent = running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", row.flow)
    auth = OAuth(**row.auth, issuer=login.url if row.issuer else None)
    error, next_step = await told(agent, tmp_path, auth)
    assert error == words_of(row.error.replace("LOGIN", login.url))
    assert next_step == row.next_step.replace("LOGIN", login.url)


@pytest.fixture
def agent(running_agent: Agents, login: Agent) -> Agent:
    return running_agent("1.3-jsonrpc", "--issuer", login.url)


@pytest.mark.usefixtures("an_hour_behind")
async def test_a_clock_that_is_off_by_an_hour_is_told_where_the_client_is_refused(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    error, next_step = await told(agent, tmp_path, OAuth(**LATE, issuer=login.url))
    assert error == words_of(
        f"its token server {login.url} gave no token ({EXPIRED}); the clocks of this machine and "
        "of that server differ by minutes or more"
    )
    assert next_step == (
        "Ask the user to set the clock of this machine right, then call again; if it is right, to "
        "check client_id and client_key in auth of this agent."
    )


@pytest.mark.usefixtures("an_hour_behind")
async def test_a_clock_that_is_off_by_an_hour_does_no_harm_otherwise(
    agent: Agent, login: Agent, tmp_path: Path
) -> None:
    """The server refuses an assertion that has expired, and its own time is taken then."""
    key = tmp_path / "client.pem"
    key.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    asked = len(login.requests())
    auth = OAuth("signed", client_key=key, issuer=login.url)
    async with host(agent, tmp_path, auth) as (client, _):
        answer = await client.call_tool("send_task", {"message": "hello"})
    assert answer.structured_content
    assert answer.structured_content["state"] == "completed"
    assert [each.get("error") for each in login.requests()[asked:]] == ["invalid_client", None]


async def test_a_keyring_that_is_locked_is_told(
    running_agent: Agents, login: Agent, system: System, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")
    logins = open_logins(tmp_path, ServerConfig(logins="keyring"))
    await logins.prepare()
    kept = Login(Token("a-token", 0.0), "person", f"{login.url}/token")
    await logins.put(ME, "guarded", kept)
    system.fault = KeyringLocked("secret words")
    auth = OAuth("person", issuer=login.url)
    error, next_step = await told(agent, tmp_path, auth, logins="keyring")
    assert error == words_of(
        "the sign-ins that are kept here cannot be used: the system's keyring is locked: unlock "
        'it, or set logins = "file" in [server]'
    )
    assert next_step == (
        "Ask the user to check the state folder of this server, and to sign in again if need be."
    )


async def test_a_redirect_with_a_wrong_state_is_told_to_the_person_and_the_sign_in_goes_on(
    running_agent: Agents, login: Agent, tmp_path: Path
) -> None:
    agent = running_agent("1.3-jsonrpc", "--issuer", login.url, "--flow", "authorization_code")
    auth = OAuth("person", issuer=login.url)
    config = configured(guarded={"url": agent.url, "auth": auth})
    registry = Registry(config, logins=folder_logins(tmp_path))
    asked = len(login.requests())
    async with (
        signing_in(registry.connection("guarded", ME)) as begun,
        create_task_group() as group,
    ):
        pages: list[httpx.Response] = []

        async def forged() -> None:
            back = httpx.URL(begun.page.url).params["redirect_uri"]
            async with httpx.AsyncClient() as client:
                pages.append(await client.get(f"{back}?code=evil&state=guess"))
            assert len(login.requests()) == asked  # the code went nowhere
            await sign_in_at(begun.page.url)

        group.start_soon(forged)
        assert await begun.ended()
    await registry.aclose()
    assert (pages[0].status_code, pages[0].text) == (
        400,
        "This is not the answer that is waited for.\n",
    )
