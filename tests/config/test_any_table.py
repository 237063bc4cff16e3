"""Whatever table a configuration file holds, it is read or refused in our words, quickly.

The tables are the example file with values replaced, dropped, doubled and moved, and tables made of
the configuration's own keys. `scripts/fuzz` runs many more of them than the suite does.
"""

import copy
import json
import math
import os
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from a2a_mcp.config.load import Config, load
from a2a_mcp.errors import ConfigError

EXAMPLES: Final = int(os.environ.get("A2A_MCP_FUZZ_EXAMPLES", "100"))
MOST_SECONDS: Final = 2.0
SECRET: Final = "hunter2-correct-horse"
EXAMPLE: Final = tomllib.loads(
    (Path(__file__).parents[2] / "agents.example.toml").read_text(encoding="utf-8")
)

fuzzed = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Go through all places of a table that something else can be put into."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


NAMES: Final = sorted({key for _, key in places(EXAMPLE) if isinstance(key, str)})


def leaves() -> st.SearchStrategy[Any]:
    odd = st.sampled_from(
        [
            SECRET,
            "",
            "https://x.example",
            f"https://user:{SECRET}@x.example/?key={SECRET}",
            "http://[bad",
            "https://x.example:99999",
            "bearer",
            "api_key",
            "1.0",
            "\u202e",
            "\x00",
            "~nobody/x",
            "${HOME}",
        ]
    )
    numbers = st.integers(-(2**70), 2**70) | st.floats()
    return st.booleans() | numbers | odd | st.text(st.characters(exclude_categories=("Cs",)))


def values() -> st.SearchStrategy[Any]:
    """Values of any shape, made of keys that mean something."""
    keys = st.sampled_from(NAMES) | st.sampled_from(["env", "file", "in", "__class__", "a b", ""])
    return st.recursive(
        leaves(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
        max_leaves=16,
    )


@st.composite
def altered(draw: st.DrawFn) -> dict[str, Any]:
    """The example with up to four of its values replaced, dropped, wrapped or moved."""
    table = copy.deepcopy(EXAMPLE)
    for _ in range(draw(st.integers(1, 4))):
        inside = list(places(table))
        node, key = draw(st.sampled_from(inside))
        other, at = draw(st.sampled_from(inside))
        moved = copy.deepcopy(other[at])
        wrapped = st.just([node[key], node[key]]) | st.just({draw(st.sampled_from(NAMES)): moved})
        node[key] = draw(leaves() | values() | wrapped | st.just(moved))
        if isinstance(node, dict) and draw(st.booleans()):
            del node[key]
    return table


def tables() -> st.SearchStrategy[dict[str, Any]]:
    agents = st.dictionaries(st.sampled_from(["a", "A", "b", "-", "é"]), values(), max_size=3)
    top = st.fixed_dictionaries(
        {}, optional={"agents": agents | values(), "server": values(), "default_agent": values()}
    )
    return altered() | top | st.dictionaries(st.sampled_from(NAMES), values(), max_size=4)


def toml(value: Any) -> str:
    """Return a value as TOML on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def written(table: dict[str, Any]) -> str:
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in table.items())


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config") / "agents.toml"


def checked(path: Path) -> Config | None:
    """Load a file; return its configuration, or None where it was refused in words."""
    began = time.process_time()
    found, told = None, []
    try:
        found = load(path=path, environ={})
    except ConfigError as error:
        told = error.faults or [""]
    assert [line for line in told if not line.startswith(f"{path}: ")] == []
    if found:
        told = [*found.faults.values(), *found.notes]
        assert not set(found.agents) & set(found.faults)
    assert time.process_time() - began < MOST_SECONDS
    told = [line for line in told if ": the file " not in line]  # the name of a file is told
    assert [line for line in told if SECRET in line or "\u202e" in line] == []
    return found


@fuzzed
@given(table=tables())
def test_any_table_is_a_configuration_or_faults_in_words(path: Path, table: dict[str, Any]) -> None:
    path.write_text(written(table), encoding="utf-8")
    assert tomllib.loads(path.read_text(encoding="utf-8")).keys() == table.keys()
    checked(path)


@fuzzed
@given(octets=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-16")))
def test_any_bytes_are_a_configuration_or_faults_in_words(path: Path, octets: bytes) -> None:
    path.write_bytes(octets)
    checked(path)


PIECES: Final = ["a=", "https://x.example", "=", ",", "a", "[", ":9999999", "?k=v", "@", "\x00"]


@fuzzed
@given(entries=st.text(max_size=80) | st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_any_list_of_addresses_is_agents_or_faults_in_words(entries: str) -> None:
    config = load(path=None, environ={"A2A_AGENTS": entries})
    assert not set(config.agents) & set(config.faults)


@pytest.mark.parametrize(
    "value",
    ["[" * 5_000 + "]" * 5_000, "{a=" * 5_000 + "1" + "}" * 5_000, "[" * 300, "9" * 5_000],
    ids=["lists", "tables", "open lists", "digits"],
)
def test_a_file_that_the_parser_cannot_hold_is_refused_in_words(path: Path, value: str) -> None:
    path.write_text(f"[agents.a]\ncard = {value}", encoding="utf-8")
    assert checked(path) is None


def test_a_secret_that_is_put_in_the_place_of_a_files_name_breaks_nothing(path: Path) -> None:
    path.write_text(f'[server.tokens]\nme = {{file = "{SECRET}"}}\n', encoding="utf-8")
    assert checked(path) is None


def test_an_empty_table_of_an_agent_is_a_fault_of_that_agent(path: Path) -> None:
    path.write_text("[agents.a]\n", encoding="utf-8")
    config = load(path=path, environ={})
    assert list(config.faults) == ["a"]
