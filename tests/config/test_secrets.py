import json
import os
import sys
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.static import Attachment, Bearer, attach, reveal
from a2a_mcp.config.command_output import read_output
from a2a_mcp.config.command_secret import CommandSecret
from a2a_mcp.config.load import Config, load
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.config.values import header_value
from a2a_mcp.errors import CredentialUnavailable

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def agent_with(tmp_path: Path, lines: str, **environ: str) -> Config:
    path = tmp_path / "agents.toml"
    path.write_text(f'[agents.x]\nurl = "https://x.example"\n{lines}', encoding="utf-8")
    return load(path=path, environ=environ)


async def attached(config: Config) -> Attachment:
    auth = config.agents["x"].auth
    assert auth
    assert not isinstance(auth[0], OAuth)
    return await attach(auth[0])


def python(program: str, **settings: object) -> CommandSecret:
    return CommandSecret((sys.executable, "-c", program), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "token",
    ['"literal-token"', '{ env = "TOKEN" }', '{ file = "token.txt" }'],
    ids=["literal", "env", "file"],
)
async def test_a_token_comes_from_where_the_file_says(tmp_path: Path, token: str) -> None:
    (tmp_path / "token.txt").write_bytes(b"literal-token\r\n")
    config = agent_with(
        tmp_path, f'auth = {{ type = "bearer", token = {token} }}', TOKEN="literal-token"
    )
    shown = await attached(config)
    assert shown.headers == {"Authorization": "Bearer literal-token"}
    assert list(config.secrets) == ["literal-token"]
    assert "literal-token" not in repr(config) + str(config.agents)


async def test_a_token_of_a_command_is_fetched_when_first_needed_and_known_from_then_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "token.py").write_text("open('runs', 'a').write('x'); print('printed-token')")
    command = f'token = {{ command = ["{Path(sys.executable).as_posix()}", "token.py"] }}'
    config = agent_with(tmp_path, f'auth = {{ type = "bearer", {command} }}')
    assert not (tmp_path / "runs").exists()
    assert list(config.secrets) == []
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(attached, config)
        shown = await attached(config)
    assert shown.headers == {"Authorization": "Bearer printed-token"}
    assert (tmp_path / "runs").read_text() == "x"
    assert config.secrets.mask("got printed-token") == "got ***"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("print('leak'); raise SystemExit(3)", "ended with exit code 3"),
        ("print()", "printed nothing that can be used"),
        ("print('leak\\x07')", "printed nothing that can be used"),
        ("import time; print('leak', flush=True); time.sleep(60)", "did not end within 1 s"),
    ],
    ids=["exit code", "empty", "control character", "too slow"],
)
async def test_a_command_that_fails_is_named_and_its_output_is_not(
    program: str, reason: str
) -> None:
    secret = python(program, check=header_value, seconds=1)
    with anyio.fail_after(20), pytest.raises(CredentialUnavailable) as caught:
        await reveal(secret)
    assert reason in caught.value.message
    assert Path(sys.executable).name in caught.value.message
    assert "leak" not in caught.value.message + caught.value.next_step + repr(secret)


async def test_a_command_that_failed_is_run_again(tmp_path: Path) -> None:
    secret = python("print(open('token').read())", folder=tmp_path)
    with anyio.fail_after(20):
        with pytest.raises(CredentialUnavailable):
            await reveal(secret)
        (tmp_path / "token").write_text("late-token")
        assert await reveal(secret) == "late-token"


async def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(CredentialUnavailable, match="'no-such-program' could not be run"):
        await reveal(CommandSecret(("no-such-program",)))


async def test_a_command_does_not_read_the_input_of_the_bridge() -> None:
    secret = python("import sys; print('read:' + sys.stdin.read())")
    kept, (reader, writer) = os.dup(0), os.pipe()
    os.write(writer, b"a request of the host")
    os.close(writer)
    os.dup2(reader, 0)
    try:
        with anyio.fail_after(20):
            assert await reveal(secret) == "read:"
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reader)


async def test_each_kind_of_credential_shows_what_it_should(tmp_path: Path) -> None:
    kinds = {
        'type = "api_key", key = "key-of-mine", in = "query", name = "k"': (
            {},
            {"k": "key-of-mine"},
        ),
        'type = "api_key", key = "key-of-mine"': ({"X-API-Key": "key-of-mine"}, {}),
        'type = "basic", username = { env = "USER" }, password = "pä"': (
            {"Authorization": "Basic bWU6cMOk"},
            {},
        ),
        'type = "headers", headers = { A = "value-of-a", B = { env = "USER" } }': (
            {"A": "value-of-a", "B": "me"},
            {},
        ),
    }
    for table, (headers, params) in kinds.items():
        config = agent_with(tmp_path, f"auth = {{ {table} }}", USER="me")
        shown = await attached(config)
        assert (shown.headers, shown.params) == (headers, params), table


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ('{ env = "UNSET" }', "auth.token: the environment variable UNSET is not set"),
        ('{ env = "EMPTY" }', "auth.token: the environment variable EMPTY is empty"),
        ('{ file = "none" }', "none cannot be read (No such file or directory)"),
        ('{ env = "A", file = "b" }', "auth.token: must be { env"),
        ("3", "auth.token: must be { env"),
        ('""', "auth.token: is empty"),
        ('"Bearer sk-123456"', "leave the word Bearer out"),
        ('"sk-123456\\nX-Evil: 1"', "cannot stand in a header"),
        ('{ env = "sk-123456!" }', "must be the name of an environment variable"),
    ],
)
def test_a_credential_that_cannot_be_used_disables_its_agent_and_is_not_repeated(
    tmp_path: Path, token: str, reason: str
) -> None:
    config = agent_with(tmp_path, f'auth = {{ type = "bearer", token = {token} }}', EMPTY="")
    assert not config.agents
    assert reason in config.faults["x"]
    assert "sk-123456" not in config.faults["x"]


