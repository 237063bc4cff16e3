"""The status as a page: no script, nothing loaded from elsewhere, and it reads itself again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from a2a_mcp.text.times import roughly
from a2a_mcp.text.web_page import web_page

GOOD: Final = frozenset({"answers", "ready", "works", "reachable", "complete"})
BAD: Final = frozenset(
    {"failing", "misconfigured", "not ready", "fails", "unreachable", "loses lines"}
)

RELOADS: Final = '<meta http-equiv="refresh" content="10">'
STYLE: Final = """
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line);
  white-space: nowrap; }
:is(th, td):nth-child(-n+2):not(:last-child) { width: 34%; }
td.bad { white-space: normal; overflow-wrap: anywhere; }
tr:hover td { background: var(--line); }
th { border: 0; font-weight: 500; color: var(--soft); font-size: .85rem; }
p { color: var(--soft); }
:is(.good, .bad)::before { content: "●"; font-size: .7em; margin-right: .5em;
  vertical-align: .15em; }
"""
BODY: Final = """<h1>a2a-mcp <span class="{kind}">{state}</span></h1>
{problem}<p>{summary}</p>
<p>version {version}, process {process}, since {started} · <a href="/status.json">as JSON</a></p>
{sections}"""


def page(status: Mapping[str, Any]) -> str:
    """Return the page of a status."""
    state = "ready" if status["ready"] else "not ready"
    problem = f'<p class="bad">{escape(status["problem"])}</p>' if status["problem"] else ""
    body = BODY.format(
        state=state,
        kind=_kind(state),
        version=escape(status["version"]),
        process=status["process"],
        started=escape(status["started"]).replace("T", " ").replace("Z", " UTC"),
        problem=problem,
        summary=" · ".join(_summary(status)),
        sections="".join(_sections(status)),
    )
    return web_page(f"a2a-mcp: {state}", body, style=STYLE, head=RELOADS)


def _summary(status: Mapping[str, Any]) -> Iterable[str]:
    """Return what an operator wants to know first."""
    agents, tasks = status.get("agents", ()), status.get("tasks", ())
    yield _counted(len(agents), "agent")
    failing = sum(it["health"] in BAD for it in agents)
    if failing:
        yield f"{failing} of them failing"
    yield f"{_counted(sum(it['count'] for it in tasks), 'task')} not ended"
    if tasks:
        yield f"the oldest {roughly(max(it['oldest_seconds'] for it in tasks))} old"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _sections(status: Mapping[str, Any]) -> Iterable[str]:
    agents = [(it["name"], _fares(it), _ago(it)) for it in status.get("agents", ())]
    yield _section("Agents", ("name", "health", "last answer"), agents, "No agent is configured.")
    tasks = [
        (it["agent"], it["state"], str(it["count"]), roughly(it["oldest_seconds"]))
        for it in status.get("tasks", ())
    ]
    columns = ("agent", "state", "tasks", "oldest")
    yield _section("Tasks that have not ended", columns, tasks, "There are none.", _whose(status))
    yield _section("Parts", ("part", "state"), list(_parts(status)), "Nothing is served yet.")


def _whose(status: Mapping[str, Any]) -> str:
    here, readers = status.get("tasks_read_here", 0), status.get("processes_that_read_tasks", 0)
    shared = "" if readers < 2 else f"{readers} processes that share the task map follow them. "
    return f"{shared}This process follows {_counted(here, 'task')}."


def _fares(agent: Mapping[str, Any]) -> str:
    """Return how an agent fares, and the kind of its error where it fails."""
    return f"{agent['health']}: {agent['reason']}" if agent["reason"] else str(agent["health"])


def _ago(agent: Mapping[str, Any]) -> str:
    """Return how long ago an agent has answered; empty where it never has."""
    seconds = agent["answered_seconds_ago"]
    return "" if seconds is None else f"{roughly(seconds)} ago"


def _parts(status: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    if "store" in status:
        yield "task map", status["store"]
    if status.get("configuration"):
        yield "changed configuration", status["configuration"]
    lost = status.get("audit_lines_lost")
    if lost is not None:
        yield "audit", "loses lines" if lost else "complete"
    if lost:
        yield "lines of the audit that are lost", str(lost)
    words = {True: "reachable", False: "unreachable"}
    yield from ((f"issuer {it['name']}", words[it["reachable"]]) for it in status["issuers"])


def _section(
    title: str,
    columns: Iterable[str],
    rows: Iterable[tuple[str, ...]],
    nothing: str,
    about: str = "",
) -> str:
    """Return a table under its title, or the words for an empty one, and a sentence about it."""
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    head = "".join(f"<th>{column}</th>" for column in columns)
    shown = f"<table><tr>{head}</tr>{body}</table>" if body else f"<p>{nothing}</p>"
    return f"<section><h2>{title}</h2>{shown}{about and f'<p>{about}</p>'}</section>"


def _cell(text: str) -> str:
    return f'<td class="{_kind(text)}">{escape(text)}</td>'


def _kind(text: str) -> str:
    """Return the class of a word: colour is never the only sign, the word says it too."""
    word = text.partition(":")[0]
    return "good" if word in GOOD else "bad" if word in BAD else ""
