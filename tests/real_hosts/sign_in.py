"""Whether real hosts sign a person in at an identity provider, and call tools: `scripts/sign-in`.

The provider is the certified one of `real_agents`, the browser fills in its pages. Each host knows
of the bridge only its address. It signs in as one person, sends a task, and then sees the tasks of
that person from all hosts. Prints a line for each host, and ends with 1 if anything was found.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from e2e.bridges import Home, free_port
from real_agents import start_agent

from real_hosts.signing_in import HOSTS, PERSON, SigningHost
from real_hosts.stand_in import Model, stand_in
from real_hosts.turns import Call

OWNER: Final = f"corp:{PERSON}"
MOST_SHOWN: Final = 1000


async def main() -> int:
    """Let every host sign in; return 1 if anything was found, else 0."""
    with (
        tempfile.TemporaryDirectory() as folder,
        start_agent("oidc") as login,
        start_agent("1.3-jsonrpc") as agent,
    ):
        port, audit = free_port(), Path(folder, "audit.jsonl")
        home = Home(Path(folder)).configure(
            {"it": agent.url},
            public_url=f"http://127.0.0.1:{port}",
            issuers={"corp": {"url": login.url}},
            audit_file=str(audit),
        )
        async with home.serving(port=port) as served:
            return await anyio.to_thread.run_sync(_all_examined, served.url, audit)


def _all_examined(url: str, audit: Path) -> int:
    findings = 0
    for number, (name, host) in enumerate(HOSTS.items()):
        with tempfile.TemporaryDirectory() as folder:
            found = list(_examined(name, host, Path(folder), url, list(HOSTS)[: number + 1]))
        findings += len(found)
        print(f"{name}: {_audited(audit)}; {len(found)} findings")
        for finding in found:
            print(f"  {finding}")
    return 1 if findings else 0


def _examined(
    name: str, host: SigningHost, folder: Path, url: str, seen: list[str]
) -> Iterator[str]:
    """Yield what is wrong with a host; the tasks of those `seen` are listed."""
    home = host.prepared(folder)
    with stand_in() as model:
        said = ""
        for words in host.sign_in:
            said += host.run(home, model.url, *(url if word == "URL" else word for word in words))
        if host.signed_in not in said:
            yield f"not signed in; the host said: {said[-MOST_SHOWN:]}"
            return
        turn = partial(_not_told, host, home, model)
        yield from turn(Call("send_task", {"message": f"task of {name}"}), f"task: of {name}")
        yield from turn(Call("list_tasks", {}), *(f"task of {each}" for each in seen))


def _not_told(
    host: SigningHost, home: Path, model: Model, call: Call, *expected: str
) -> Iterator[str]:
    """Yield what the model should be told of a call and is not."""
    model.call, model.requests = call, []
    said = host.run(home, model.url, *host.turn)
    told = " ".join(answer for request in model.requests for answer in host.answers(request))
    for words in expected:
        if words not in told:
            yield f"{call.tool}: not told {words!r}, but: {(told or said)[-MOST_SHOWN:]}"


def _audited(audit: Path) -> str:
    """Return what the bridge has noted of the last host's calls."""
    lines = [json.loads(line) for line in audit.read_text().splitlines()] if audit.exists() else []
    mine = [line for line in lines if line["host"] == lines[-1]["host"]]
    if not mine or {line["owner"] for line in mine} != {OWNER}:
        return f"no calls of {OWNER}"
    calls = ", ".join(f"{line['action']} {line['outcome']}" for line in mine)
    return f"{mine[0]['host']}, signed in as {OWNER}: {calls}"


if __name__ == "__main__":
    sys.exit(anyio.run(main))