def test_headers_of_the_connection_and_broken_names_are_refused(tmp_path: Path) -> None:
    config = agent_with(
        tmp_path, 'headers = { Host = "a", "Transfer-encoding" = "b", "X Y" = "c" }'
    )
    assert "headers.Host: cannot be set" in config.faults["x"]
    assert "headers.Transfer-encoding: cannot be set" in config.faults["x"]
    assert "headers.X Y: is not a header's name" in config.faults["x"]


async def test_header_values_are_secrets_unless_the_header_never_holds_one(tmp_path: Path) -> None:
    config = agent_with(
        tmp_path, 'headers = { "Accept-Language" = "polish", "X-Team" = "team-secret" }'
    )
    assert list(config.secrets) == ["team-secret"]
    values = config.agents["x"].headers.values()
    assert [await reveal(value) for value in values] == ["polish", "team-secret"]


async def test_a_proxy_may_hold_a_password_which_is_masked(tmp_path: Path) -> None:
    config = agent_with(tmp_path, 'proxy = { env = "P" }', P="http://me:pass%20word@proxy:3128")
    proxy = config.agents["x"].proxy
    assert proxy is not None
    assert proxy.get_secret_value() == "http://me:pass%20word@proxy:3128"
    assert config.secrets.mask("it was pass word") == "it was ***"
    assert "pass%20" not in repr(config)


def test_credentials_made_in_code_are_taken_as_they_are() -> None:
    token = Bearer(SecretStr("made-in-code"))
    assert AgentConfig(name="x", url="https://x.example", auth=token).auth == (token,)


def test_a_register_masks_what_it_learned_last() -> None:
    secrets = SecretRegister()
    assert secrets.mask("first-secret") == "first-secret"
    secrets.add("first-secret")
    assert secrets.mask("first-secret") == "***"
    secrets.add("second-secret")
    assert secrets.mask("first-secret second-secret") == "*** ***"


NOW = 1_764_370_800.0  # 2025-11-28T23:00:00Z
JWT = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3NjQzNzQ0MDB9.c2ln"  # it ends an hour later

OUTPUTS: list[tuple[object, str, float | None]] = [
    ("plain-token\n", "plain-token", None),
    (JWT, JWT, 3600.0),
    ("a.b.c", "a.b.c", None),
    ({"access_token": "t", "expires_in": 3599, "token_type": "Bearer"}, "t", 3599.0),  # Google
    ({"access_token": "t", "expires_in": "86399", "expires_on": "1764457199"}, "t", 86_399.0),
    (  # az: the time in words is local, and older versions have nothing else
        {"accessToken": "t", "expiresOn": "1999-01-01 00:00:00.000000", "expires_on": 1764374400},
        "t",
        3600.0,
    ),
    ({"accessToken": "t", "expiresOn": "2025-11-28T23:30:00+00:00"}, "t", 1800.0),
    (  # gcloud config config-helper
        {"credential": {"access_token": "t", "token_expiry": "2025-11-28T23:30:00Z"}},
        "t",
        1800.0,
    ),
    (  # a plugin of Kubernetes
        {"status": {"token": "t", "expirationTimestamp": "2025-11-28T23:30:00Z"}},
        "t",
        1800.0,
    ),
    ({"id_token": "t", "expiration_time": 1764372600}, "t", 1800.0),
    ({"token": "t", "expiry": "soon", "expires_in": None}, "t", None),
    ({"token": "t", "expires_in": True}, "t", None),
    ({"password": "x"}, '{"password": "x"}', None),
    ('{"token"', '{"token"', None),
]


@pytest.mark.parametrize(("output", "secret", "life"), OUTPUTS)
def test_what_a_command_prints_may_say_how_long_it_lasts(
    output: object, secret: str, life: float | None
) -> None:
    text = output if isinstance(output, str) else json.dumps(output)
    token = read_output(text, NOW)
    assert (token.access, token.life) == (secret, life)


COUNTING = """
import json
with open("runs", "a") as runs:
    runs.write("x")
print(json.dumps({"token": "token-%d" % len(open("runs").read()), "expires_in": 100}))
"""


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


async def test_a_secret_that_expires_is_fetched_again_once_for_many_calls(tmp_path: Path) -> None:
    clock, register = Clock(), SecretRegister()
    secret = python(COUNTING, folder=tmp_path, clock=clock, secrets=register)
    with anyio.fail_after(20):
        assert [await reveal(secret), await reveal(secret)] == ["token-1", "token-1"]
        for expected in ("token-2", "token-3"):
            clock.now += 91
            got: list[str] = []

            async def call(into: list[str] = got) -> None:
                into.append(await reveal(secret))

            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(call)
            assert got == [expected] * 20
    assert sorted(register) == ["token-2", "token-3"]


async def test_a_secret_that_is_refused_is_fetched_again_once(tmp_path: Path) -> None:
    clock = Clock()
    credential = Bearer(python(COUNTING, folder=tmp_path, clock=clock))
    with anyio.fail_after(20):
        first = await attach(credential)
        assert first.renew
        assert await first.renew() is None  # it was fetched just now
        clock.now += 6
        again = [await first.renew() for _ in range(3)]
    assert {each and each.headers["Authorization"] for each in again} == {"Bearer token-2"}
    assert (tmp_path / "runs").read_text() == "xx"


async def test_a_secret_that_is_the_same_again_is_not_sent_twice(tmp_path: Path) -> None:
    clock = Clock()
    first = await attach(Bearer(python("print('same')", folder=tmp_path, clock=clock)))
    clock.now += 6
    assert first.renew
    assert await first.renew() is None
