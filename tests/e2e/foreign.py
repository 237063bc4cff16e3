"""Hosts on other SDKs, each a process of its own that is told what to call, line by line.

The TypeScript SDK checks what the Python one does not: errors, too. Old SDKs refuse a whole result
for one block that they do not know. The packages from npm are installed once, into a folder beside
the agents' environments.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import mcp.types as t
from agents.venvs import cache, python_of
from anyio.streams.buffered import BufferedByteReceiveStream

from e2e.bridges import Home
from e2e.hosts import CALL_SECONDS, Host, Progress

PACKAGES: Final = ("@modelcontextprotocol/sdk@1.32.2",)
TYPESCRIPT: Final = Path(__file__).parents[1] / "typescript" / "host.mjs"
OLD: Final = Path(__file__).with_name("old_host.py")
INSTALL_SECONDS: Final = 300
LONGEST_LINE: Final = 1 << 20


class NpmFailed(RuntimeError):
    """The packages could not be installed; the text says why."""


def packages() -> Path:
    """Give the folder that holds `node_modules`; raises NpmFailed."""
    key = hashlib.sha256(json.dumps(PACKAGES).encode()).hexdigest()[:12]
    home = cache() / f"typescript-{key}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=home.parent) as making:
            fresh = Path(making, "packages")
            fresh.mkdir()
            _install(fresh)
            try:
                fresh.rename(home)
            except OSError:
                if not home.exists():  # else another run was quicker
                    raise
    return home


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NpmFailed("the TypeScript host needs Node.js 20 and npm on the PATH")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    done = subprocess.run(
        [*command, "--prefix", str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        raise NpmFailed(f"npm install: {done.stderr.strip()}")


@asynccontextmanager
async def typescript_host(home: Home) -> AsyncIterator[Host]:
    """Start a host on the TypeScript SDK, and through it a bridge."""
    folder = await anyio.to_thread.run_sync(packages)
    async with _piped(["node", str(TYPESCRIPT), str(folder)], home) as host:
        yield host


@asynccontextmanager
async def old_host(home: Home, sdk: str) -> AsyncIterator[Host]:
    """Start a host on an old Python SDK, and through it a bridge."""
    python = await anyio.to_thread.run_sync(python_of, sdk)
    async with _piped([str(python), str(OLD)], home) as host:
        yield host


@asynccontextmanager
async def _piped(script: list[str], home: Home) -> AsyncIterator[Host]:
    """Give a script the bridge's command; a result that its SDK refuses fails the test."""
    command = [*script, *home.command()]
    with home.stderr.open("ab") as stderr:
        process = await anyio.open_process(command, stderr=stderr, env=home.environment())
    assert process.stdin
    assert process.stdout
    stdin, stdout = process.stdin, BufferedByteReceiveStream(process.stdout)

    async def read() -> Any:
        with anyio.fail_after(CALL_SECONDS):
            return json.loads(await stdout.receive_until(b"\n", LONGEST_LINE))

    async def ask(
        tool: str, arguments: Mapping[str, Any], progress: Progress | None
    ) -> t.CallToolResult:
        assert progress is None
        call = json.dumps({"tool": tool, "arguments": dict(arguments)})
        await stdin.send(f"{call}\n".encode())
        result = await read()
        assert "invalid" not in result, f"{call}: {result['invalid']}"
        return t.CallToolResult.model_validate(result)

    try:
        listed = await read()
        yield Host(ask, [t.Tool.model_validate(tool) for tool in listed["tools"]])
    finally:
        with anyio.CancelScope(shield=True):
            await stdin.aclose()  # its end, and so the bridge's
            with anyio.move_on_after(5):
                await process.wait()
            if process.returncode is None:
                process.kill()
            await process.aclose()
