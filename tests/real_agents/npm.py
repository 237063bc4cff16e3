"""Packages from npm, installed once and kept beside the agents' environments.

As there, a folder under its final name is always complete.
"""

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from real_agents.node import npm
from real_agents.venvs import cache

PACKAGES: Final[dict[str, tuple[str, ...]]] = {
    "typescript": ("@modelcontextprotocol/sdk@1.32.2",),
    # Half a gigabyte: only for scripts/hosts.
    "hosts": ("@openai/codex@0.171.0", "@google/gemini-cli@0.61.0"),
    # Only for scripts/sign-in, with those.
    "claude": ("@anthropic-ai/claude-code@2.1.332",),
    # Only for scripts/conformance.
    "conformance": ("@modelcontextprotocol/conformance@0.2.0-alpha.12",),
    # Only for scripts/views.
    "views": ("@modelcontextprotocol/ext-apps@2.0.4", "@modelcontextprotocol/client@2.4.0"),
    # Generations side by side; 0.2 brings an express of its own.
    "javascript": (
        "a2a-js-0.2@npm:@a2a-js/sdk@0.2.5",
        "a2a-js-0.3@npm:@a2a-js/sdk@0.3.14",
        "a2a-js-1.3@npm:@a2a-js/sdk@1.3.0",
        "express@5.1.0",
        # What the SDK's gRPC needs, which it leaves to its users.
        "@bufbuild/protobuf@2.17.0",
        "@grpc/grpc-js@1.14.7",
    ),
    # A certified OpenID Connect provider.
    "oidc": ("oidc-provider@9.13.3",),
}
INSTALL_SECONDS: Final = 300


class NpmFailed(RuntimeError):
    """The packages could not be installed; the text says why."""


def packages(name: str) -> Path:
    """Return the folder that holds `node_modules`, which is made if it is not there.

    Raises:
        KeyError: there is no such row in PACKAGES.
        NodeMissing: there is no npm.
        NpmFailed: npm failed or took longer than INSTALL_SECONDS.

    """
    wanted = PACKAGES[name]
    key = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:12]
    home = cache() / f"{name}-{key}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=home.parent) as making:
            fresh = Path(making, "packages")
            fresh.mkdir()
            _install(fresh, wanted)
            try:
                fresh.rename(home)
            except OSError:
                if not home.exists():  # else another run was quicker
                    raise
    return home


def _install(folder: Path, wanted: tuple[str, ...]) -> None:
    command = [*npm(), "install", "--no-audit", "--no-fund", "--ignore-scripts", *wanted]
    try:
        done = subprocess.run(
            [*command, "--prefix", str(folder)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise NpmFailed(f"npm install: not done after {INSTALL_SECONDS} s") from late
    if done.returncode:
        raise NpmFailed(f"npm install: {done.stderr.strip()}")
