"""What a redirect of a call means: where it is followed to, or the error that says where it leads.

A server that answers 307 or 308 has done nothing (RFC 9110, 15.4.8 and 15.4.9): the call may be
repeated, and is, once, at the same origin. Every other redirect of a POST is an error. Pure.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.errors import Delivery, UrlRefused
from a2a_mcp.a2a.http.card_addresses import is_downgrade, upgraded
from a2a_mcp.a2a.http.origins import origin_of, parse, plain

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
REPEATABLE: Final = frozenset({307, 308})


def new_address(url: str, status: int, location: str) -> str:
    """Return the address at the same origin at which a POST to `url` may be repeated.

    Raises UrlRefused for a redirect that is not followed: the call was not carried out.
    """
    target = str(parse(location, base=parse(url)))
    target_origin, home = origin_of(target), origin_of(url)
    if is_downgrade(target_origin, home):  # the server does not know that a proxy ends its TLS
        target, target_origin = upgraded(target, home), home
    if status in REPEATABLE and target_origin == home:
        return target
    raise not_followed(url, status, target)


def not_followed(url: str, status: int, target: str) -> UrlRefused:
    """Return the error for a redirect that is not followed."""
    shown = plain(target)
    return UrlRefused(
        f"it redirects calls (HTTP {status}) to {shown}, which is not followed; "
        f'if that is the agent\'s address, set endpoint = "{shown}" for it',
        delivery=Delivery.NEVER,
        url=plain(url),
    )


def moved_note(url: str, target: str) -> str:
    """Return the note for a card's author, that calls are redirected."""
    return f"calls to {plain(url)} are redirected; {plain(target)} is called instead"
