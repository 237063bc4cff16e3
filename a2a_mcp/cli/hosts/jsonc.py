"""Edit JSON with comments and trailing commas as text, so that everything else stays as it is.

Editors let people write comments into their settings; reading and writing the whole file would lose
them. Pure functions; nothing is read or written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

UNIT: Final = "  "
SPACE: Final = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
LINE_REST: Final = re.compile(r"[ \t]*(?://[^\n]*|/\*[^\n]*?\*/[ \t]*)(?=\n)")
SCALAR: Final = re.compile(r"[-+.\w]+")


class NotJson(ValueError):
    """A text is not JSON, or holds something else where an object must be."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands in the text; `members` of an object, by name."""

    start: int
    end: int
    value: Any
    members: dict[str, Member] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: where its name begins, and its value."""

    start: int
    node: Node


def parse(text: str) -> Node:
    """Return what a text holds; raises NotJson."""
    node = _value(text, _skip(text, 0))
    if _skip(text, node.end) != len(text):
        raise NotJson(f"something follows the end at {_where(text, node.end)}")
    return node


def with_member(text: str, path: Sequence[str], value: Any) -> str:
    """Return a text in which the member at `path` is `value`; what is missing on the way is made.

    Raises NotJson.
    """
    if not text.strip():
        return json.dumps(_nested(path, value), indent=2) + "\n"
    node, depth = _deepest(parse(text), path)
    if depth == len(path):
        start, end = node.start, node.end
        return text[:start] + _written(value, _indent(text, start)) + text[end:]
    if not isinstance(node.value, dict):
        raise NotJson(f"{'.'.join(path[:depth]) or 'the file'} is not an object")
    return _added(text, node, path[depth], _nested(path[depth + 1 :], value))


def without_member(text: str, path: Sequence[str]) -> str:
    """Return a text without the member at `path`, if there is one. Raises NotJson."""
    if not text.strip():
        return text
    parent, depth = _deepest(parse(text), path[:-1])
    if depth < len(path) - 1 or path[-1] not in parent.members:
        return text
    names = list(parent.members)
    place = names.index(path[-1])
    member = parent.members[path[-1]]
    if place:
        start, end = parent.members[names[place - 1]].node.end, member.node.end
    elif len(names) > 1:
        start, end = member.start, parent.members[names[1]].start
    else:
        start, end = parent.start + 1, parent.end - 1
    return text[:start] + text[end:]


def _deepest(node: Node, path: Sequence[str]) -> tuple[Node, int]:
    """Return the deepest node on a path that is there, and how many names lead to it."""
    for depth, name in enumerate(path):
        if name not in node.members:
            return node, depth
        node = node.members[name].node
    return node, len(path)


def _nested(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def _added(text: str, node: Node, name: str, value: Any) -> str:
    """Return the text with one more member at the end of an object."""
    outer = _indent(text, node.start)
    if not node.members:
        member = _member(name, value, outer + UNIT)
        return f"{text[: node.start + 1]}\n{member}\n{outer}{text[node.start + 1 :].lstrip()}"
    *_, last = node.members.values()
    first = next(iter(node.members.values()))
    inner = _indent(text, first.start) if _begins_line(text, first.start) else outer + UNIT
    end = last.node.end
    after = _skip(text, end) + 1 if text[_skip(text, end)] == "," else end
    cut = after + len(_line_rest(text, after))
    head = text[:after] + ("," if after == end else "") + text[after:cut]
    rest = text[cut:] if "\n" in text[cut : node.end] else f"\n{outer}{text[cut:].lstrip()}"
    return f"{head}\n{_member(name, value, inner)}{rest}"


def _line_rest(text: str, place: int) -> str:
    """Return the rest of a line where it holds only a comment, which belongs to what is before."""
    found = LINE_REST.match(text, place)
    return found[0] if found else ""


def _member(name: str, value: Any, indent: str) -> str:
    return f"{indent}{json.dumps(name)}: {_written(value, indent)}"


def _written(value: Any, indent: str) -> str:
    return json.dumps(value, indent=len(UNIT), ensure_ascii=False).replace("\n", f"\n{indent}")


def _indent(text: str, place: int) -> str:
    """Return the white space that begins the line of a place."""
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip())]


def _begins_line(text: str, place: int) -> bool:
    return not text[text.rfind("\n", 0, place) + 1 : place].strip()


def _skip(text: str, place: int) -> int:
    """Return the place of what follows white space and comments."""
    found = SPACE.match(text, place)
    return found.end() if found else place


def _where(text: str, place: int) -> str:
    """Return a place as editors show it."""
    before = text[:place].rpartition("\n")
    return f"line {text.count(chr(10), 0, place) + 1}, column {len(before[2]) + 1}"


def _value(text: str, place: int) -> Node:
    opening = text[place : place + 1]
    if opening == "{":
        return _object(text, place)
    if opening == "[":
        return _list(text, place)
    found = (STRING if opening == '"' else SCALAR).match(text, place)
    if not found:
        raise NotJson(f"no value at {_where(text, place)}")
    try:
        return Node(place, found.end(), json.loads(found[0], strict=False))
    except ValueError:
        raise NotJson(f"no value at {_where(text, place)}") from None


def _object(text: str, start: int) -> Node:
    members: dict[str, Member] = {}
    place = _skip(text, start + 1)
    while text[place : place + 1] != "}":
        name = _value(text, place)
        colon = _skip(text, name.end)
        if not isinstance(name.value, str) or text[colon : colon + 1] != ":":
            raise NotJson(f"no name of a member at {_where(text, place)}")
        node = _value(text, _skip(text, colon + 1))
        members[name.value] = Member(place, node)
        place = _next(text, node.end, "}")
    value = {name: member.node.value for name, member in members.items()}
    return Node(start, place + 1, value, members)


def _list(text: str, start: int) -> Node:
    items = []
    place = _skip(text, start + 1)
    while text[place : place + 1] != "]":
        node = _value(text, place)
        items.append(node.value)
        place = _next(text, node.end, "]")
    return Node(start, place + 1, items)


def _next(text: str, end: int, closing: str) -> int:
    """Return the place of the next member or of the closing bracket; raises NotJson."""
    place = _skip(text, end)
    if text[place : place + 1] == ",":
        return _skip(text, place + 1)
    if text[place : place + 1] == closing:
        return place
    raise NotJson(f"a comma or {closing} is missing at {_where(text, place)}")
