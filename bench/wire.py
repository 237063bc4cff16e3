"""MCP messages as bytes, in both eras: what a host sends, with no SDK in between."""

import json
from collections.abc import Mapping
from typing import Any, Final

LEGACY: Final = "2025-11-25"
MODERN: Final = "2026-07-28"
ERAS: Final = (LEGACY, MODERN)

CLIENT: Final = {"name": "bench", "version": "1"}
MESSAGE: Final = "echo hello"
ANSWER: Final = f"echo: {MESSAGE}"
CALL: Final[Mapping[str, Any]] = {"name": "send_task", "arguments": {"message": MESSAGE}}
HELLO: Final[Mapping[str, Any]] = {
    "protocolVersion": LEGACY,
    "capabilities": {},
    "clientInfo": CLIENT,
}
ENVELOPE: Final[Mapping[str, Any]] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}


def encode(value: Mapping[str, Any]) -> bytes:
    """Encode a value as compact JSON in UTF-8, the size a model's context is charged for."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def request(era: str, number: int, method: str, params: Mapping[str, Any]) -> bytes:
    """Encode one request; a modern one carries its envelope."""
    if era == MODERN:
        params = {**params, "_meta": ENVELOPE}
    return encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def initialized() -> bytes:
    """Encode the notification that ends the legacy handshake."""
    return encode({"jsonrpc": "2.0", "method": "notifications/initialized"})


class WrongAnswer(Exception):
    """A server answered something else than the echo; a fast wrong answer is not a measurement."""


def check_echo(answer: bytes) -> None:
    """Check that an answer holds the agent's words and is no error.

    Raises:
        WrongAnswer: it does not.

    """
    if ANSWER.encode() not in answer or b'"isError":true' in answer:
        raise WrongAnswer(answer.decode(errors="replace")[:2000])
