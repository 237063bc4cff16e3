"""`a2a-mcp auth`: sign in to an agent, see where one is signed in, sign out."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from a2a_mcp.cli.agent_names import agent_names
from a2a_mcp.cli.options import USUAL, AsJson, Given

Action: TypeAlias = Annotated[
    Literal["login", "status", "logout"],
    Parameter(name="ACTION", help="sign in, say where, or sign out"),
]
Name: TypeAlias = Annotated[
    str, Parameter(name="NAME", help="the agent; not for status", completer=agent_names)
]
Device: TypeAlias = Annotated[
    bool, Parameter(name="--device", help="show a code to enter on any device")
]
Open: TypeAlias = Annotated[bool, Parameter(name="--open", help="open the page in the browser")]
Owner: TypeAlias = Annotated[
    str,
    Parameter(
        name="--owner",
        metavar="OWNER",
        help="whom logout signs out, as status names them; else you",
    ),
]
Port: TypeAlias = Annotated[
    int | None,
    Parameter(name="--redirect-port", metavar="PORT", help="where the browser comes back; 0 = any"),
]


def auth(
    action: Action,
    name: Name = "",
    /,
    *,
    device: Device = False,
    browser: Open = False,
    port: Port = None,
    owner: Owner = "",
    as_json: AsJson = False,
    options: Given = USUAL,
) -> int:
    """Sign in to an agent, say where one is signed in, or sign out; return the exit code."""
    from a2a_mcp.cli.work.auth import SigningIn, act

    way = SigningIn(by_device=device or None, opens=browser, port=port)
    return act(action, name, way, options, owner=owner, as_json=as_json)
