"""JSON with comments is edited as text: what is not meant stays, character for character."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.cli.hosts.jsonc import NotJson, parse, with_member, without_member

ENTRY = {"command": "x", "args": ["https://agent.example"]}
COMMENTED = """\
// my settings
{
    "theme": "dark", // not light
    /* servers */
    "servers": {
        "other": { "command": "o" }, // keep
    },
}
"""


def test_a_file_that_is_not_there_becomes_one_with_the_entry() -> None:
    made = with_member("", ["servers", "a2a"], ENTRY)
    assert json.loads(made) == {"servers": {"a2a": ENTRY}}
    assert made.endswith("}\n")


def test_comments_and_other_entries_stay_and_the_indentation_is_the_files_own() -> None:
    made = with_member(COMMENTED, ["servers", "a2a"], ENTRY)
    assert parse(made).value["servers"] == {"other": {"command": "o"}, "a2a": ENTRY}
    assert '\n        "a2a": {\n          "command": "x",' in made
    for line in COMMENTED.splitlines():
        assert line in made


def test_an_entry_that_is_there_is_replaced_in_its_place() -> None:
    text = '{"servers": {"a2a": {"old": 1}, "z": {}}}'
    made = with_member(text, ["servers", "a2a"], ENTRY)
    assert list(json.loads(made)["servers"]) == ["a2a", "z"]
    assert json.loads(made)["servers"]["a2a"] == ENTRY


@pytest.mark.parametrize("name", ["first", "middle", "last"])
@pytest.mark.parametrize("trailing", ["", ","])
def test_one_entry_is_removed_and_the_others_stay(name: str, trailing: str) -> None:
    text = f'{{ "s": {{ // c\n "first": 1, "middle": {{}},\n "last": [1]{trailing} }} }}'
    kept = parse(without_member(text, ["s", name])).value["s"]
    assert kept == {key: each for key, each in parse(text).value["s"].items() if key != name}


def test_the_only_entry_leaves_an_empty_object() -> None:
    assert parse(without_member('{"s": {"a": 1,}}', ["s", "a"])).value == {"s": {}}


def test_removing_what_is_not_there_changes_nothing() -> None:
    for path in (["servers", "a2a"], ["nothing", "a2a"], ["theme", "a2a"]):
        assert without_member(COMMENTED, path) == COMMENTED


@pytest.mark.parametrize(
    "text", ["[]", '{"servers": []}', "{", '{"a" 1}', "{} x", '{"a": nope}', '{"a": "', "{1: 2}"]
)
def test_what_is_not_such_a_file_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        with_member(text, ["servers", "a2a"], ENTRY)


def test_a_web_address_in_a_text_is_no_comment() -> None:
    assert parse('{"u": "https://a/*b*/"}').value == {"u": "https://a/*b*/"}


names = st.text(max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(names, st.dictionaries(names, values, max_size=3), max_size=3),
    st.sampled_from([None, 2, 4]),
    names,
    names,
    values,
)
def test_any_file_holds_afterwards_what_it_held_and_the_entry(
    held: dict[str, dict[str, Any]], indent: int | None, group: str, name: str, entry: Any
) -> None:
    made = with_member(json.dumps(held, indent=indent), [group, name], entry)
    wanted = {**held, group: {**held.get(group, {}), name: entry}}
    assert json.loads(made) == wanted
    removed = json.loads(without_member(made, [group, name]))
    assert removed == {**held, group: {k: v for k, v in wanted[group].items() if k != name}}


def test_a_mistake_is_told_by_line_and_column() -> None:
    with pytest.raises(NotJson, match=r"^no value at line 2, column 8$"):
        parse('{\n  "a": ,\n}')
