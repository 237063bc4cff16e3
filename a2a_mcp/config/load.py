"""The configuration: `agents.toml`, `$A2A_AGENTS` and URL arguments, made into one frozen `Config`.

Only this module reads the file and the environment. A fault in one agent disables that agent.
Faults of the file itself, of an argument or of the server's settings are raised together in one
ConfigError. No file is read from the working directory unless it was named.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from a2a_mcp.config.access import notes_of_rules
from a2a_mcp.config.agent_tables import AgentTables
from a2a_mcp.config.builder import ConfigBuilder
from a2a_mcp.config.faults import did_you_mean, faults_in, shown
from a2a_mcp.config.places import APP, user_folder
from a2a_mcp.config.schema import AgentConfig, FileTable, ServerConfig
from a2a_mcp.config.secrets import SecretRegister, ValidationContext
from a2a_mcp.errors import ConfigError

WINDOWS_PATH: Final = r"write a Windows path in single quotes: 'C:\Users\…'"
NO_ISSUERS: Final = (
    "agents.{}.auth: exchanges callers' own tokens, and without [server.issuers] nobody has one"
)
LEVELS: Final = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Config:
    """All that was configured.

    `faults` says, by name, why an agent cannot be used; such an agent is not in `agents`.
    `catalogs` are the tables of lists of agents. `source`
    is the file that was read, there or not. `notes` are warnings for the terminal. `secrets` are
    those known so far, for masking. `files` are the files that were read; `paths` are these and the
    cards' files, all of which an error may name.
    """

    agents: AgentTables = field(default_factory=AgentTables)
    catalogs: Mapping[str, AgentConfig] = field(default_factory=dict)
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

    Secrets are added to `secrets`, or to a new register. Raises ConfigError with a line
    `file: key: reason` for every fault; with `strict` also for those that disable one agent.
    """
    register = SecretRegister() if secrets is None else secrets
    builder = ConfigBuilder(ValidationContext(path.parent if path else None, environ, register))
    file = _read_file(path, builder) if path else FileTable()
    builder.add_entries(environ.get("A2A_AGENTS", ""))
    builder.add_arguments(urls)
    default = _default(file.default_agent, path, builder)
    if file.server.push:
        builder.notes += file.server.push.notes(url for _, url in builder.agents.urls())
    builder.notes += notes_of_rules(
        file.server.access,
        [*builder.agents, *builder.faults],
        builder.catalogs,
        may_grow="registry" in file.server.toolsets,
    )
    if not file.server.issuers:
        builder.notes += map(NO_ISSUERS.format, builder.agents.exchanging())
    if faults := builder.errors + (builder.strict_errors if strict else []):
        raise ConfigError(faults)
    return Config(
        agents=builder.agents,
        catalogs=builder.catalogs,
        server=file.server,
        default_agent=default,
        faults=builder.faults,
        source=path,
        notes=tuple(builder.notes),
        secrets=register,
        files=frozenset(builder.context.files),
        paths=frozenset(builder.context.files | builder.cards),
    )


def _read_file(path: Path, builder: ConfigBuilder) -> FileTable:
    builder.context.files.add(path)
    try:
        table = _toml(path)
        agents = table.get("agents")
        for name, agent in agents.items() if isinstance(agents, dict) else ():
            builder.add_table(name, agent, path)
        file = FileTable.model_validate(table, context=builder.context)
    except ValidationError as error:
        builder.errors += [fault.at(str(path)) for fault in faults_in(error, FileTable)]
        default = table.get("default_agent")
        return FileTable(default_agent=default if isinstance(default, str) else None)
    except ConfigError as error:
        builder.errors += error.faults
        return FileTable()
    if builder.context.literal and (danger := exposed(path)):
        builder.notes.append(f"{path}: holds secrets and {danger}")
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
        raise ConfigError([f"{path}: is not TOML: {_reason(error)}"]) from None
    except (ValueError, RecursionError):  # the parser's own limits of digits and of nesting
        reason = "a number is too long, or values are nested too deeply"
        raise ConfigError([f"{path}: cannot be read: {reason}"]) from None


def _reason(error: tomllib.TOMLDecodeError) -> str:
    r"""Return what is wrong, with a hint where `"C:\Users"` may be meant."""
    reason = shown(str(error))
    is_escape = "Unescaped" in reason or "hex value" in reason
    return f"{reason}; {WINDOWS_PATH}" if is_escape else reason


def exposed(path: Path, *, windows: bool = os.name == "nt") -> str | None:
    """Return why other users may read a file, and what to do; None if they cannot.

    What a Windows user keeps in the own folder is closed to other users, unless that was changed.
    """
    if not windows:
        every_user = path.stat().st_mode & 0o004
        return "every user can read it; chmod 600 it" if every_user else None
    home = Path(os.path.expanduser("~")).resolve()
    if path.resolve().is_relative_to(home):
        return None
    return "other users may read it; move it into your user folder"


def _default(name: str | None, path: Path | None, builder: ConfigBuilder) -> str | None:
    if name is None:
        return None
    found = builder.find(name)
    if found is None:
        near = did_you_mean(name, [*builder.agents, *builder.faults])
        builder.errors.append(f"{path}: default_agent: no agent has this name{near}")
    return found


def state_folder(
    option: Path | None, config: Config, environ: Mapping[str, str] = os.environ
) -> Path:
    """Return the state folder: `option`, `$A2A_MCP_STATE_DIR`, the file's, or the platform's.

    It may not exist. Without a home folder it cannot exist, so state stays in memory.
    """
    given = option or environ.get("A2A_MCP_STATE_DIR") or config.server.state_dir
    if given:
        return Path(os.path.expanduser(given)).absolute()
    return user_folder("state") or Path(os.devnull, APP)


def server_with(settings: ServerConfig, wanted: Mapping[str, object]) -> ServerConfig:
    """Return the settings, replaced by those of the command line; raises ConfigError."""
    try:
        checked = ServerConfig.model_validate(wanted)
    except ValidationError as error:
        raise ConfigError(
            [f"--{fault.key}: {fault.reason}" for fault in faults_in(error, ServerConfig)]
        ) from None
    return settings.model_copy(update={name: getattr(checked, name) for name in wanted})


def log_level(option: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """Return the log level: `option`, else `$A2A_MCP_LOG`, else `warning`; raises ConfigError."""
    origin = "--log-level" if option else "$A2A_MCP_LOG"
    level = (option or environ.get("A2A_MCP_LOG") or "warning").lower()
    if level not in LEVELS:
        raise ConfigError([f"{origin}: must be one of {', '.join(LEVELS)}"])
    return level
