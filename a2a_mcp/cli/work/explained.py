"""Why an agent cannot be used and what to do, in the words of `check`.

The reader sits at the terminal and can change the configuration, so the advice is theirs to follow.
"""

from __future__ import annotations

import re
from typing import Final

from a2a_mcp.a2a.errors import AgentError, AgentUnreachable, AuthenticationRequired
from a2a_mcp.agents.registry import Registry
from a2a_mcp.cli.advice import Failure, advice
from a2a_mcp.cli.work import auth_tables, proposal
from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.store.base import LOCAL_OWNER

UNSET: Final = re.compile(r"the environment variable (\w+) is not set")
NO_WORDS: Final = re.compile(r"HTTP \d+ without a reason")
DESCRIBED: Final = re.compile(r'error_description="([^"]+)"')


def problem(error: Failure) -> str:
    """Return what is wrong, and at which address."""
    words = _refusal(error) if isinstance(error, AgentError) else error.message
    if isinstance(error, AgentUnreachable | AgentError) and error.url:
        return f"{words} ({error.url})"
    return words


def _refusal(error: AgentError) -> str:
    """Return what was refused; the words that follow are the agent's."""
    said = "" if NO_WORDS.fullmatch(error.message) else error.message
    if isinstance(error, AuthenticationRequired):
        described = DESCRIBED.search(error.challenge or "")
        said = described[1] if described else said
        return _with(f"it refuses access with HTTP {error.status}", said)
    if error.status is None:
        return error.message
    return _with(f"it answers a call with HTTP {error.status}", said)


def _with(words: str, said: str) -> str:
    return f"{words}: {said}" if said else words


def what_to_do(registry: Registry, name: str, error: Failure) -> str | None:
    """Return the step that puts it right; None where none is known."""
    known = registry.agent(name)
    if known.auth is None and isinstance(error, AuthenticationRequired | CredentialUnavailable):
        return _credential_to_write(registry, name)
    return advice(error, has_credential=known.has_credentials)


def _credential_to_write(registry: Registry, name: str) -> str:
    """Return the line of the configuration for what the card asks for, else for a bearer token."""
    found = registry.connection(name, LOCAL_OWNER).found
    tables = proposal.auth_of(found.card, name) if found else []
    tables = tables or [proposal.bearer(name)]
    names = " and ".join(f"${variable}" for variable in proposal.variables(tables))
    kept = f"set {names} to it, and write" if names else "and write"
    line = auth_tables.line(tables)
    return f"Ask who runs it for a credential, {kept} below [agents.{name}] in agents.toml: {line}"


def step_of_fault(name: str, reason: str) -> str:
    """Return the step for a fault in the configuration of an agent, which disables it."""
    if unset := UNSET.search(reason):
        return (
            f"Set ${unset[1]} here, and for a host with a2a-mcp install HOST --env "
            f"{unset[1]}=VALUE; or write {{ file = … }} in its place."
        )
    return f"Correct [agents.{name}] in agents.toml."
