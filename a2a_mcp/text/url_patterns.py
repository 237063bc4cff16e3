"""Whether a URL matches a pattern such as `https://*.example/hooks/*`. Pure.

A pattern has a scheme and a host, `*.` before the host for any name below it, a port, and a path:
without a path every path matches, with `*` at its end what begins so, else the path alone. A URL
that could be read in two ways matches nothing.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
UNCLEAR: Final = re.compile(r"[\x00-\x20\x7f-\U0010ffff\\]")
ESCAPED: Final = re.compile(r"%(2e|2f|5c|25)", re.IGNORECASE)
DOTS: Final = frozenset({".", ".."})


def matches(url: str, pattern: str) -> bool:
    """Return whether a URL is one of those that a pattern means."""
    asked, wanted = _parts(url), _parts(pattern)
    if asked is None or wanted is None or asked.scheme != wanted.scheme:
        return False
    return (
        _is_below(asked.hostname or "", wanted.hostname or "")
        and _port(asked) == _port(wanted)
        and _path_matches(asked.path or "/", wanted.path)
    )


def matches_any(url: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a URL matches one of some patterns."""
    return any(matches(url, pattern) for pattern in patterns)


def names_its_host(pattern: str) -> bool:
    """Return whether a pattern means one host, not any below a name."""
    return "://*." not in pattern


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL that can be read in one way only; None for any other."""
    if UNCLEAR.search(url) or "@" in url.partition("://")[2].partition("/")[0]:
        return None
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    if not has_host or parts.scheme not in DEFAULT_PORTS or not _is_plain(parts.path):
        return None
    return parts


def _is_plain(path: str) -> bool:
    return not ESCAPED.search(path) and DOTS.isdisjoint(path.split("/"))


def _is_below(host: str, wanted: str) -> bool:
    if wanted.startswith("*."):
        return host.endswith(wanted[1:]) and len(host) > len(wanted) - 1
    return host == wanted


def _port(parts: SplitResult) -> int:
    return parts.port or DEFAULT_PORTS[parts.scheme]


def _path_matches(path: str, wanted: str) -> bool:
    if not wanted:
        return True
    if wanted.endswith("*"):
        return path.startswith(wanted[:-1])
    return path == wanted
