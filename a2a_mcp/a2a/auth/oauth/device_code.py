"""The device flow: a code that the person enters on a page of the server (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import anyio

from a2a_mcp.a2a.auth.oauth.errors import OAuthRefused
from a2a_mcp.a2a.auth.oauth.registration import DEVICE_GRANT
from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.a2a.auth.oauth.token_server import TokenServer
from a2a_mcp.a2a.decoding.json_values import text_of
from a2a_mcp.a2a.errors import AgentUnreachable
from a2a_mcp.a2a.model import JSON

USUAL_INTERVAL: Final = 5.0
LONGEST_INTERVAL: Final = 60.0
SLOWER_SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 1800.0
LONGEST_CODE: Final = 64
"""Characters of what a person compares, and types; more would be words to the person."""


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person opens and enters; `complete` is the page with the code in its address."""

    page: str
    user_code: str
    complete: str | None
    seconds: float
    interval: float
    code: str = field(repr=False)


def read_device_code(body: Mapping[str, JSON]) -> DeviceCode:
    """Return the code in a server's answer; raises OAuthRefused where there is none."""
    code, user_code = text_of(body.get("device_code")), text_of(body.get("user_code"))
    page = text_of(body.get("verification_uri")) or text_of(body.get("verification_url"))
    if not (code and user_code and page):
        raise OAuthRefused("no_code", "its answer holds no code and no page for a person")
    if len(user_code) > LONGEST_CODE or not user_code.isprintable():
        raise OAuthRefused("no_code", "its code is none that a person can type")
    return DeviceCode(
        page,
        user_code,
        text_of(body.get("verification_uri_complete")),
        _seconds(body.get("expires_in"), LONGEST_SECONDS, LONGEST_SECONDS),
        _seconds(body.get("interval"), USUAL_INTERVAL, LONGEST_INTERVAL),
        code,
    )


async def wait_for_person(
    server: TokenServer,
    device: DeviceCode,
    *,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Token:
    """Return the token once the person has signed in; raises OAuthRefused and A2AError."""
    interval, end = device.interval, clock() + device.seconds
    while clock() < end:
        await sleep(interval)
        try:
            return await server.token({"grant_type": DEVICE_GRANT, "device_code": device.code})
        except AgentUnreachable:  # RFC 8628, 3.5: slower after a timeout
            interval *= 2
        except OAuthRefused as refusal:
            if refusal.error == "slow_down":
                interval += SLOWER_SECONDS
            elif refusal.error != "authorization_pending":
                raise
    raise OAuthRefused("expired_token", "nobody signed in in time")


def _seconds(value: JSON, usual: float, most: float) -> float:
    """Return the seconds that a server says, at most so many; `usual` where it says none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return usual
    return float(min(value, most)) if value > 0 else usual
