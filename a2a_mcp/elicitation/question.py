"""What a waiting task asks: the agent's words, its data, its sign-in link.

Pure. An agent wrote all of it: words come out scrubbed, and a link only where it shows plainly
which host it leads to. Nothing here decides whether a person is asked.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from a2a_mcp.a2a.model import JSON, Part, Role, Task
from a2a_mcp.presentation.answer import answer_text
from a2a_mcp.presentation.comparison import with_sorted_data
from a2a_mcp.presentation.content import text_of
from a2a_mcp.text.untrusted import scrub
from a2a_mcp.text.urls import is_private_link

DEPTH: Final = 6
LONGEST_LINK: Final = 2_000
FINGERPRINT_LETTERS: Final = 16
WORDS_MEMBERS: Final = ("question", "message", "prompt", "hint", "reason", "description", "text")
"""The members in which agents put the words of a question that is data; the first one counts."""

LINK: Final = re.compile(r"https?://[^\s<>\"'`()\[\]{}|\\^]+", re.IGNORECASE)
END_OF_SENTENCE: Final = ".,;:!?*_"


def parts_of(task: Task) -> tuple[Part, ...]:
    """Return the parts of a question: the status message's, else those of the agent's last one."""
    if task.status.message and task.status.message.parts:
        return task.status.message.parts
    latest = task.history[-1] if task.history else None
    return latest.parts if latest and latest.role is Role.AGENT else ()


def words_of(task: Task) -> str:
    """Return a question in the agent's words: its text, else the words in its data."""
    asked = parts_of(task)
    text = text_of(part for part in asked if part.kind == "text").strip()
    return text or _words_of_data(asked) or answer_text(task)


def fingerprint_of(task: Task) -> str:
    """Return what identifies a question: its state and content.

    Ids and time stamps do not count, because some stores make them at each read.
    """
    told = [task.state, answer_text(with_sorted_data(task))]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:FINGERPRINT_LETTERS]


def sign_in_link(task: Task) -> str | None:
    """Return the one link that a task wants opened; None for no link, or several."""
    found = {link for part in parts_of(task) for link in _links(part)}
    if len(found) != 1:
        return None
    link = found.pop()
    return link if _shows_its_host(link) else None


def members(value: JSON, depth: int = DEPTH) -> Iterator[tuple[str, JSON]]:
    """Yield the members of data with their names, `depth` levels deep; items have no name."""
    if not isinstance(value, dict | list) or not depth:
        return
    pairs = value.items() if isinstance(value, dict) else (("", item) for item in value)
    for name, member in pairs:
        yield name, member
        yield from members(member, depth - 1)


def _words_of_data(parts: tuple[Part, ...]) -> str:
    said = [_words_in(part.data) for part in parts if part.kind == "data"]
    return scrub("\n".join(filter(None, said))).strip()


def _words_in(data: JSON) -> str:
    """Return the words of a question that is data; the data itself as JSON where it has none."""
    found: dict[str, str] = {}
    for name, value in members(data):
        if name in WORDS_MEMBERS and isinstance(value, str) and value.strip():
            found.setdefault(name, value)
    return next((found[name] for name in WORDS_MEMBERS if name in found), json.dumps(data))


def _links(part: Part) -> Iterator[str]:
    for text in _texts(part):
        yield from (link.rstrip(END_OF_SENTENCE) for link in LINK.findall(text))


def _texts(part: Part) -> list[str]:
    return [
        part.text,
        part.url,
        *(value for _, value in members(part.data) if isinstance(value, str)),
    ]


def _shows_its_host(link: str) -> bool:
    """Return whether a link is private and a reader sees which host it leads to.

    A user name before the host, an escape or an IDN ("xn--") could make it look like another host.
    """
    if not link.isascii() or not link.isprintable() or len(link) > LONGEST_LINK:
        return False
    try:
        parts = urlsplit(link)
        authority, host = parts.netloc.lower(), parts.hostname
    except ValueError:
        return False
    is_disguised = any(mark in authority for mark in ("@", "%", "xn--"))
    return bool(host) and not is_disguised and is_private_link(link)
