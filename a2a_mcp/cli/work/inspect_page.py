"""The report of `inspect` as a page. Pure; every word in it is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from a2a_mcp.a2a.model import JSON
from a2a_mcp.text.web_page import web_page

STYLE: Final = "pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 0; }"


def page(agent: str, sections: Sequence[Mapping[str, JSON]]) -> str:
    """Return the page of an agent."""
    heading = f"<h1>{escape(agent)}, as a model sees it</h1><p>{count_of(sections)}</p>"
    return web_page(agent, heading + "".join(map(_article, sections)), style=STYLE)


def count_of(sections: Sequence[Mapping[str, JSON]]) -> str:
    """Return how much in the report is to be looked at."""
    found = sum(len(_findings(section)) for section in sections)
    if not found:
        return "Nothing to correct was found."
    return "1 point to look at." if found == 1 else f"{found} points to look at."


def _article(section: Mapping[str, JSON]) -> str:
    findings = "".join(f'<li class="bad">{escape(it)}</li>' for it in _findings(section))
    return "".join(
        [
            f"<section><h2>{escape(str(section['title']))}</h2>",
            f"<ul>{findings}</ul>" if findings else "",
            _shown("p", "Example: ", section.get("example")),
            _shown("pre", "", section.get("text")),
            _structure(section["structure"]) if "structure" in section else "",
            "</section>",
        ]
    )


def _shown(tag: str, before: str, text: JSON) -> str:
    return f"<{tag}>{before}{escape(str(text))}</{tag}>" if text else ""


def _structure(structure: JSON) -> str:
    shown = escape(json.dumps(structure, indent=2, ensure_ascii=False))
    return f"<details><summary>The same as structure</summary><pre>{shown}</pre></details>"


def _findings(section: Mapping[str, JSON]) -> list[str]:
    found = section["findings"]
    return [str(each) for each in found] if isinstance(found, list) else []
