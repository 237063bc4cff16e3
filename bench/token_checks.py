"""What the check of a caller's token costs: the first time, and while it is remembered.

    uv run python bench/token_checks.py

Processor time, so that other programs do not count; the provider is asked for its keys before.
"""

import sys
import time
from statistics import median
from typing import Final

import anyio
from servers import ROOT
from table import Row, as_table, bounded

from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.transport import open_transport
from a2a_mcp.config.issuers import IssuerTable
from a2a_mcp.server.auth.callers import Callers
from a2a_mcp.server.auth.issued_tokens import IssuedTokens
from a2a_mcp.server.auth.provider import Provider
from a2a_mcp.server.auth.static_tokens import StaticTokens

HERE: Final = "https://bridge.example/mcp"
TOKENS: Final = 500
TURNS: Final = 50
MOST_FIRST: Final = 200
MOST_KEPT: Final = 10


async def _microseconds(callers: Callers, tokens: list[str]) -> float:
    """Return the processor time of one check, on average."""
    began = time.process_time_ns()
    for token in tokens:
        await callers.caller(token)
    return (time.process_time_ns() - began) / len(tokens) / 1000


async def _measured() -> tuple[float, float]:
    """Return the medians of first checks and of remembered ones, in microseconds."""
    sys.path.append(str(ROOT / "tests"))
    from identity_provider import identity_provider

    with identity_provider() as issuer:
        transport = open_transport(HttpLimits(), user_agent="bench")
        provider = Provider(issuer.url, transport, time.monotonic)
        issued = IssuedTokens("corp", IssuerTable(url=issuer.url), HERE, provider)
        callers = Callers(StaticTokens({}), {issuer.url: issued}, time.time)
        groups = ["engineering", "support"]
        tokens = [issuer.token(HERE, jti=str(each), groups=groups) for each in range(TOKENS)]
        await callers.caller(issuer.token(HERE))
        first = [await _microseconds(callers, [token]) for token in tokens]
        kept = [await _microseconds(callers, tokens) for _ in range(TURNS)]
        await transport.aclose()
    return median(first), median(kept)


def token_checks() -> list[Row]:
    """Measure both; a limit is in microseconds of the processor."""
    first, kept = anyio.run(_measured)
    group = "check of a token, CPU"
    return [
        bounded(group, "the first time", "us", first, MOST_FIRST),
        bounded(group, "remembered", "us", kept, MOST_KEPT),
    ]


if __name__ == "__main__":
    rows = token_checks()
    print(as_table(rows))
    sys.exit(any(row.passed is False for row in rows))
