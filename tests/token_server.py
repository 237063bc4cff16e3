"""A token server's answers for a scripted server: a caller's token becomes another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from scripted import Request, Step, document

TOKEN: Final = "POST /token"


def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form."""
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def exchanging(life: float | None = 100, **more: Any) -> Callable[[Request], Sequence[Step]]:
    """Give for each subject tokens with its name and a number."""
    given: list[str] = []

    def reply(request: Request) -> Sequence[Step]:
        form = form_of(request)
        given.append(f"{form.get('subject_token') or form.get('assertion')}-{len(given) + 1}")
        token = {"access_token": given[-1], "token_type": "Bearer", "expires_in": life}
        return document(token | more)(request)

    return reply
