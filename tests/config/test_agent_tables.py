"""Plain tables are known to be right without a model, and nobody can tell from what they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.agents.registry import Registry
from a2a_mcp.config.agent_tables import AgentTables, is_plain
from a2a_mcp.config.load import Config, load
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.server.instructions import instructions

PIECES = [*"a.-:0/_~@?#é\n[A", "b9", "80", "%41"]
URLS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join).map("https://{}".format)


def read(path: Path, text: str) -> Config:
    path.write_text(text, encoding="utf-8")
    return load(path=path, environ={})


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the agents whose models are made."""
    names: list[str] = []
    validate = AgentConfig.model_validate

    def noting(table: Any, **options: Any) -> AgentConfig:
        names.append(table["name"])
        return validate(table, **options)

    monkeypatch.setattr(AgentConfig, "model_validate", noting)
    return names


@given(
    name=st.text(st.sampled_from("aZ9._-é /"), max_size=66),
    url=URLS | st.text(max_size=20),
    words=st.text(max_size=20),
)
def test_what_counts_as_plain_is_what_a_check_accepts_unchanged(
    name: str, url: str, words: str
) -> None:
    table = {"url": url, "description": words}
    if is_plain(name, table):
        checked = AgentConfig.model_validate({**table, "name": name})
        assert (checked.name, checked.url, checked.description) == (name, url, words)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"url": 1},
        {"url": "https://a.example", "description": 1},
        {"url": "https://a.example", "enabled": False},
        {"url": "https://a.example", "desciption": "typed wrong"},
        {"url": "https://a.example:0"},
        {"url": "https://me:secret@a.example"},
        {"url": "grpc://a.example:1"},
    ],
)
def test_other_tables_are_not_plain(table: dict[str, object]) -> None:
    assert not is_plain("a", table)


def test_a_plain_table_is_read_without_a_model_until_it_is_needed(
    tmp_path: Path, made: list[str]
) -> None:
    tables = "".join(f'[agents.a{n}]\nurl = "https://a{n}.example/"\n' for n in range(200))
    wrong = "[agents.wrong]\nurl = 1\n[agents.off]\nurl = 'https://o.example'\nenabled = false\n"
    config = read(tmp_path / "agents.toml", tables + wrong)
    assert made == ["wrong", "off"]
    assert list(config.faults) == ["wrong"]
    assert Registry(config).names() == [f"a{n}" for n in range(200)]
    assert len(made) == 2
    assert config.agents["a7"] is config.agents["a7"]
    assert made == ["wrong", "off", "a7"]


def test_the_instructions_make_models_only_of_the_agents_they_name(
    tmp_path: Path, made: list[str]
) -> None:
    tables = "".join(
        f'[agents.a{n}]\nurl = "https://a{n}.example/"\ndescription = "Number {n}"\n'
        for n in range(1_000)
    )
    text = instructions(read(tmp_path / "agents.toml", tables))
    listed = text.count("\n- ")
    assert text.endswith(f"… and {1_000 - listed} more: call agent_info.")
    assert len(made) <= listed + 1


def test_a_name_in_other_letters_is_a_fault_of_the_second_table(tmp_path: Path) -> None:
    plain = '[agents.{}]\nurl = "https://a.example"\n'
    config = read(tmp_path / "agents.toml", plain.format("It") + plain.format("it"))
    assert list(config.agents) == ["It"]
    assert config.faults["it"] == "It has the same name but for the case of letters"


def test_an_address_that_a_plain_table_has_is_not_added_again(tmp_path: Path) -> None:
    path = tmp_path / "agents.toml"
    path.write_text('[agents.it]\nurl = "https://a.example/"\n', encoding="utf-8")
    config = load(path=path, environ={}, urls=["https://A.example"])
    assert list(config.agents) == ["it"]


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ({"url": "https://a.example"}, {"url": "https://a.example"}, False),
        ({"url": "https://a.example"}, {"url": "https://b.example"}, True),
        ({"url": "https://a.example"}, None, True),
        ({"url": "https://a.example"}, AgentConfig(name="it", url="https://a.example"), False),
        (AgentConfig(name="it", url="https://a.example", fetch=True), None, True),
    ],
)
def test_agents_of_two_configurations_are_compared(before: Any, after: Any, differs: bool) -> None:
    one, two = AgentTables(), AgentTables()
    one.add("it", before)
    if after:
        two.add("it", after)
    assert one.differs("it", two) is two.differs("it", one) is differs
