"""An agent through a model's eyes, for the agent's author.

It sends the first example of each skill, so it does what a host's first user would do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from a2a_mcp.a2a.card_model import AgentSkill
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import JSON
from a2a_mcp.bridge.send import SendRequest
from a2a_mcp.cli import terminal
from a2a_mcp.cli.exit_codes import DONE, FAILED
from a2a_mcp.cli.start_options import Options
from a2a_mcp.cli.startup import start
from a2a_mcp.cli.work.findings import about_answer, about_skill
from a2a_mcp.cli.work.inspect_page import count_of, page
from a2a_mcp.cli.work.session import run_with_app
from a2a_mcp.cli.work.show import channels, for_model
from a2a_mcp.errors import BridgeError
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner
from a2a_mcp.store.base import LOCAL_OWNER

WAIT_SECONDS: Final = 45.0
Section: TypeAlias = dict[str, JSON]


def inspect_agent(agent: str, *, as_json: bool, as_html: bool, options: Options) -> int:
    """Send each skill's first example and print the report; return the exit code."""

    async def work(app: App) -> int:
        sections = await _sections(app, app.registry.resolve(agent))
        if as_json:
            terminal.print_json([*sections])
        else:
            print(page(agent, sections) if as_html else _report(sections))
        return FAILED if any(section["findings"] for section in sections) else DONE

    return run_with_app(start(options, quiet=True), work)


async def _sections(app: App, name: str) -> list[Section]:
    """Return one section for what a model reads of the agent, and one for each skill."""
    told = await app.agents(name, refresh=False)
    connection = app.registry.connection(name, LOCAL_OWNER)
    card = (await connection.card()).card
    problems: list[JSON] = [app.mask(problem) for problem in card.problems]
    first: Section = {"title": name, "text": app.mask(told.prose()), "findings": problems}
    return [first, *[await _skill(app, name, skill) for skill in card.skills]]


async def _skill(app: App, agent: str, skill: AgentSkill) -> Section:
    findings = about_skill(skill)
    section: Section = {"title": app.mask(f"{agent}: {skill.name}"), "findings": [*findings]}
    if not skill.examples:
        return section
    request = SendRequest(skill.examples[0], agent, wait_seconds=WAIT_SECONDS, confirmed=True)
    try:
        view = await app.bridge.send(owner(), request)
    except (A2AError, BridgeError) as error:
        return {**section, "findings": [*findings, app.mask(f"the example fails: {error.message}")]}
    text, structure = await channels(app, view)
    found: list[JSON] = [*findings, *about_answer(view)]
    return {
        **section,
        "example": app.mask(skill.examples[0]),
        "text": text,
        "text_bytes": len(text.encode()),
        "structure": structure,
        "findings": found,
    }


def _report(sections: Sequence[Section]) -> str:
    """Return the sections as text, and a last line that says how much is to be looked at."""
    return "\n".join([*map(_text, sections), count_of(sections)])


def _text(section: Section) -> str:
    """Return a section as lines of text."""
    lines = [f"=== {section['title']}"]
    lines += [f"Example: {section['example']}"] if "example" in section else []
    lines += for_model(str(section["text"]), section["structure"]) if "structure" in section else []
    lines += [str(section["text"])] if "text" in section and "structure" not in section else []
    lines += [f"! {finding}" for finding in _findings(section)]
    return "\n".join([*lines, ""])


def _findings(section: Section) -> list[str]:
    found = section["findings"]
    return [str(each) for each in found] if isinstance(found, list) else []
