"""A question as an MCP elicitation request: the agent is named, its words are masked and cut.

Nothing is asked here, and no request is made that shows a configured secret.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import mcp.types as t

from a2a_mcp.server.app import App
from a2a_mcp.text.truncate import shorten

if TYPE_CHECKING:
    from a2a_mcp.bridge.questions import Question

SHOWN_BYTES: Final = 3_000


def can_be_shown(app: App, question: Question) -> bool:
    """Return whether a question has a form or a link, and neither holds a configured secret."""
    if not (question.form or question.link):
        return False
    shown = json.dumps([question.link, question.form.schema if question.form else None])
    return app.mask(shown) == shown


def request_of(app: App, question: Question, number: str | None = None) -> t.ElicitRequestParams:
    """Return the request for a question; `number` identifies one that is asked by URL."""
    name, words = question.ref.agent, app.mask(question.words)
    about = f' about "{app.mask(question.title)}"' if question.title else ""
    if question.link:
        message = _sign_in_message(name, about, question.link, words)
        return t.ElicitRequestURLParams(message=message, url=question.link, elicitation_id=number)
    schema = question.form.shown if question.form else {}
    message = f"The agent {name} asks{about}:\n\n{shorten(words, SHOWN_BYTES)}"
    return t.ElicitRequestFormParams(message=message, requested_schema=schema)


def _sign_in_message(name: str, about: str, link: str, words: str) -> str:
    host = urlsplit(link).hostname
    message = f"The agent {name} asks you to sign in or approve{about} at {host}:\n{link}"
    if words == link:
        return message
    return f"{message}\n\nIt says: {shorten(words, SHOWN_BYTES)}"
