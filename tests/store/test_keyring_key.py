"""The key of logins in the system's keyring, and what is said where there is none to be had.

The keyring is a backend of the library keyring, as a system brings one; this machine has none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import InitError, KeyringLocked
from keyrings import System
from staging import ME, configured

from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.agents.registry import Registry
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.store.keyring_key import KeyringUnusable
from a2a_mcp.store.login_folder import open_logins
from a2a_mcp.store.logins import Login, Logins

pytestmark = pytest.mark.anyio

SERVER = ServerConfig(logins="keyring")
TOKENS = "https://login.example/token"
LOGIN = Login(Token("secret-token", 0.0), "c", TOKENS)


@pytest.fixture
def system() -> Iterator[System]:
    before, system = keyring.get_keyring(), System()
    keyring.set_keyring(system)
    yield system
    keyring.set_keyring(before)


async def opened(folder: Path) -> Logins:
    logins = open_logins(folder, SERVER)
    await logins.prepare()
    return logins


async def test_logins_open_in_another_process_with_the_key_of_the_keyring(
    system: System, tmp_path: Path
) -> None:
    await (await opened(tmp_path)).put(ME, "it", LOGIN)
    other = await opened(tmp_path)
    assert await other.get(ME, "it") == LOGIN
    assert not (tmp_path / "state.key").exists()
    assert system.reads == 2
    (key,) = system.entries.values()
    assert not any(text in contents(tmp_path) for text in (key.encode(), b"secret-token"))


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_without_the_entry_a_login_is_closed_for_good(system: System, tmp_path: Path) -> None:
    await (await opened(tmp_path)).put(ME, "it", LOGIN)
    system.entries.clear()
    assert await (await opened(tmp_path)).get(ME, "it") is None


async def test_each_state_folder_has_a_key_of_its_own(system: System, tmp_path: Path) -> None:
    for name in ("a", "b"):
        await (await opened(tmp_path / name)).put(ME, "it", LOGIN)
    assert len(set(system.entries.values())) == 2


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        (System(KeyringLocked("secret words")), "is locked: unlock it"),
        (System(InitError("secret words")), "cannot be used"),
        (fail.Keyring(), "has no keyring: start one"),
    ],
)
async def test_a_keyring_that_gives_nothing_is_told_with_the_key_to_set(
    system: System, tmp_path: Path, backend: KeyringBackend, words: str
) -> None:
    await (await opened(tmp_path)).put(ME, "it", LOGIN)
    keyring.set_keyring(backend)
    auth = OAuth("c", token_url=TOKENS, authorization_url=TOKENS)
    config = configured(it={"url": "https://agent.example", "auth": (auth,)})
    registry = Registry(config, logins=open_logins(tmp_path, SERVER))
    tokens = registry.connection("it", ME).credentials.tokens
    assert tokens
    with pytest.raises(CredentialUnavailable, match=words) as caught:
        await tokens.get(None)
    assert 'logins = "file"' in caught.value.message
    assert "secret words" not in str(caught.value)


async def test_an_entry_that_is_no_key_is_told_and_stays(system: System, tmp_path: Path) -> None:
    await (await opened(tmp_path)).put(ME, "it", LOGIN)
    (name,) = system.entries
    system.entries[name] = "no key"
    with pytest.raises(KeyringUnusable, match="holds no key"):
        await opened(tmp_path)
    assert system.entries[name] == "no key"


async def test_without_the_extra_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.delitem(sys.modules, "keyring.errors", raising=False)
    with pytest.raises(KeyringUnusable, match=r"\[keyring\]"):
        await opened(tmp_path)
