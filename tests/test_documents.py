"""The documents are true: what they show can be loaded, what they name exists."""

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from a2a_mcp.cli import commands
from a2a_mcp.config import load as configuration
from a2a_mcp.config.auth import AUTH_TABLES
from a2a_mcp.config.limits import Limits
from a2a_mcp.config.push import PushTable
from a2a_mcp.config.schema import AgentConfig, FileTable, ServerConfig
from a2a_mcp.config.signature import SignatureTable
from a2a_mcp.config.store import StoreTable
from a2a_mcp.server.tools.definitions import TABLE

ROOT: Final = Path(__file__).resolve().parents[1]
EXAMPLE: Final = ROOT / "agents.example.toml"
DOCUMENTS: Final = tuple(
    sorted(
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.md", "docs/*.md", "bench/*.md")
        for path in ROOT.glob(pattern)
    )
)
COMMANDS: Final = (
    *((name,) if name else () for name in ("", *commands.COMMANDS)),
    ("tasks", "forget"),
)
# Options of other programs that the documents name.
FOREIGN_OPTIONS: Final = frozenset(
    {
        *("--extra", "--no-dev", "--directory"),  # uv run
        "--profile",  # docker compose
        *("--group", "--universal", "--python-version", "--no-header", "--no-annotate"),  # uv pip
        *("--scope", "--transport"),  # claude mcp add
        *("--url", "--bearer-token-env-var"),  # codex mcp add
        *("--audiences", "--format", "--impersonate-service-account"),  # gcloud
        *("--resource", "--output"),  # az
        *("--prompt", "--allowed-mcp-server-names"),  # gemini
        *("--check", "--quick", "--json", "--self-check"),  # ruff, bench/run.py
    }
)
SECRET: Final = (
    "http://a-long-and-random-secret.example"  # a value that may stand in every place of a secret
)
DATABASE: Final = "postgresql://bridge@db.example/bridge"
VARIABLE: Final = re.compile(r"\bA2A_[A-Z_]+\b")
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    document: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.text.splitlines()[0][:40]}"


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(language: str) -> list[Block]:
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return [
        Block(document, language, found)
        for document in DOCUMENTS
        for found in fence.findall(read(document))
    ]


@cache
def options(command: tuple[str, ...]) -> frozenset[str]:
    """Return the options that the command's own --help names."""
    done = subprocess.run(
        [sys.executable, "-m", "a2a_mcp", *command, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return frozenset(re.findall(r"(?<![\w-])--[a-z][a-z-]*", done.stdout))


def load(text: str, folder: Path) -> configuration.Config:
    """Read a configuration, every secret and file of which is there."""
    path = folder / "agents.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    for name in re.findall(r'\b(?:file|card|ca_file|cert|key|client_key|keys) = "([^"]+)"', text):
        found = folder / name
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(SECRET, encoding="utf-8")
    environ = dict.fromkeys(re.findall(r'env = "(\w+)"', text), SECRET)
    environ |= {name: DATABASE for name in environ if name in ("DATABASE_URL", "DIRECT_URL")}
    return configuration.load(path=path, environ=environ, strict=True)


def is_for_a_host(text: str) -> bool:
    return "mcp_servers" in tomllib.loads(text)


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_every_configuration_shown_can_be_loaded(block: Block, tmp_path: Path) -> None:
    if is_for_a_host(block.text):
        servers = tomllib.loads(block.text)["mcp_servers"].values()
        assert [server for server in servers if not is_startable(server)] == []
        return
    shown = tomllib.loads(block.text)
    # A snippet may begin at [server]; what it names as default must be its own.
    loaded = load(block.text, tmp_path)
    assert loaded.faults == {}
    assert {*loaded.agents, *loaded.catalogs} == set(shown.get("agents", {}))


def test_codex_is_told_to_wait_for_the_server_wherever_its_settings_are_shown() -> None:
    shown = [tomllib.loads(block.text) for block in blocks("toml") if "mcp_servers" in block.text]
    servers = [server for table in shown for server in table["mcp_servers"].values()]
    assert servers
    assert all(server.get("required") is True for server in servers)


def test_what_to_do_after_a_crash_of_the_server_is_said() -> None:
    _, _, told = read("docs/hosts.md").partition("\n## When the bridge ends\n")
    told = told.partition("\n## ")[0]
    assert "restart the host" in told
    assert "`list_tasks` finds it" in " ".join(told.split())


def test_the_example_loads_as_it_stands() -> None:
    loaded = configuration.load(path=EXAMPLE, environ={}, strict=True)
    assert loaded.faults == {}
    assert [name for name, agent in loaded.agents.items() if agent.enabled] == ["currency"]


def test_the_example_loads_with_every_agent_switched_on(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    text = re.sub(r"^# (\w+ = |\[)", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^enabled = false.*$", "", text, flags=re.MULTILINE)
    loaded = load(text, tmp_path)
    assert all(agent.enabled for agent in loaded.agents.values())
    assert loaded.agents["currency"].version == "1.0"
    assert set(loaded.server.tokens) == {"alice"}


def keys() -> set[str]:
    tables = (
        *(AgentConfig, SignatureTable, Limits, ServerConfig, PushTable, StoreTable, FileTable),
        *AUTH_TABLES.values(),
    )
    fields = (item for table in tables for item in table.model_fields.items())
    return {field.alias or name for name, field in fields} - {"name"}


@pytest.mark.parametrize("document", ["docs/configuration.md", "agents.example.toml"])
def test_every_key_is_shown(document: str) -> None:
    words = set(re.findall(r"\w+", read(document)))
    assert sorted(keys() - words) == []


def test_the_defaults_in_the_example_are_the_real_ones() -> None:
    shown = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    limits = shown["agents"]["currency"]["limits"]
    assert limits == Limits().model_dump()
    server = ServerConfig().model_dump(mode="json")
    assert shown["server"] == {key: server[key] for key in shown["server"]}


@pytest.mark.parametrize(
    ("heading", "table"), [("### Limits", Limits()), ("## The server", ServerConfig())]
)
def test_the_defaults_said_are_the_real_ones(heading: str, table: Limits | ServerConfig) -> None:
    section = read("docs/configuration.md").partition(f"\n{heading}\n")[2].partition("\n#")[0]
    said = dict(re.findall(r"^\| `(\w+)` \| `?\"?([\w./]+)\"?`? \|", section, flags=re.MULTILINE))
    real = table.model_dump(mode="json")
    assert len(said) > 5
    assert said == {key: written(key, real[key]) for key in said}


def written(key: str, value: Any) -> str:
    """Return a default as a configuration file holds it."""
    if key.endswith("_seconds"):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_every_json_shown_is_a_host_that_starts_us_or_a_result(block: Block) -> None:
    shown = json.loads(block.text)
    servers = shown.get("mcpServers") or shown.get("servers")
    if servers is None:
        assert "state" in shown
        return
    assert [server for server in servers.values() if not is_startable(server)] == []


def is_startable(server: dict[str, Any]) -> bool:
    """Return whether a host's entry starts the bridge with known options, or calls its path."""
    if "url" in server:
        return str(server["url"]).endswith(ServerConfig().path)
    words = [Path(server["command"]).name, *server["args"]]
    given = words[words.index("a2a-mcp") + 1 :]
    return all(word in options(()) for word in given if word.startswith("--"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_option_named_exists(document: str) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", read(document)))
    ours = frozenset().union(*(options(command) for command in COMMANDS))
    assert sorted(named - ours - FOREIGN_OPTIONS) == []


@pytest.mark.parametrize("command", COMMANDS[:2], ids=str)
def test_an_option_stands_with_the_command_that_has_it(command: tuple[str, ...]) -> None:
    start = " ".join(("a2a-mcp", *command))
    lines = [line for document in DOCUMENTS for line in read(document).splitlines()]
    shown = [line for line in lines if line.startswith(f"    {start} -")]
    wrong = [line for line in shown if set(re.findall(r"--[a-z-]+", line)) - options(command)]
    assert wrong == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_variable_named_is_read_somewhere(document: str) -> None:
    places = [*ROOT.glob("a2a_mcp/**/*.py"), *ROOT.glob("tests/real_agents/*.py")]
    known = {name for path in places for name in VARIABLE.findall(path.read_text("utf-8"))}
    assert sorted(set(VARIABLE.findall(read(document))) - known) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file_and_a_heading(document: str) -> None:
    broken = []
    for link in LINK.findall(read(document)):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = (ROOT / document).parent / name if name else ROOT / document
        if not target.exists() or (is_page(target) and heading and heading not in headings(target)):
            broken.append(link)
    assert broken == []


def is_page(path: Path) -> bool:
    return path.suffix == ".md"


def headings(path: Path) -> set[str]:
    lines = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


def test_the_readme_lists_exactly_the_tools_there_are() -> None:
    section = read("README.md").partition("## The tools")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert listed == [function.__name__ for function, *_ in TABLE]


def test_the_test_command_of_ci_is_the_one_of_the_readme() -> None:
    command = read(".ci/run").splitlines()[-1].removeprefix("exec ")
    assert f"\n    pip install uv && {command}\n" in read("README.md")
    assert f"{command} " in read("scripts/check")


def test_the_constraints_are_plain_versions() -> None:
    lines = read("constraints.txt").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*", line)] == []


def test_every_promise_of_the_security_page_names_a_test_that_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+)::(test_\w+)`", read("docs/security.md"))
    gone = [f"{file}::{test}" for file, test in named if f"def {test}(" not in read(file)]
    assert named
    assert gone == []
