"""Contacts every configured agent and reports its state to a person.

The reader sits at the terminal and can change the configuration, so the advice is theirs to follow
and the file that was read is named.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, TextIO

import anyio

from a2a_mcp.a2a.http.origins import plain
from a2a_mcp.a2a.model import JSON
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.describe_agents import FAILING, describe_agent
from a2a_mcp.cli import terminal
from a2a_mcp.cli.advice import Failure
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import Started, refuse_what_is_no_url, start
from a2a_mcp.cli.work.answers import Answer
from a2a_mcp.cli.work.around import Around, look_around
from a2a_mcp.cli.work.chosen import why_used
from a2a_mcp.cli.work.explained import problem, step_of_fault, what_to_do
from a2a_mcp.cli.work.probe import Outcome, contact
from a2a_mcp.config.builder import named, same_url
from a2a_mcp.config.load import Config
from a2a_mcp.presentation.agent_view import AgentsView
from a2a_mcp.store.base import LOCAL_OWNER
from a2a_mcp.store.card_pins import PinFolder
from a2a_mcp.store.login_folder import open_logins
from a2a_mcp.text.truncate import shorten
from a2a_mcp.text.untrusted import scrub

NO_ANSWERS: Final[Mapping[str, Answer]] = MappingProxyType({})
PROBLEM_BYTES: Final = 1000
FIRST_PROBLEM: Final = 1
"""The line of a failing agent, after its name, that says why."""


def check_agents(words: Sequence[str], *, deep: bool, as_json: bool, options: Options) -> int:
    """Contact every agent, or those named; return the exit code. Raises ConfigError."""
    started = start(options, [word for word in words if "://" in word], quiet=True)
    chosen = _chosen(started.config, words)
    around = look_around(started.state_folder)
    answers = _answers(started, chosen) if deep and as_json else {}
    code = anyio.run(
        partial(report, chosen=chosen, as_json=as_json, around=around, answers=answers),
        started.config,
        sys.stdout,
        started.state_folder,
    )
    if deep and not as_json:
        answers = _answers(started, chosen)
        told = "\n".join(answer.told() for answer in answers.values())
        print(terminal.wrapped(told, sys.stdout))
    return code if all(answer.is_good for answer in answers.values()) else FAILED


def _answers(started: Started, chosen: Sequence[str]) -> Mapping[str, Answer]:
    """Return what each agent answers to a harmless message."""
    from a2a_mcp.cli.work.deep_check import send_to_each  # imports the MCP SDK

    return send_to_each(started, chosen)


def _chosen(config: Config, words: Sequence[str]) -> tuple[str, ...]:
    """Return the agents that are named, or given by URL; raises ConfigError for another word."""
    by_url = [_of_url(config, word) for word in words if "://" in word]
    return (*_named(config, [word for word in words if "://" not in word]), *by_url)


def _of_url(config: Config, word: str) -> str:
    """Return the name under which an agent that was given by its URL is configured."""
    name, url = named(word)
    there = [known for known, its in config.agents.urls() if same_url(its, url)]
    return next((known for known in there if known.casefold() == name.casefold()), there[0])


def _named(config: Config, words: Sequence[str]) -> tuple[str, ...]:
    known = {name.casefold(): name for name in [*config.agents, *config.faults]}
    there = ", ".join(known.values()) or "none"
    otherwise = f"is no URL, and no agent of the configuration; there are: {there}"
    refuse_what_is_no_url((word for word in words if word.casefold() not in known), otherwise)
    return tuple(known[word.casefold()] for word in words)


async def report(
    config: Config,
    out: TextIO,
    state_folder: Path | None = None,
    *,
    chosen: Sequence[str] = (),
    as_json: bool = False,
    around: Around | None = None,
    answers: Mapping[str, Answer] = NO_ANSWERS,
) -> int:
    """Write one paragraph per agent and a summary to `out`, or all as JSON.

    Pins of cards and logins are in `state_folder`. Return 0 if every agent can be used, else 1.
    """
    logins = open_logins(state_folder, config.server) if state_folder else None
    pins = PinFolder(state_folder) if state_folder else None
    registry = Registry(config, pins=pins, logins=logins)
    try:
        await registry.discover()
        names = [name for name in registry.names() if not chosen or name in chosen]
        outcomes = await _contact_all(registry, names)
    finally:
        await registry.aclose()
    config = registry.config
    faults = {name: why for name, why in config.faults.items() if not chosen or name in chosen}
    usable = sum(outcome.failure is None for outcome in outcomes.values())
    if as_json:
        rows = [_row(registry, name, outcomes[name], answers.get(name)) for name in names]
        rows += [_disabled(name, reason) for name, reason in faults.items()]
        told: dict[str, JSON] = {"agents": [*rows], "usable": usable}
        told |= around.structured() if around else {}
        out.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    else:
        told_of = [_paragraph(registry, name, outcomes[name]) for name in names]
        told_of += [_of_disabled(name, reason) for name, reason in faults.items()]
        out.write(terminal.painted(terminal.wrapped("".join(told_of), out), out))
        last = await _summary(config, usable, len(names) + len(faults))
        lines = [*(around.lines() if around else ()), *last]
        out.write(terminal.wrapped("\n".join(lines), out) + "\n")
    return DONE if 0 < usable == len(names) + len(faults) else FAILED


async def _contact_all(registry: Registry, names: Sequence[str]) -> dict[str, Outcome]:
    """Contact all agents at once; return what became of it by agent name."""
    outcomes: dict[str, Outcome] = {}

    async def contact_one(name: str) -> None:
        outcomes[name] = await contact(registry.connection(name, LOCAL_OWNER))

    async with anyio.create_task_group() as group:
        for name in names:
            group.start_soon(contact_one, name)
    return outcomes


def _paragraph(registry: Registry, name: str, outcome: Outcome) -> str:
    """Return what is known of an agent: first what is wrong and what to do, then what it is."""
    failure = outcome.failure
    lines = registry.config.secrets.mask(_view(registry, name, failure).prose()).split("\n")
    step = what_to_do(registry, name, failure) if failure else None
    if step:
        lines.insert(FIRST_PROBLEM + 1, f"What to do: {step}")
    if reason := _why(registry, name, outcome):
        lines.append(f"Chosen: {reason}")
    if not failure:
        lines.append(_of_answers(registry, name, outcome))
    return "\n".join(lines) + "\n\n"


def _view(registry: Registry, name: str, failure: Failure | None) -> AgentsView:
    """Return an agent as a model reads it: each problem once, and no next step."""
    view = describe_agent(registry, name, problem(failure) if failure else None)
    row = view.agents[0]
    first, *others = row.get("problems") or [""]
    if failure:
        told = (first, failure.message)
        whole = shorten(scrub(" ".join(problem(failure).split())), PROBLEM_BYTES)
        others = [it for it in others if not any(it in one for one in told)]
        row |= {"state": FAILING, "problems": [whole, *others]}
    return replace(view, agents=(row,), next_step=None)


def _why(registry: Registry, name: str, outcome: Outcome) -> str | None:
    """Return why the interface is used over which an agent has answered; None without one."""
    choice = registry.connection(name, LOCAL_OWNER).chosen
    if choice is None or outcome.answered_over is None:
        return None
    return why_used(registry.agent(name), choice, outcome.answered_over)


def _of_answers(registry: Registry, name: str, outcome: Outcome) -> str:
    """Return where the card of an agent was found, and how soon a call is answered."""
    connection = registry.connection(name, LOCAL_OWNER)
    where = f" ({plain(connection.found.url)})" if connection.found else ""
    used = " with the credential of `auth`" if registry.agent(name).has_credentials else ""
    first = connection.chosen.interfaces[0] if connection.chosen else None
    over = f" over {outcome.answered_over}" if outcome.answered_over != first else ""
    card, call = outcome.card_milliseconds, outcome.milliseconds
    return f"It answers: its card{where} within {card} ms, a call{used}{over} within {call} ms"


def _row(registry: Registry, name: str, outcome: Outcome, answer: Answer | None) -> dict[str, JSON]:
    """Return an agent's paragraph as members."""
    failure = outcome.failure
    view = _view(registry, name, failure)
    mask = registry.config.secrets.mask
    row: dict[str, JSON] = json.loads(mask(json.dumps(view.structured())))["agents"][0]
    step = what_to_do(registry, name, failure) if failure else None
    took: dict[str, JSON] = {"milliseconds": outcome.card_milliseconds}
    if outcome.answered_over:
        took |= {
            "answers_over": str(outcome.answered_over),
            "chosen_because": _why(registry, name, outcome),
            "read_milliseconds": outcome.milliseconds,
        }
    if answer:
        took["message"] = answer.structured()
    return {**row, **took} | ({"what_to_do": step} if step else {})


