"""What is known of each host: its file, the shape of an entry in it, what to mind. Values only.

A row is what the host's documentation and the host itself say; a new host is a new row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from a2a_mcp.cli.hosts.documents import Entry, Format

START_SECONDS: Final = 30
"""Python needs longer to start than the second that Codex gives a server by default."""
CALL_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Start:
    """How a host starts the bridge."""

    command: str
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """Where a bridge over HTTP listens, and the headers that it wants."""

    url: str
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """A host; `files` by platform, where `~` is the home folder and `$NAME` a variable."""

    title: str
    files: Mapping[str, str]
    path: tuple[str, ...]
    started: Callable[[Start], Entry]
    served: Callable[[Served], Entry] | None
    after: str
    format: Format = "json"
    folder_variable: str | None = None
    """The variable that names another folder for the file."""
    passes_environment: bool = False
    """Whether a server gets the variables of the shell from which the host was started."""

    def file(self, platform: str, home: Path, environment: Mapping[str, str]) -> Path:
        """Return the file on a platform (as `sys.platform` names it)."""
        written = self.files.get(platform, self.files["linux"])
        moved = environment.get(self.folder_variable or "")
        if moved:
            return Path(moved, written.rpartition("/")[2])
        roaming = environment.get("APPDATA") or str(home / "AppData" / "Roaming")
        return Path(written.replace("~", str(home), 1).replace("$APPDATA", roaming, 1))


def _plain(start: Start) -> Entry:
    entry: Entry = {"command": start.command, "args": list(start.arguments)}
    return entry | ({"env": dict(start.environment)} if start.environment else {})


def _typed(start: Start) -> Entry:
    return {"type": "stdio", **_plain(start)}


def _codex(start: Start) -> Entry:
    return {**_plain(start), "startup_timeout_sec": START_SECONDS, "required": True}


def _goose(start: Start) -> Entry:
    entry: Entry = {
        "name": "a2a",
        "type": "stdio",
        "cmd": start.command,
        "args": list(start.arguments),
        "envs": dict(start.environment or {}),
        "timeout": CALL_SECONDS,
        "enabled": True,
    }
    return entry


def _at(key: str, **more: Any) -> Callable[[Served], Entry]:
    """Return what makes an entry with the URL under a key."""

    def entry(served: Served) -> Entry:
        made: Entry = {**more, key: served.url}
        return made | ({"headers": dict(served.headers)} if served.headers else {})

    return entry


def _codex_url(served: Served) -> Entry:
    return {"url": served.url} | ({"http_headers": dict(served.headers)} if served.headers else {})


ANEW: Final = "Restart {title}."
SERVERS: Final = ("mcpServers",)

HOSTS: Final[dict[str, Host]] = {
    "claude-desktop": Host(
        "Claude Desktop",
        {
            "darwin": "~/Library/Application Support/Claude/claude_desktop_config.json",
            "win32": "$APPDATA/Claude/claude_desktop_config.json",
            "linux": "~/.config/Claude/claude_desktop_config.json",
        },
        SERVERS,
        _plain,
        None,
        "Quit Claude Desktop, also in the tray or menu bar, and start it again.",
    ),
    "claude-code": Host(
        "Claude Code",
        {"linux": "~/.claude.json"},
        SERVERS,
        _typed,
        _at("url", type="http"),
        "Start a new session; `claude mcp list` says whether the bridge answers.",
        folder_variable="CLAUDE_CONFIG_DIR",
        passes_environment=True,
    ),
    "cursor": Host("Cursor", {"linux": "~/.cursor/mcp.json"}, SERVERS, _plain, _at("url"), ANEW),
    "vscode": Host(
        "VS Code",
        {
            "darwin": "~/Library/Application Support/Code/User/mcp.json",
            "win32": "$APPDATA/Code/User/mcp.json",
            "linux": "~/.config/Code/User/mcp.json",
        },
        ("servers",),
        _typed,
        _at("url", type="http"),
        "Run `MCP: List Servers` in VS Code and start a2a.",
    ),
    "codex": Host(
        "Codex",
        {"linux": "~/.codex/config.toml"},
        ("mcp_servers",),
        _codex,
        _codex_url,
        "Start a new session; `codex mcp list` shows the entry.",
        format="toml",
        folder_variable="CODEX_HOME",
    ),
    "gemini-cli": Host(
        "Gemini CLI",
        {"linux": "~/.gemini/settings.json"},
        SERVERS,
        _plain,
        _at("httpUrl"),
        "Start a new session in a folder that Gemini trusts; `gemini mcp list` says whether it "
        "answers.",
    ),
    "goose": Host(
        "Goose",
        {
            "win32": "$APPDATA/Block/goose/config/config.yaml",
            "linux": "~/.config/goose/config.yaml",
        },
        ("extensions",),
        _goose,
        _at("uri", name="a2a", type="streamable_http", timeout=CALL_SECONDS, enabled=True),
        "Start a new session.",
        format="yaml",
        passes_environment=True,
    ),
    "windsurf": Host(
        "Windsurf",
        {"linux": "~/.codeium/windsurf/mcp_config.json"},
        SERVERS,
        _plain,
        _at("serverUrl"),
        "Press refresh in Windsurf's list of MCP servers.",
    ),
    "zed": Host(
        "Zed",
        {"win32": "$APPDATA/Zed/settings.json", "linux": "~/.config/zed/settings.json"},
        ("context_servers",),
        _plain,
        _at("url"),
        "Zed starts it at once; its agent panel lists the tools.",
    ),
}
