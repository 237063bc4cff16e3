"""Sign in to an agent, see where one is signed in, sign out.

What happens is decided in `sign_in`; this prints pages and codes for the person at the terminal,
and never a token.
"""

from __future__ import annotations

import json
import sys
import webbrowser
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final, TextIO

import anyio

from a2a_mcp.agents.registry import Registry
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import Started, start
from a2a_mcp.config.load import Config
from a2a_mcp.errors import ConfigError
from a2a_mcp.server.stores import shared_places
from a2a_mcp.sign_in.logins import LoginState, login_states, shared_states, sign_out
from a2a_mcp.sign_in.signing_in import Page, signing_in
from a2a_mcp.store.base import LOCAL_OWNER
from a2a_mcp.store.login_folder import open_logins
from a2a_mcp.store.logins import Logins
from a2a_mcp.text.untrusted import scrub

MAY_HOLD: Final = (
    "It is gone here, but may still hold there: take away the access of this client at that server."
)
NOBODY: Final = "No agent of the configuration uses OAuth."


@dataclass(frozen=True, slots=True)
class SigningIn:
    """How a person wants to sign in: by a code on any device, or where the browser comes back."""

    by_device: bool | None
    opens: bool
    port: int | None


def act(
    action: str, name: str, way: SigningIn, options: Options, *, owner: str, as_json: bool
) -> int:
    """Sign in to an agent, say where one is signed in, or sign out; return the exit code."""
    started = start(options, quiet=True)
    if action == "status":
        return anyio.run(partial(_status, started, as_json=as_json))
    if not name:
        raise ConfigError([f"a2a-mcp auth {action}: name the agent: a2a-mcp auth {action} NAME"])
    if action == "logout":
        return anyio.run(_logout, started, name, owner or LOCAL_OWNER)

    async def work(registry: Registry) -> int:
        show = _shown(sys.stdout, opens=way.opens)
        return await login(registry, name, show, by_device=way.by_device, port=way.port)

    return anyio.run(_with_registry, started, work)


async def _status(started: Started, *, as_json: bool) -> int:
    states = await login_states(started.config, _logins(started), LOCAL_OWNER)
    async with shared_places(started.config) as shared:
        if shared and shared.logins:
            states += await shared_states(shared.logins)
    show_states(states, sys.stdout, as_json=as_json)
    return DONE


async def _logout(started: Started, name: str, owner: str) -> int:
    """Sign out wherever somebody is signed in: in the state folder, and where bridges share it."""
    async with shared_places(started.config) as shared:
        places = [_logins(started), *([shared.logins] if shared and shared.logins else [])]
        ended = [await signed_out(started.config, place, name, owner) for place in places]
    return show_sign_out(name, owner, [it for it in ended if it is not None], sys.stdout)


async def signed_out(config: Config, logins: Logins, name: str, owner: str) -> str | None:
    """Sign out at one place; return None where nobody is, else what could not be done, if so."""
    registry = Registry(config, logins=logins)
    try:
        problem = await sign_out(registry.connection(registry.resolve(name), owner))
        return registry.config.secrets.mask(scrub(problem or ""))
    except KeyError:
        return None
    finally:
        await registry.aclose()


async def _with_registry(started: Started, work: Callable[[Registry], Awaitable[int]]) -> int:
    registry = Registry(started.config, logins=_logins(started))
    try:
        return await work(registry)
    finally:
        await registry.aclose()


def _logins(started: Started) -> Logins:
    return open_logins(started.state_folder, started.config.server)


async def login(
    registry: Registry,
    name: str,
    show: Callable[[str], None],
    *,
    by_device: bool | None = None,
    port: int | None = None,
) -> int:
    """Let the person sign in, and wait until that is done."""
    agent = registry.resolve(name)
    connection = registry.connection(agent, LOCAL_OWNER)
    async with signing_in(connection, by_device=by_device, port=port) as begun:
        show(_invitation(agent, begun.page))
        renews = await begun.ended()
    later = "" if renews else " It does not renew itself: sign in again when it has ended."
    show(f"You are signed in to {agent}.{later}")
    return DONE


def _invitation(agent: str, page: Page) -> str:
    code = f"\nand check that it shows the code\n\n    {page.code}\n" if page.code else ""
    return f"To sign in to {agent}, open\n\n    {page.url}\n{code}\nWaiting (Ctrl+C gives up) …"


def _shown(out: TextIO, *, opens: bool) -> Callable[[str], None]:
    """Return what prints a text, and opens the first address in it where that is wanted."""

    def show(text: str) -> None:
        print(text, file=out, flush=True)
        link = next((word for word in text.split() if "://" in word), None)
        if opens and link:
            webbrowser.open(link)

    return show


def show_sign_out(name: str, owner: str, problems: Sequence[str], out: TextIO) -> int:
    """Print how a sign-out has ended at each place where somebody was signed in."""
    who = "You are" if owner == LOCAL_OWNER else f"{owner} is"
    if not problems:
        nobody = "Nobody is" if owner == LOCAL_OWNER else f"{owner} is not"
        print(f"{nobody} signed in to {name}.", file=out)
        return FAILED
    print(f"{who} signed out of {name}.", file=out)
    for problem in filter(None, problems):
        print(f"It was not revoked at the authorization server: {problem}", file=out)
        print(MAY_HOLD, file=out)
    return DONE


def show_states(states: Sequence[LoginState], out: TextIO, *, as_json: bool = False) -> None:
    """Print one line for each agent that uses OAuth, and each further login."""
    if as_json:
        print(json.dumps([asdict(state) for state in states], indent=2), file=out)
        return
    for state in states:
        print(f"{state.agent}{_whose(state)}: {state.words}", file=out)
    if not states:
        print(NOBODY, file=out)


def _whose(state: LoginState) -> str:
    if state.shared:
        return f" ({state.owner}, in the database)"
    return "" if state.owner == LOCAL_OWNER else f" ({state.owner})"
