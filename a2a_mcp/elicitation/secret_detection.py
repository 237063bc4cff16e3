"""Tell whether an agent's question asks for a secret, such as a password or an API key.

Pure. A question that does is never shown as a form, so a doubtful one counts as such a question. It
never looks at what a person answers.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category, normalize

from a2a_mcp.a2a.model import JSON, Task
from a2a_mcp.elicitation.question import members, parts_of, words_of

SECRET_NAMES: Final = re.compile(
    r"\b(passwords?|passwd|pwd|passphrase|passcode|secret|token|(api|private|access) ?keys?"
    r"|credentials?|cvv|cvc|otp|pin|card ?number|ssn)\b"
)
SECRET_WORDS: Final = re.compile(
    r"\b(passwords?|passphrase|passcode|(api|secret|private|access)[ _-]?keys?"
    r"|(access|api|auth|bearer|bot|github|gitlab|login|oauth|personal|refresh|secret|security"
    r"|session|slack)[ _-]tokens?|your tokens?|credentials?"
    r"|(seed|recovery) phrase|(your|the) pin|pin code|cvv|social security number"
    r"|(one-time|verification|security|authentication|recovery|2fa|login|sms) code"
    r"|(credit|debit|bank)? ?card number|senha|şifre|hasło)\b"
    r"|passwort|kennwort|wachtwoord|contraseña|mot de passe|пароль"
    r"|密码|密碼|パスワード|暗証番号|비밀번호|رمز عبور|گذرواژه|كلمة المرور|पासवर्ड",
    re.IGNORECASE,
)


def wants_secret(task: Task) -> bool:
    """Return whether the question of a task seems to ask for a secret."""
    if _mentions_secret(words_of(task)):
        return True
    data = [part.data for part in parts_of(task) if part.kind == "data"]
    return any(_is_for_secret(name, value) for item in data for name, value in members(item))


def _is_for_secret(name: str, value: JSON) -> bool:
    """Return whether a named member of a question's data stands for a secret."""
    if not isinstance(value, dict):
        return name == "name" and _names_secret(value)
    if _is_password_field(value):
        return True
    if name != "properties":
        return False
    return any(_is_secret_field(label, field) for label, field in value.items())


def _is_password_field(field: dict[str, JSON]) -> bool:
    return field.get("format") == "password" or field.get("type") == "password"


def _is_secret_field(label: str, field: JSON) -> bool:
    """Return whether a field of a JSON schema is a secret by its name, title or description."""
    if _names_secret(label):
        return True
    if not isinstance(field, dict):
        return False
    return _names_secret(field.get("title")) or _mentions_secret(field.get("description"))


def _names_secret(label: JSON) -> bool:
    """Return whether a short name stands for a secret; stricter than for running text."""
    if not isinstance(label, str):
        return False
    return bool(SECRET_NAMES.search(_split_words(label))) or _mentions_secret(label)


def _mentions_secret(text: JSON) -> bool:
    """Return whether running text asks for a secret, compared as a person sees it.

    Look-alike letters are normalised and invisible characters dropped.
    """
    if not isinstance(text, str):
        return False
    visible = (letter for letter in normalize("NFKC", text) if category(letter) != "Cf")
    return bool(SECRET_WORDS.search("".join(visible)))


def _split_words(label: str) -> str:
    """Return a name as separate words: `apiKey`, `api_key` and `API key` are all "api key"."""
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", normalize("NFKC", label))
    return re.sub(r"[^a-z0-9]+", " ", apart.lower())
