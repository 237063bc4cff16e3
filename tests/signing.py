"""Cards that a test signs, and connections to their agents at a time of its choice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm
from staging import agents

from a2a_mcp.a2a.signatures.forms import forms
from a2a_mcp.agents.connection import Connection
from a2a_mcp.agents.registry import _default_tls
from a2a_mcp.store.card_pins import PinPlace

PRIVATE = generate_private_key(SECP256R1())
JWK = {**ECAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True), "kid": "k1"}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def signed(plain: dict[str, Any], **head: Any) -> dict[str, Any]:
    """Sign as A2A 1.0 says."""
    payload = list(forms(plain))[1].payload
    token = jwt.api_jws.encode(payload, PRIVATE, "ES256", {"kid": "k1", **head})
    protected, _, signature = token.split(".")
    return {**plain, "signatures": [{"protected": protected, "signature": signature}]}


@asynccontextmanager
async def connected(
    url: str,
    signature: Any,
    clock: Clock | None = None,
    pins: PinPlace | None = None,
    **more: Any,
) -> AsyncIterator[Connection]:
    config = agents(it={"url": url, "signature": signature, **more})["it"]
    connection = Connection(config, tls=_default_tls, clock=clock or Clock(), pins=pins)
    try:
        with anyio.fail_after(20):
            yield connection
    finally:
        await connection.aclose()
