"""A host's first requests, answered while the SDK is imported, which takes a second.

Some hosts go on without a server whose tools do not come in a second. The answers stand in
`greeting.json`; a test compares each with the SDK's and can write them again. Only requests of the
plainest form are answered. The first other line, and all behind it, wait for the SDK, which also
reads the opening, because it decides how the SDK serves. Nothing of the SDK may be imported here.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from a2a_mcp.config.schema import ServerConfig

RESULTS: Final = Path(__file__).with_name("greeting.json")
HANDSHAKE: Final = "handshake"
MODERN: Final = "2026-07-28"
META: Final = "io.modelcontextprotocol/"
LONGEST: Final = 1 << 16
DEEPEST: Final = 100
"""Brackets opened in a line: the SDK's parser takes no more than 200 levels."""


def offers_the_usual(config: ServerConfig) -> bool:
    """Return whether hosts are offered what the answers say: no setting changes the offer."""
    changed = config.read_only or config.toolsets or config.apps
    return config.tools == "tasks" and not changed


class Greeting:
    """What a host has said so far; `waits` is set once there is something for the SDK to answer.

    The SDK is to read `opening` and then `rest`. The host has its answer to `answered` already.
    """

    def __init__(self, instructions: str) -> None:
        self.opening = b""
        self.rest = b""
        self.answered: int | str | None = None
        self.waits = False
        self._instructions = instructions
        self._era = ""

    def hear(self, data: bytes) -> bytes:
        """Take in what the host writes, and return what to write to it."""
        said = b""
        self.rest += data
        while not self.waits and b"\n" in self.rest:
            line, _, behind = self.rest.partition(b"\n")
            answer = self._answer(line)
            if answer is None:
                self.waits = True
            else:
                said, self.rest = said + answer, behind
        self.waits |= len(self.rest) > LONGEST
        return said

    def _answer(self, line: bytes) -> bytes | None:
        """Return what answers a line, which may be nothing; None if the SDK must read it."""
        match _members(line):
            case {"method": "notifications/initialized", **more} if self.opening and not more:
                self.opening += line + b"\n"
                return b""
            case {"id": number, "method": str(method), **more} if _is_id(number):
                result = self._result(method, more)
                return None if result is None else self._answered(line, number, result)
        return None

    def _answered(self, line: bytes, number: int | str, result: dict[str, Any]) -> bytes:
        if not self.opening:
            self.opening, self.answered = line + b"\n", number
        answer = {"jsonrpc": "2.0", "id": number, "result": result}
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def _result(self, method: str, more: dict[str, Any]) -> dict[str, Any] | None:
        """Return the result of a request that has `more`; the first one decides the era."""
        opens = not self._era
        if opens:
            self._era = HANDSHAKE if method == "initialize" else MODERN
        is_plain = _is_modern if self._era == MODERN else _is_handshake if opens else _is_bare
        if (opens or method != "initialize") and is_plain(more):
            return self._known(method, more)
        return None

    def _known(self, method: str, more: dict[str, Any]) -> dict[str, Any] | None:
        result: dict[str, Any] | None = self._results[self._era].get(method)
        if result and "instructions" in result:
            result = result | {"instructions": self._instructions}
        if result and "protocolVersion" in result:
            asked, versions = more["params"]["protocolVersion"], self._results["versions"]
            result = result | {"protocolVersion": asked if asked in versions else versions[-1]}
        return result

    @cached_property
    def _results(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(RESULTS.read_bytes())
        return found


def _members(line: bytes) -> dict[str, Any]:
    """Return the members of a message of JSON-RPC 2.0; none for any other line."""
    if b"\\u" in line or line.count(b"{") + line.count(b"[") > DEEPEST:
        return {}
    try:
        found = json.loads(line.decode())
    except ValueError:
        return {}
    return found if isinstance(found, dict) and found.pop("jsonrpc", None) == "2.0" else {}


def _is_id(number: object) -> bool:
    return isinstance(number, int | str) and not isinstance(number, bool)


def _is_handshake(more: dict[str, Any]) -> bool:
    match more:
        case {"params": {"protocolVersion": str(), "capabilities": can, "clientInfo": client}}:
            only = len(more) == 1 and len(more["params"]) == 3
            return only and _is_client(client) and _are_capabilities(can)
    return False


def _is_modern(more: dict[str, Any]) -> bool:
    """Return whether a request has the envelope of the modern protocol, and nothing else."""
    match more:
        case {"params": {"_meta": dict(meta)}} if len(more) == len(more["params"]) == 1:
            version, client, can = (
                meta.pop(f"{META}{name}", None)
                for name in ("protocolVersion", "clientInfo", "clientCapabilities")
            )
            is_plain = version == MODERN and _is_client(client) and _are_capabilities(can)
            return is_plain and _is_bare({"params": {"_meta": meta}})
    return False


def _is_bare(more: dict[str, Any]) -> bool:
    """Return whether a request asks for nothing, but perhaps for progress, as some hosts do."""
    match more:
        case {"params": {"_meta": {"progressToken": token}}}:
            return _is_id(token) and more == {"params": {"_meta": {"progressToken": token}}}
    return more in ({}, {"params": {}}, {"params": {"_meta": {}}})


def _is_client(client: object) -> bool:
    match client:
        case {"name": str(), "version": str(), **more}:
            return "icons" not in more and all(isinstance(text, str) for text in more.values())
    return False


def _are_capabilities(told: object) -> bool:
    """Return whether capabilities are tables of tables, as every version of the protocol has them.

    `listChanged` is a flag, and what is experimental or an extension may hold anything.
    """
    match told:
        case {"experimental": dict(free), **rest} | {"extensions": dict(free), **rest}:
            return all(isinstance(one, dict) for one in free.values()) and _are_capabilities(rest)
        case {"roots": {"listChanged": bool(), **more}, **rest}:
            return not more and _are_capabilities(rest)
        case dict(tables) if "listChanged" not in tables:
            return all(map(_are_capabilities, tables.values()))
    return False
