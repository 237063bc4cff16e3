"""HTTP+JSON: verb and path name the operation, the params are query or body."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.errors import Delivery, InvalidRequest
from a2a_mcp.a2a.model import JSON

DOT_SEGMENTS: Final = frozenset({".", ".."})
WITHOUT_BODY: Final = frozenset({"GET", "DELETE"})
NAMED: Final = re.compile(r"\{(\w+)\}")


def build(url: str, target: str, params: dict[str, JSON], tenant: str | None = None) -> HttpRequest:
    """Return the request for `target` ("VERB /path/{id}") below `url`.

    A param that the path names goes there, the others into the query or the body. Raises
    InvalidRequest for an id that cannot be one path segment.
    """
    verb, _, path = target.partition(" ")
    rest = dict(params)
    for name in NAMED.findall(path):
        path = path.replace(f"{{{name}}}", segment(str(rest.pop(name))))
    if tenant:
        path = f"/{segment(tenant)}{path}"
    if verb in WITHOUT_BODY:
        return HttpRequest(verb, join(url, path), query={k: _word(v) for k, v in rest.items()})
    return HttpRequest(verb, join(url, path), rest)


def segment(value: str) -> str:
    """Return an id as exactly one path segment; raises InvalidRequest for "", "." and ".."."""
    if value in DOT_SEGMENTS or not value:
        raise InvalidRequest(
            f"the id {value!r} cannot be put into a URL path", delivery=Delivery.NEVER
        )
    return quote(value, safe="", errors="surrogatepass")


def join(url: str, path: str) -> str:
    """Return a path below a URL with exactly one slash between; the URL's query stays last."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + path))


def _word(value: JSON) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
