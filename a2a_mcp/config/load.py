"""The configuration: `agents.toml`, `$A2A_AGENTS` and URL arguments, made into one frozen `Config`.

The only reader of the file and the environment. A mistake in one agent costs that agent; one in the
file itself, an argument or the server's settings is a `ConfigError` that names them all. Nothing is
ever taken from the working directory that was not named.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from a2a_mcp.config.builder import Draft
from a2a_mcp.config.faults import did_you_mean, mistakes_in, shown
from a2a_mcp.config.schema import AgentConfig, FileTable, ServerConfig
from a2a_mcp.config.secrets import SecretRegister, Sources
from a2a_mcp.errors import ConfigError

APP: Final = "a2a-mcp"
LEVELS: Final = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Config:
    """All that was configured.

    `agents` and `faults` share no name: a fault says why an agent cannot be used. `source` is the
    file that was read, or would be if it were there; `notes` are warnings for the terminal;
    `secrets` are those known so far, for masking; `files` are what the outcome hangs on; `paths`
    are they and the cards, all of which faults may name.
    """

    agents: Mapping[str, AgentConfig] = field(default_factory=dict)
    server: ServerConfig = field(default_factory=ServerConfig)
    default_agent: str | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    source: Path | None = None
    notes: tuple[str, ...] = ()
    secrets: SecretRegister = field(default_factory=SecretRegister, repr=False, compare=False)
    files: frozenset[Path] = field(default=frozenset(), repr=False, compare=False)
    paths: frozenset[Path] = field(default=frozenset(), repr=False, compare=False)


def load(
    *,
    path: Path | None,
    urls: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    strict: bool = False,
    secrets: SecretRegister | None = None,
) -> Config:
    """Read the configuration; a file that is not there counts as an empty one.

    `secrets` is where secrets are registered; a fresh one if None. Raises ConfigError with a line
    `file: key: reason` for every mistake; with `strict` also for those that cost one agent.
    """
    register = SecretRegister() if secrets is None else secrets
    draft = Draft(Sources(path.parent if path else None, environ, register))
    file = _read_file(path, draft) if path else FileTable()
    draft.add_entries(environ.get("A2A_AGENTS", ""))
    draft.add_arguments(urls)
    default = _default(file.default_agent, path, draft)
    if faults := draft.stops + (draft.strict if strict else []):
        raise ConfigError(faults)
    return Config(
        agents=draft.agents,
        server=file.server,
        default_agent=default,
        faults=draft.faults,
        source=path,
        notes=tuple(draft.notes),
        secrets=register,
        files=frozenset(draft.sources.files),
        paths=frozenset(draft.sources.files).union(_cards(draft)),
    )


def _cards(draft: Draft) -> Iterator[Path]:
    return (agent.card for agent in draft.agents.values() if isinstance(agent.card, Path))


def _read_file(path: Path, draft: Draft) -> FileTable:
    draft.sources.files.add(path)
    try:
        table = _toml(path)
        agents = table.get("agents")
        for name, agent in agents.items() if isinstance(agents, dict) else ():
            draft.add_table(name, agent, path)
        file = FileTable.model_validate(table, context=draft.sources)
    except ValidationError as error:
        draft.stops += [mistake.at(str(path)) for mistake in mistakes_in(error, FileTable)]
        default = table.get("default_agent")
        return FileTable(default_agent=default if isinstance(default, str) else None)
    except ConfigError as error:
        draft.stops += error.faults
        return FileTable()
    if draft.sources.literal and os.name == "posix" and path.stat().st_mode & 0o004:
        draft.notes.append(f"{path}: holds secrets and every user can read it; chmod 600 it")
    return file


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: is not TOML: {shown(str(error))}"]) from None


def _default(name: str | None, path: Path | None, draft: Draft) -> str | None:
    if name is None:
        return None
    found = draft.find(name)
    if found is None:
        near = did_you_mean(name, [*draft.agents, *draft.faults])
        draft.stops.append(f"{path}: default_agent: no agent has this name{near}")
    return found


def config_path(path: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Give the file to read: `path`, else `$A2A_MCP_CONFIG`, else the platform's, there or not.

    Raises ConfigError when one was named and is not there; None when there is no home folder.
    """
    for given, said in ((path, "--config"), (environ.get("A2A_MCP_CONFIG"), "$A2A_MCP_CONFIG")):
        if given:
            named = Path(os.path.expanduser(given)).absolute()
            if not named.exists():
                raise ConfigError([f"{named}: {said}: there is no such file"])
            return named
    folder = _user_folder("config")
    return folder / "agents.toml" if folder else None


def state_folder(
    option: Path | None, config: Config, environ: Mapping[str, str] = os.environ
) -> Path:
    """Give the folder of the task map: `option`, `$A2A_MCP_STATE_DIR`, the file's, the platform's.

    It may not exist. Without a home folder it is one that cannot: state then stays in memory.
    """
    given = option or environ.get("A2A_MCP_STATE_DIR") or config.server.state_dir
    if given:
        return Path(os.path.expanduser(given)).absolute()
    return _user_folder("state") or Path(os.devnull, APP)


def _user_folder(kind: str) -> Path | None:
    import platformdirs  # only where no path was named: it costs 15 ms of the start

    find = platformdirs.user_config_path if kind == "config" else platformdirs.user_state_path
    folder = find(APP, appauthor=False)
    return folder if folder.is_absolute() else None  # "~" stays as it is without a home


def server_with(settings: ServerConfig, wanted: Mapping[str, object]) -> ServerConfig:
    """Give the settings with those of the command line in their place; raises ConfigError."""
    try:
        checked = ServerConfig.model_validate(wanted)
    except ValidationError as error:
        raise ConfigError(
            [f"--{mistake.key}: {mistake.reason}" for mistake in mistakes_in(error, ServerConfig)]
        ) from None
    return settings.model_copy(update={name: getattr(checked, name) for name in wanted})


def log_level(option: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """Give the log level: `option`, else `$A2A_MCP_LOG`, else `warning`; raises ConfigError."""
    said = "--log-level" if option else "$A2A_MCP_LOG"
    level = (option or environ.get("A2A_MCP_LOG") or "warning").lower()
    if level not in LEVELS:
        raise ConfigError([f"{said}: must be one of {', '.join(LEVELS)}"])
    return level
