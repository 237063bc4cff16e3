"""The files in which hosts keep their servers, by format: an entry is set or removed, no more.

Comments, order and the other entries stay. Pure functions from text to text; each library is
imported when a file of its format is edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol

from a2a_mcp.cli.hosts import jsonc
from a2a_mcp.errors import ConfigError

Format = Literal["json", "toml", "yaml"]
Entry = dict[str, Any]


class Document(Protocol):
    """What can be done with a text of one format. Each method raises Unreadable."""

    def entry(self, text: str, path: Sequence[str]) -> Entry | None:
        """Return the entry at a path, None if there is none."""

    def with_entry(self, text: str, path: Sequence[str], entry: Entry) -> str:
        """Return the text with the entry at a path."""

    def without_entry(self, text: str, path: Sequence[str]) -> str:
        """Return the text without the entry at a path."""


class Unreadable(ConfigError):
    """A file of a host cannot be read; nothing was changed."""


class Json:
    """JSON, with the comments and trailing commas that editors allow."""

    def entry(self, text: str, path: Sequence[str]) -> Entry | None:
        """Return the entry at a path."""
        return _at(self._node(text).value if text.strip() else {}, path)

    def with_entry(self, text: str, path: Sequence[str], entry: Entry) -> str:
        """Return the text with the entry at a path."""
        try:
            return jsonc.with_member(text, path, entry)
        except (jsonc.NotJson, RecursionError) as error:
            raise Unreadable([f"not JSON: {error}"]) from None

    def without_entry(self, text: str, path: Sequence[str]) -> str:
        """Return the text without the entry at a path."""
        self._node(text or "{}")
        return jsonc.without_member(text, path)

    def _node(self, text: str) -> jsonc.Node:
        try:
            return jsonc.parse(text)
        except (jsonc.NotJson, RecursionError) as error:
            raise Unreadable([f"not JSON: {error}"]) from None


class Toml:
    """TOML, by tomlkit."""

    def entry(self, text: str, path: Sequence[str]) -> Entry | None:
        """Return the entry at a path."""
        return _at(self._read(text).unwrap(), path)

    def with_entry(self, text: str, path: Sequence[str], entry: Entry) -> str:
        """Return the text with the entry at a path."""
        import tomlkit

        document = self._read(text)
        parent = document
        for name in path[:-1]:
            parent = parent.setdefault(name, tomlkit.table(is_super_table=True))
        table = tomlkit.table()
        table.update(entry)
        parent[path[-1]] = table
        return tomlkit.dumps(document)

    def without_entry(self, text: str, path: Sequence[str]) -> str:
        """Return the text without the entry at a path."""
        import tomlkit

        document = self._read(text)
        if _at(document.unwrap(), path) is None:
            return text
        parent = document
        for name in path[:-1]:
            parent = parent[name]
        parent.remove(path[-1])
        return tomlkit.dumps(document)

    def _read(self, text: str) -> Any:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            return tomlkit.parse(text)
        except TOMLKitError as error:
            raise Unreadable([f"not TOML: {error}"]) from None


class Yaml:
    """YAML, by ruamel.yaml."""

    def entry(self, text: str, path: Sequence[str]) -> Entry | None:
        """Return the entry at a path."""
        return _at(self._read(text), path)

    def with_entry(self, text: str, path: Sequence[str], entry: Entry) -> str:
        """Return the text with the entry at a path."""
        document = self._read(text)
        parent = document
        for name in path[:-1]:
            if not isinstance(parent.get(name), dict):
                parent[name] = {}
            parent = parent[name]
        parent[path[-1]] = entry
        return self._written(document)

    def without_entry(self, text: str, path: Sequence[str]) -> str:
        """Return the text without the entry at a path."""
        document = self._read(text)
        if _at(document, path) is None:
            return text
        parent = document
        for name in path[:-1]:
            parent = parent[name]
        del parent[path[-1]]
        return self._written(document)

    def _read(self, text: str) -> Any:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        try:
            found = YAML().load(text)
        except YAMLError as error:
            raise Unreadable([f"not YAML: {str(error).splitlines()[0]}"]) from None
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise Unreadable(["not a table of settings"])
        return found

    def _written(self, document: Any) -> str:
        from io import StringIO

        from ruamel.yaml import YAML

        written = StringIO()
        YAML().dump(document, written)
        return written.getvalue()


DOCUMENTS: Final[dict[Format, Document]] = {"json": Json(), "toml": Toml(), "yaml": Yaml()}


def _at(value: Any, path: Sequence[str]) -> Entry | None:
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value if isinstance(value, dict) else None
