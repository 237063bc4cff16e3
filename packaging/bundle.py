"""Make the bundle that Claude Desktop installs (`.mcpb`): the package, its metadata, a manifest.

    uv run python packaging/bundle.py [FOLDER]

The host gets Python and the dependencies itself, through uv. The same source makes the same bytes.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT: Final = Path(__file__).resolve().parents[1]
PARTS: Final = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "a2a_mcp/**/*.py",
    "a2a_mcp/**/*.json",
    "a2a_mcp/py.typed",
)
OLDEST: Final = (1980, 1, 1, 0, 0, 0)  # a zip knows no earlier time


def version() -> str:
    """Return the version of the package."""
    text = (ROOT / "a2a_mcp" / "__init__.py").read_text(encoding="utf-8")
    return re.findall(r'__version__ = "(.+)"', text)[0]


def manifest() -> dict[str, Any]:
    """Return the manifest, with the version of the package."""
    known: dict[str, Any] = json.loads((ROOT / "packaging" / "manifest.json").read_text("utf-8"))
    return known | {"version": version()}


def files() -> Iterator[Path]:
    """Return the files of the bundle, in the order of their names."""
    return iter(sorted({path for part in PARTS for path in ROOT.glob(part)}))


def make(folder: Path) -> Path:
    """Write the bundle into a folder; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / f"a2a-mcp-{version()}.mcpb"
    with ZipFile(bundle, "w") as archive:
        _add(archive, "manifest.json", (json.dumps(manifest(), indent=2) + "\n").encode())
        for path in files():
            _add(archive, path.relative_to(ROOT).as_posix(), path.read_bytes())
    return bundle


def _add(archive: ZipFile, name: str, content: bytes) -> None:
    entry = ZipInfo(name, OLDEST)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


if __name__ == "__main__":
    print(make(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
