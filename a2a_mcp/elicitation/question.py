"""What a task that waits asks: the agent's words, its data, its link, and whether it is a secret.

Pure. Everything here was written by an agent: words come out scrubbed, and a link only where it
cannot pass for another.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Final
from unicodedata import category, normalize
from urllib.parse import urlsplit

from a2a_mcp.a2a.model import JSON, Part, Role, Task
from a2a_mcp.presentation.answer import answer_text
from a2a_mcp.presentation.comparison import with_sorted_data
from a2a_mcp.presentation.content import text_of
from a2a_mcp.text.untrusted import scrub
from a2a_mcp.text.urls import is_private_link

DEPTH: Final = 6
LONGEST_LINK: Final = 2_000
SAYING: Final = ("question", "message", "prompt", "hint", "reason", "description", "text")
"""Where agents put the words of a question that is data; the first counts."""

SECRET_NAMES: Final = re.compile(
    r"\b(passwords?|passwd|pwd|passphrase|passcode|secret|token|(api|private|access) ?keys?"
    r"|credentials?|cvv|cvc|otp|pin|card ?number|ssn)\b"
)
SECRET_WORDS: Final = re.compile(
    r"\b(passwords?|passphrase|passcode|(api|secret|private|access)[ _-]?keys?"
    r"|(access|auth|bearer|session|refresh|security)[ _-]token|credentials?"
    r"|(seed|recovery) phrase|(your|the) pin|pin code|cvv|social security number"
    r"|(one-time|verification|security|authentication|recovery|2fa|login|sms) code"
    r"|(credit|debit|bank)? ?card number|senha|şifre|hasło)\b"
    r"|passwort|kennwort|wachtwoord|contraseña|mot de passe|пароль"
    r"|密码|密碼|パスワード|暗証番号|비밀번호|رمز عبور|گذرواژه|كلمة المرور|पासवर्ड",
    re.IGNORECASE,
)
LINK: Final = re.compile(r"https?://[^\s<>\"'`()\[\]{}|\\^]+", re.IGNORECASE)


def parts_of(task: Task) -> tuple[Part, ...]:
    """Give the parts of the question: those of the status, else of the agent's latest message."""
    if task.status.message and task.status.message.parts:
        return task.status.message.parts
    latest = task.history[-1] if task.history else None
    return latest.parts if latest and latest.role is Role.AGENT else ()


def words_of(task: Task) -> str:
    """Give the question in the agent's words: its text, else what its data says."""
    asked = parts_of(task)
    text = text_of(part for part in asked if part.kind == "text").strip()
    if not text:
        said = (_said(part.data) for part in asked if part.kind == "data")
        text = scrub("\n".join(filter(None, said))).strip()
    return text or answer_text(task)


def mark_of(task: Task) -> str:
    """Tell a question from the one after it: the same for as long as it waits for its answer."""
    said = task.status.message
    told = [task.state, said.message_id if said else "", answer_text(with_sorted_data(task))]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def wants_secret(task: Task) -> bool:
    """Whether a question seems to ask for a password or the like."""
    if _speaks_of_secret(words_of(task)):
        return True
    data = (part.data for part in parts_of(task) if part.kind == "data")
    return any(_is_secret(name, value) for item in data for name, value in members(item))


def sign_in_link(task: Task) -> str | None:
    """Give the one link that a task wants to be opened; None where there are none, or several."""
    found = {link for part in parts_of(task) for link in _links(part)}
    link = found.pop() if len(found) == 1 else ""
    return link if _is_plain(link) else None


def members(value: JSON, depth: int = DEPTH) -> Iterator[tuple[str, JSON]]:
    """Give the named members of data, as deep as anybody would look; of lists, without a name."""
    if isinstance(value, dict | list) and depth:
        pairs = value.items() if isinstance(value, dict) else (("", item) for item in value)
        for name, member in pairs:
            yield name, member
            yield from members(member, depth - 1)


def _said(data: JSON) -> str:
    found: dict[str, str] = {}
    for name, value in members(data):
        if name in SAYING and isinstance(value, str) and value.strip():
            found.setdefault(name, value)
    return next((found[name] for name in SAYING if name in found), json.dumps(data))


def _is_secret(name: str, value: JSON) -> bool:
    """Whether a field to fill in, or a call to be made, is marked or named as a secret."""
    if isinstance(value, dict):
        if value.get("format") == "password" or value.get("type") == "password":
            return True
        fields = [field for field in value.values() if isinstance(field, dict)]
        shown = name == "properties"
        labels = [*value, *(field.get("title") for field in fields)] if shown else []
        told = [field.get("description") for field in fields] if shown else []
    else:
        labels, told = [value] if name == "name" else [], []
    named = any(isinstance(label, str) and SECRET_NAMES.search(_plain(label)) for label in labels)
    return named or any(isinstance(it, str) and _speaks_of_secret(it) for it in [*labels, *told])


def _speaks_of_secret(text: str) -> bool:
    """Whether words ask for a secret, as they look: in whatever letters, nothing unseen between."""
    seen = (each for each in normalize("NFKC", text) if category(each) != "Cf")
    return bool(SECRET_WORDS.search("".join(seen)))


def _plain(label: str) -> str:
    """Give a name's words, however they are run together: `apiKey`, `api_key`, `API key`."""
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", normalize("NFKC", label))
    return re.sub(r"[^a-z0-9]+", " ", apart.lower())


def _links(part: Part) -> Iterator[str]:
    texts = [part.text, part.url]
    texts += [value for _, value in members(part.data) if isinstance(value, str)]
    for text in texts:
        yield from (link.rstrip(".,;:!?*_") for link in LINK.findall(text))


def _is_plain(link: str) -> bool:
    """Whether a link shows where it leads: a host in plain letters, and no name before it.

    Nor may anybody on the way read it, or send its reader elsewhere.
    """
    if not link.isascii() or not link.isprintable() or len(link) > LONGEST_LINK:
        return False
    try:
        place = urlsplit(link).netloc.lower()
        disguised = "@" in place or "%" in place or "xn--" in place
        return bool(urlsplit(link).hostname) and not disguised and is_private_link(link)
    except ValueError:
        return False
