"""Images of an agent's answer, at terminals that say of themselves what they can show."""

from __future__ import annotations

import re
import struct
from base64 import b64decode, b64encode
from typing import Any

import pytest
from commands import Home, shown
from scripted import SEND, result, scripted, task

pytestmark = pytest.mark.anyio

HEAD = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 2000, 900)
PNG = HEAD + bytes(range(256)) * 20
JPEG = b"\xff\xd8\xff\xe0" + bytes(600)


@pytest.fixture
def plain_home(home: Home) -> Home:
    """Return a home whose terminal says nothing of itself."""
    told = ("TERM_PROGRAM", "LC_TERMINAL", "KITTY_WINDOW_ID", "TMUX", "STY")
    home.variables = {name: it for name, it in home.variables.items() if name not in told}
    return home


async def drawn(home: Home, image: bytes, kind: str, **variables: str) -> str:
    """Return what `send` prints at such a terminal once the file is named."""
    async with scripted() as agent:
        agent.on(SEND, result({"task": answer(image, kind)}))
        home.write(f'[agents.it]\nurl = "{agent.url}"\n')
        home.variables |= variables
        terminal = home.terminal("send", "it", "draw")
        await shown(terminal, ": saved as ")
        await shown(terminal, "it · completed")
    return str(terminal.before)


def answer(image: bytes, kind: str) -> dict[str, Any]:
    part = {"raw": b64encode(image).decode(), "mediaType": kind, "filename": "picture"}
    return task("completed", artifacts=[{"artifactId": "picture", "parts": [part]}])


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
async def test_a_terminal_like_iterm2_shows_an_image(plain_home: Home) -> None:
    printed = await drawn(plain_home, JPEG, "image/jpeg", TERM_PROGRAM="iTerm.app")
    (image,) = re.findall(r"\x1b\]1337;File=inline=1;size=604;[^:]*:([^\x07]*)\x07", printed)
    assert b64decode(image) == JPEG


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
async def test_a_terminal_like_kitty_shows_a_png_in_chunks_and_as_wide_as_it_is(
    plain_home: Home,
) -> None:
    printed = await drawn(plain_home, PNG, "image/png", KITTY_WINDOW_ID="1")
    heads, chunks = zip(*re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", printed), strict=True)
    assert heads == ("a=T,f=100,q=2,c=100,m=1", "m=0")
    assert b64decode("".join(chunks)) == PNG


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(
    ("image", "variables"),
    [
        (PNG, {}),
        (PNG, {"TERM_PROGRAM": "Apple_Terminal"}),
        (PNG, {"KITTY_WINDOW_ID": "1", "TMUX": "/tmp/tmux"}),
        (JPEG, {"KITTY_WINDOW_ID": "1"}),
    ],
    ids=["unknown", "another", "behind tmux", "a JPEG in kitty"],
)
async def test_elsewhere_the_file_is_named_only(
    image: bytes, variables: dict[str, str], plain_home: Home
) -> None:
    printed = await drawn(plain_home, image, "image/png", **variables)
    assert "\x1b_G" not in printed
    assert "\x1b]1337" not in printed


async def test_nothing_is_drawn_in_a_pipe(plain_home: Home) -> None:
    async with scripted() as agent:
        agent.on(SEND, result({"task": answer(PNG, "image/png")}))
        plain_home.write(f'[agents.it]\nurl = "{agent.url}"\n')
        done = await plain_home.run("send", "it", "draw", TERM_PROGRAM="iTerm.app")
    assert ": saved as " in done.out
    assert "\x1b" not in done.out
