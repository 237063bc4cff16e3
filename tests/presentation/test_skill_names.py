"""Names of skills' tools: what every host takes, the same over time, and never another agent's."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from a2a_mcp.presentation.skill_names import LONGEST, agent_part, agent_part_of, tool_name

VALID = re.compile(r"[a-z][a-z0-9_]*")
NAMES = some.from_regex(r"(?!\.+\Z)[A-Za-z0-9_.-]{1,64}", fullmatch=True)


@pytest.mark.parametrize(
    ("agent", "skill", "name"),
    [
        ("weather", "forecast", "weather__forecast"),
        ("my-agent", "Get.Rates", "my_agent__get_rates"),
        ("127-0-0-1-9999", "echo", "agent_127_0_0_1_9999__echo"),
        ("corp/help", "find", "corp_help__find"),
        ("weather", "2-day", "weather__2_day"),
    ],
)
def test_a_plain_name_says_agent_and_skill(agent: str, skill: str, name: str) -> None:
    assert tool_name(agent, skill) == name


@pytest.mark.parametrize(
    ("agent", "skill", "begin"),
    [
        ("weather", "Wetter für morgen", "weather__wetter_f_r_morgen_"),
        ("weather", "天気", "weather__skill_"),
        ("weather", "", "weather__skill_"),
        ("weather", "x" * 200, "weather__xxxx"),
        ("weather", "__x", "weather__x_"),
        ("a" * 64, "x", f"{'a' * 24}__x_"),
    ],
)
def test_where_something_is_lost_a_mark_keeps_it_apart(agent: str, skill: str, begin: str) -> None:
    name = tool_name(agent, skill)
    assert name.startswith(begin)
    assert re.search(r"_[0-9a-f]{8}$", name)
    assert name != tool_name(agent, f"{skill}!")


@given(agent=NAMES, skill=some.text(max_size=100), marked=some.booleans())
def test_any_name_is_valid_and_begins_with_its_agent(agent: str, skill: str, marked: bool) -> None:
    name = tool_name(agent, skill, marked=marked)
    assert VALID.fullmatch(name)
    assert len(name) <= LONGEST
    assert name.count("__") == 1, "a host or a person can tell the agent by it"
    assert agent_part_of(name) == agent_part(agent)


@given(agent=NAMES, one=some.text(max_size=60), two=some.text(max_size=60))
def test_two_ids_of_an_agent_have_two_names_but_for_case_and_separators(
    agent: str, one: str, two: str
) -> None:
    if re.sub(r"[-./]", "_", one.lower()) != re.sub(r"[-./]", "_", two.lower()):
        assert tool_name(agent, one) != tool_name(agent, two)
