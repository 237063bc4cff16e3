"""One virtual environment per a2a-sdk generation or other framework, made once and kept.

A folder under its final name is always complete: it is built under another name and renamed, so
neither a crash nor two test runs at once can leave or meet half an environment.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

WEB: Final = (
    "annotated-doc==0.0.7",
    "annotated-types==0.8.0",
    "anyio==4.16.0",
    "click==8.5.1",
    "colorama==0.4.6 ; sys_platform == 'win32'",
    "fastapi==0.165.0",
    "h11==0.16.0",
    "idna==3.20",
    "opentelemetry-api==1.45.2",
    "pydantic==2.14.3",
    "pydantic-core==2.50.4",
    "starlette==1.10.0",
    "typing-extensions==4.16.0",
    "typing-inspection==0.4.5",
    "uvicorn==0.54.0",
)
"""FastAPI and uvicorn with all they need."""

REQUIREMENTS: Final[dict[str, tuple[str, ...]]] = {
    "1.3": (
        "a2a-sdk[http-server]==1.3.0",
        "grpcio==1.85.1",
        "httpx==0.28.1",
        "protobuf==7.36.2",
        "pydantic==2.14.3",
        "sse-starlette==3.7.0",
        "starlette==1.10.0",
        "uvicorn==0.54.0",
    ),
    "0.3": (
        "a2a-sdk[http-server]==0.3.26",
        "fastapi==0.165.0",
        "grpcio==1.85.1",
        "httpx==0.28.1",
        "protobuf==7.36.2",
        "pydantic==2.14.3",
        "sse-starlette==3.7.0",
        "starlette==1.10.0",
        "uvicorn==0.54.0",
    ),
    # This one needs its server packages without an extra.
    "0.2": (
        "a2a-sdk==0.2.16",
        "fastapi==0.165.0",
        "httpx==0.28.1",
        "pydantic==2.14.3",
        "sse-starlette==3.7.0",
        "starlette==1.10.0",
        "uvicorn==0.54.0",
    ),
    "mcp-1.3": ("mcp==1.3.0", "anyio==4.16.0", "pydantic==2.10.6"),
    "mcp-1.9": ("mcp==1.9.4", "anyio==4.16.0", "pydantic==2.10.6"),
    # What the bridge uses where it is installed.
    "uvloop": ("uvloop==0.23.0",),
    # A server that speaks S3: what `python -m moto.server` imports for that.
    "s3": (
        "--no-deps",
        "moto==5.2.5",
        "blinker==1.9.0",
        "boto3==1.44.8",
        "botocore==1.44.8",
        "certifi==2026.10.18",
        "cffi==2.1.1",
        "charset-normalizer==3.5.2",
        "click==8.5.1",
        "colorama==0.4.6 ; sys_platform == 'win32'",
        "cryptography==50.0.2",
        "flask==3.1.3",
        "flask-cors==6.0.5",
        "idna==3.20",
        "itsdangerous==2.2.0",
        "jinja2==3.1.6",
        "jmespath==1.1.0",
        "markupsafe==3.0.4",
        "py-partiql-parser==0.6.3",
        "pycparser==3.12",
        "python-dateutil==2.9.0.post0",
        "pyyaml==6.0.4",
        "requests==2.34.2",
        "responses==0.26.3",
        "s3transfer==0.19.3",
        "six==1.17.0",
        "urllib3==2.8.0",
        "werkzeug==3.1.9",
        "xmltodict==1.0.4",
    ),
    # What hosts do to the schemas of tools before a model gets them.
    "converters": ("openai-agents==0.24.0", "google-genai==3.6.1", "openai==3.57.0"),
    "fasta2a": (
        "fasta2a==2.1.1",
        "pydantic==2.14.3",
        "starlette==1.10.0",
        "uvicorn==0.54.0",
    ),
    "fasta2a-0.6": (
        "fasta2a==0.6.1",
        "pydantic==2.14.3",
        "starlette==1.10.0",
        "uvicorn==0.54.0",
    ),
    # Not what they ask for but what their servers import: without the clients of models, a third
    # of the size or less, and nothing that could call home.
    "python-a2a": (
        "--no-deps",
        "python-a2a==0.5.10",
        "blinker==1.9.0",
        "certifi==2026.10.18",
        "charset-normalizer==3.5.2",
        "flask==3.1.3",
        "httpcore==1.0.9",
        "httpx==0.28.1",
        "itsdangerous==2.2.0",
        "jinja2==3.1.6",
        "markupsafe==3.0.4",
        "requests==2.34.2",
        "urllib3==2.8.0",
        "werkzeug==3.1.9",
        *WEB,
    ),
    "praisonai": (
        "--no-deps",
        "praisonaiagents==1.7.17",
        *WEB,
    ),
}

BUILD_SECONDS: Final = 600
REPOSITORY: Final = Path(__file__).resolve().parents[2]


class VenvFailed(RuntimeError):
    """An environment could not be made; the text holds what uv said."""


def python_of(generation: str) -> Path:
    """Return the interpreter of a generation's environment, which is made if it is not there.

    Raises:
        KeyError: there is no such generation.
        VenvFailed: uv is missing, failed or took longer than BUILD_SECONDS.

    """
    requirements = REQUIREMENTS[generation]
    home = cache() / f"a2a-sdk-{generation}-{_key(requirements)}"
    if not home.exists():
        _make(home, requirements)
    return _python(home)


def cache() -> Path:
    """Return the folder that keeps what the tests install."""
    return Path(os.environ.get("A2A_MCP_TEST_VENVS") or REPOSITORY / ".venvs").resolve()


def _key(requirements: tuple[str, ...]) -> str:
    # The base interpreter too: an environment is a link to it.
    known = [sys.version, sys.base_prefix, *requirements]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:12]


def _python(home: Path) -> Path:
    return home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _make(home: Path, requirements: tuple[str, ...]) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=home.parent) as making:
        fresh = Path(making, "venv")
        _uv("venv", "--relocatable", "--python", sys.executable, str(fresh))
        _uv("pip", "install", "--python", str(_python(fresh)), *requirements)
        try:
            fresh.rename(home)
        except OSError:
            # Another run was quicker; its environment is the same.
            if not home.exists():
                raise


def _uv(*arguments: str) -> None:
    command = [*uv_command(), "--quiet", "--no-config", *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise VenvFailed(f"uv {arguments[0]}: not done after {BUILD_SECONDS} s") from late
    if done.returncode:
        raise VenvFailed(f"uv {' '.join(arguments)}: {done.stderr.strip()}")


def uv_command() -> list[str]:
    """Return the command that runs uv; raises VenvFailed if there is none."""
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    if found := shutil.which("uv"):
        return [found]
    raise VenvFailed("the agents' environments are made by uv: pip install uv")
