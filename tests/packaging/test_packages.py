"""What is published: the wheel, the bundle for Claude Desktop, the entry of the MCP registry."""

import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from commands import demo_agent, home_in
from mcp import Client, StdioServerParameters, stdio_client
from real_agents.venvs import uv_command

import a2a_mcp

ROOT: Final = Path(a2a_mcp.__file__).resolve().parents[1]
SECONDS: Final = 300
TOOLS: Final = 7


def run(*command: str, cwd: Path, **environment: str) -> str:
    """Return what a command printed; it must end well."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=surroundings() | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def surroundings() -> dict[str, str]:
    """Return the environment without what this run of the tests has in it."""
    own = ("A2A_", "VIRTUAL_ENV", "UV_NO_SYNC", "PYTHONPATH", "PYTEST")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def uv(*arguments: str, cwd: Path) -> str:
    return run(*uv_command(), "--quiet", *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel made from a source distribution, as an index has it."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--out-dir", str(folder), str(ROOT), cwd=folder)
    return next(folder.glob("*.whl"))


def test_a_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = (path for path in (ROOT / "a2a_mcp").rglob("*") if path.is_file())
    wanted = {path.relative_to(ROOT).as_posix() for path in files if path.suffix != ".pyc"}
    assert inside == wanted


@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
def test_in_a_bare_environment_the_demo_runs_with_the_dependencies(
    resolution: str, wheel: Path, tmp_path: Path
) -> None:
    pins = tmp_path / "pins.txt"
    chosen = ["--extra", "demo", "--resolution", resolution, "--python-version", python_version()]
    uv("pip", "compile", *chosen, str(ROOT / "pyproject.toml"), "-o", str(pins), cwd=tmp_path)
    python = bare_environment(wheel, pins, tmp_path)
    shown = run(str(python), "-m", "a2a_mcp", "demo", cwd=tmp_path, HOME=str(tmp_path))
    assert "All went as expected." in shown


def bare_environment(wheel: Path, pins: Path, folder: Path) -> Path:
    """Install a wheel into a new environment; return its interpreter."""
    bare = folder / "bare"
    uv("venv", "--python", sys.executable, str(bare), cwd=folder)
    python = bare / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    install = ["pip", "install", "--python", str(python), "--constraint", str(pins)]
    uv(*install, f"{wheel}[demo]", cwd=folder)
    return python


@pytest.mark.anyio
async def test_a_newcomer_gets_from_an_empty_home_to_an_answer_in_a_minute(
    wheel: Path, tmp_path: Path
) -> None:
    python = bare_environment(wheel, ROOT / "constraints.txt", tmp_path)
    command = (str(python), "-m", "a2a_mcp")
    home = replace(home_in(tmp_path / "home"), command=command)
    home.folder.mkdir()
    with demo_agent(home) as url, anyio.fail_after(60):
        steps = (
            (("init", url), "See how it is: a2a-mcp check demo-agent"),
            (("check",), "The agent can be used."),
            (("install", "claude-desktop", "--dry-run"), "Nothing was written."),
            (("send", "demo-agent", "what can you do?"), "I am a demo agent."),
        )
        for words, said in steps:
            done = await home.run(*words)
            assert done.code == 0, done.err
            assert said in done.out + done.err


def python_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.anyio
async def test_an_unpacked_bundle_starts_as_its_manifest_says(tmp_path: Path) -> None:
    made = run(sys.executable, str(ROOT / "packaging/bundle.py"), str(tmp_path), cwd=tmp_path)
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(made.strip()).extractall(unpacked)
    manifest = json.loads((unpacked / "manifest.json").read_text("utf-8"))
    assert (unpacked / manifest["server"]["entry_point"]).is_file()
    async with Client(stdio_client(as_a_host_starts_it(manifest, unpacked))) as client:
        assert client.server_info is not None
        assert client.server_info.version == a2a_mcp.__version__
        assert len((await client.list_tools()).tools) == TOOLS
        shown = await client.call_tool("agent_info", {})
    assert "weather" in json.dumps(shown.structured_content)


def as_a_host_starts_it(manifest: dict[str, Any], folder: Path) -> StdioServerParameters:
    """Return the command of a manifest, with what a person has filled in."""
    config = manifest["server"]["mcp_config"]
    filled = {name: option["default"] for name, option in manifest["user_config"].items()}
    filled["agents"] = "weather=https://agent.example"

    def fill(text: str) -> str:
        text = text.replace("${__dirname}", str(folder))
        return re.sub(r"\$\{user_config\.(\w+)\}", lambda found: filled[found[1]], text)

    assert config["command"] == "uv"
    command, *rest = [*uv_command(), *map(fill, config["args"])]
    own = {name: fill(value) for name, value in config["env"].items()}
    env = surroundings() | own | {"UV_PYTHON": sys.executable}
    return StdioServerParameters(command=command, args=rest, env=env)


def test_what_is_published_names_one_version() -> None:
    server = json.loads((ROOT / "server.json").read_text("utf-8"))
    manifest = json.loads((ROOT / "packaging/manifest.json").read_text("utf-8"))
    versions = {server["version"], manifest["version"], server["packages"][0]["version"]}
    assert versions == {a2a_mcp.__version__}


def test_what_an_image_copies_exists() -> None:
    copied = re.findall(
        r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE
    )
    sources = [name for line in copied for name in line.split()]
    kept = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert sources
    assert [name for name in sources if not (ROOT / name).exists()] == []
    assert [name for name in sources if f"!{name}" not in kept] == []