def _disabled(name: str, reason: str) -> dict[str, JSON]:
    step = step_of_fault(name, reason)
    return {"name": name, "state": "disabled", "problems": [reason], "what_to_do": step}


def _of_disabled(name: str, reason: str) -> str:
    step = step_of_fault(name, reason)
    return f"{name} [disabled]\nProblem: {reason}\nWhat to do: {step}\n\n"


async def _summary(config: Config, usable: int, known: int) -> list[str]:
    """Return the last lines: notes, disabled agents, the file that was read, the count."""
    file_exists = config.source is not None and await anyio.Path(config.source).exists()
    switched_off = config.agents.switched_off()
    lines = [f"Note: {note}" for note in config.notes]
    if switched_off:
        lines.append(f"Switched off: {', '.join(switched_off)} (a2a-mcp agents enable NAME)")
    if file_exists:
        lines.append(f"Configuration: {config.source}")
    if known:
        return [*lines, _count(usable, known)]
    if switched_off:
        return [*lines, "No agent can be used."]
    return [*lines, _how_to_configure(config)]


def _count(usable: int, known: int) -> str:
    """Return how many agents can be used, as a person says it."""
    if known == 1:
        return "The agent can be used." if usable else "The agent cannot be used."
    if usable == known:
        return f"All {known} agents can be used."
    return f"{usable} of {known} agents can be used."


def _how_to_configure(config: Config) -> str:
    where = config.source or "an agents.toml"
    return f"No A2A agent is configured. Add one to {where}: a2a-mcp agents add URL"
