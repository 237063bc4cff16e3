"""The reference of every key of agents.toml: types and defaults from the models, words from the example.

A key that the models have and this page has not, or the other way round, is a failing test.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from a2a_mcp.a2a.auth.static import ConversationId
from a2a_mcp.config import fields
from a2a_mcp.config.auth import AUTH_TABLES
from a2a_mcp.config.fields import Table
from a2a_mcp.config.schema import AgentConfig, FileTable, ServerConfig

ROOT: Final = Path(__file__).resolve().parents[2]
HEAD: Final = """# Every key of `agents.toml`

Made by `scripts/reference` from the models that check the file, with the words of
[agents.example.toml](../agents.example.toml). [Configuration](configuration.md) explains what belongs together. A key
without a default is not set, unless it says that it is needed. A secret is `{ env = … }`, `{ file = … }`,
`{ command = […] }` or text, see [credentials](configuration.md#credentials).
"""
NAMED: Final = {
    "BearerToken": "secret",
    "HeaderSecret": "secret",
    "HeaderSecrets": "table of secrets",
    "HeaderValues": "table of texts or secrets",
    "StateKey": "secret",
    "AgentUrl": "URL",
    "ProxyUrl": "URL or secret",
    "HttpPath": "path in a URL",
    "FilePath": "path",
    "ExistingFile": "path of a file",
    "KeySource": "path of a file, or URL",
    "Card": "path of a file, or a table",
    "FilePaths": "list of paths",
    "Origins": "list of origins",
    "OriginPatterns": "list of origins",
    "UrlPatterns": "list of URLs with `*`",
    "HostPatterns": "list of hosts",
    "ExtensionUris": "list of URIs",
    "MediaTypes": "list of media types",
    "Binding": '`"jsonrpc"`, `"http+json"` or `"grpc"`',
    "Version": '`"1.0"`, `"0.3"`, `"0.2"` or `"0.1"`',
    "Seconds": "number above 0",
    "Wait": "number, 0 or more",
    "Count": "whole number above 0",
}
PLAIN: Final[dict[Any, str]] = {
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    SecretStr: "secret",
}
KEY: Final = re.compile(r"^(?:# )?(\w+) = [^#]*?(?:\s#\s(?P<words>.*))?$")
HEADER: Final = re.compile(r"^(?:# )?\[+([\w.]+)\]+")
TYPE: Final = re.compile(r'^type = "(\w+)"')
ROW: Final = re.compile(r"^\| `(\w+)`[^|]* \|.* \| ([^|]+) \|$", re.MULTILINE)
OF_AGENT: Final = "agent"


def page() -> str:
    """Return the page."""
    said = _explained((ROOT / "docs/configuration.md").read_text(encoding="utf-8"))
    for key, words in _said((ROOT / "agents.example.toml").read_text(encoding="utf-8")):
        said.setdefault(key, words)
    top = [("The top of the file", "", FileTable), ("`[agents.NAME]`", OF_AGENT, AgentConfig)]
    auth = [(f'`auth` of type `"{name}"`', name, table) for name, table in AUTH_TABLES.items()]
    tables = [*top, *_below("agents.NAME", AgentConfig), *auth]
    tables += [("`[server]`", "server", ServerConfig), *_below("server", ServerConfig)]
    return "\n".join([HEAD, *(_section(title, place, it, said) for title, place, it in tables)])


def _explained(guide: str) -> dict[tuple[str, str], str]:
    """Return the words of each key that the guide explains in one row only, for any table."""
    rows = ROW.findall(guide)
    keys = Counter(key for key, _ in rows)
    return {
        ("", key): words.replace("](#", "](configuration.md#")
        for key, words in rows
        if keys[key] == 1
    }


def _said(example: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the table and name of each key that the example shows with words, and the words."""
    place = ""
    for line in example.splitlines():
        if header := HEADER.match(line):
            parts = header[1].split(".")
            place = OF_AGENT if len(parts) == 2 and parts[0] == "agents" else parts[-1]
        if kind := TYPE.match(line):
            place = kind[1]
        if (key := KEY.match(line)) and key["words"]:
            yield (place, key[1]), key["words"].split("; left out")[0]


def _below(place: str, model: type[Table]) -> Iterator[tuple[str, str, type[Table]]]:
    """Yield the tables inside a table, with their headings."""
    for name, hint in get_type_hints(model, include_extras=True).items():
        for shape, table in _tables(hint):
            title = {dict: f"[{place}.{name}.NAME]", tuple: f"[[{place}.{name}]]"}
            yield f"`{title.get(shape, f'[{place}.{name}]')}`", name, table


def _tables(hint: Any, shape: Any = None) -> Iterator[tuple[Any, type[Table]]]:
    if isinstance(hint, type) and issubclass(hint, Table):
        yield shape, hint
    origin = get_origin(hint)
    for inner in get_args(hint):
        yield from _tables(inner, origin if origin in (dict, tuple) else shape)


def _section(title: str, place: str, model: type[Table], said: dict[tuple[str, str], str]) -> str:
    hints = get_type_hints(model, include_extras=True)
    rows = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        if (model, key) not in (
            (AgentConfig, "name"),
            (FileTable, "agents"),
            (FileTable, "server"),
        ):
            words = said.get((place, key)) or said.get(("", key), "")
            rows.append(f"| `{key}` | {_kind(hints[name])} | {_default(field)} | {words} |")
    head = "| key | value | default | |\n| --- | --- | --- | --- |"
    return "\n".join([f"## {title}\n", head, *rows, ""])


def _kind(hint: Any) -> str:
    """Return what a value may be."""
    named = next((words for name, words in NAMED.items() if hint == getattr(fields, name)), None)
    if named:
        return named
    origin, inner = get_origin(hint), get_args(hint)
    match origin:
        case _ if origin in (Union, UnionType):
            kinds = dict.fromkeys(
                _kind(one) for one in inner if one not in (NoneType, ConversationId)
            )
            return " or ".join(kinds)
        case _ if origin is Annotated:
            return _bounded(inner)
        case _ if origin is Literal:
            return ", ".join(f"`{json.dumps(one)}`" for one in inner)
        case _ if origin is tuple:
            return f"list of {_kind(inner[0])}" if _tables(hint) else "list"
        case _ if origin is dict:
            return "table"
    if isinstance(hint, type) and issubclass(hint, Table):
        return "table, see below"
    return PLAIN.get(hint, "secret" if "Secret" in str(hint) else "table")


def _bounded(inner: tuple[Any, ...]) -> str:
    bounds = {}
    for item in inner[1:]:
        for bound in getattr(item, "metadata", [item]):
            bounds |= {name: getattr(bound, name) for name in ("ge", "le") if hasattr(bound, name)}
    words = [f"from {bounds['ge']}" if bounds.get("ge") is not None else ""]
    words.append(f"to {bounds['le']}" if bounds.get("le") is not None else "")
    return " ".join(filter(None, [_kind(inner[0]), *words]))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.default
    if field.default_factory is not None or value is None or value in ({}, ()):
        return ""
    shown = list(value) if isinstance(value, tuple) else value
    if isinstance(shown, float) and shown.is_integer():
        shown = int(shown)
    return f"`{json.dumps(shown)}`"
