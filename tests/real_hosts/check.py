"""What real hosts tell a model of the bridge's tools: `scripts/hosts`.

For each host one turn is run with the bridge attached; the request that reached the model must list
the seven tools, with type and description of every argument. Prints a line for each host, and ends
with 1 if anything was found.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tool_schemas import properties_of

from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.tools.offer import offered_tools
from real_hosts.clis import CLIS, Cli, run
from real_hosts.stand_in import stand_in

Schema = dict[str, Any]

INPUTS: Final[dict[str, Schema]] = {
    tool.name: tool.parameters for tool in offered_tools(ServerConfig())
}
NO_AGENT: Final = "http://127.0.0.1:1"


def main() -> int:
    """Run every host; return 1 if anything was found, else 0."""
    findings = 0
    for name, cli in CLIS.items():
        listed, found = _examined(cli)
        findings += len(found)
        print(f"{name}: {len(listed)} tools, {_count(listed)} arguments, {len(found)} findings")
        for finding in found:
            print(f"  {finding}")
    return 1 if findings else 0


def _examined(cli: Cli) -> tuple[dict[str, Schema], list[str]]:
    """Return the tools that a model is told of, and what is wrong with them."""
    with tempfile.TemporaryDirectory() as folder, stand_in() as model:
        home = Path(folder, "home")
        server = [sys.executable, "-m", "a2a_mcp", "--state-dir", f"{folder}/state", NO_AGENT]
        printed = run(cli, home, model.url, server)
    if not model.requests:
        return {}, [f"no request reached the model; the host said: {printed}"]
    listed = dict(cli.tools(model.requests[-1]))
    return listed, [
        finding for name in INPUTS for finding in _lost(name, INPUTS[name], listed.get(name))
    ]


def _lost(name: str, schema: Schema, shown: Schema | None) -> list[str]:
    """Return what of a tool's arguments the model is not told."""
    if shown is None:
        return [f"{name}: not listed"]
    kept = dict(properties_of(shown))
    return [
        f"{name}.{path}: {key} is {kept.get(path, {}).get(key)!r}, not {inner.get(key)!r}"
        for path, inner in properties_of(schema)
        for key in ("type", "description")
        if kept.get(path, {}).get(key) != inner.get(key) or key not in inner
    ]


def _count(listed: dict[str, Schema]) -> int:
    return sum(len(list(properties_of(schema))) for schema in listed.values())


if __name__ == "__main__":
    sys.exit(main())
