"""The table of dialects: a new version is one row, and every part of the program takes it."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from a2a_mcp.a2a.decoding.card import decode_card
from a2a_mcp.a2a.http.origins import origin_of
from a2a_mcp.a2a.interface_text import from_text, to_text
from a2a_mcp.a2a.interfaces import Interface, Pins, alternatives, choose
from a2a_mcp.a2a.versions import table, v0_1, v0_3, v1_0
from a2a_mcp.a2a.versions.table import binding_of, version_of
from a2a_mcp.config.schema import AgentConfig

URL = "https://agent.example/a2a"
V1_1 = replace(v1_0.JSONRPC, version="1.1", headers={"A2A-Version": "1.1"})


@pytest.fixture
def one_more_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "DIALECTS", (V1_1, *table.DIALECTS))


def spoken_with(version: str, pins: Pins | None = None) -> str:
    """Return the version spoken with an agent whose card declares `version`."""
    said = {"url": URL, "protocolBinding": "JSONRPC", "protocolVersion": version}
    found = decode_card({"name": "a", "supportedInterfaces": [said]})
    allowed = frozenset({origin_of(URL)})
    choice = choose(found, base=URL, allowed=allowed, pins=pins or Pins())
    return choice.interfaces[0].dialect.version


@pytest.mark.usefixtures("one_more_row")
def test_a_new_version_needs_one_row_and_nothing_else() -> None:
    assert table.versions() == ["1.1", "1.0", "0.3", "0.2", "0.1"]
    assert AgentConfig(name="a", url=URL, version="1.1").version == "1.1"
    assert spoken_with("1.1") == "1.1"
    assert spoken_with("1.0", Pins(version="1.1")) == "1.1"
    assert from_text(to_text(Interface(URL, V1_1))) == Interface(URL, V1_1)
    others = [item.dialect for item in alternatives(Interface(URL, V1_1))]
    assert others == [v1_0.JSONRPC, v0_3.JSONRPC, v0_1.JSONRPC]


@pytest.mark.usefixtures("one_more_row")
@pytest.mark.parametrize(
    ("declared", "spoken"),
    [("1.0", "1.0"), ("1", "1.0"), ("1.1.4", "1.1"), ("1.2", "1.1"), ("1.15", "1.1")],
)
def test_the_nearest_lower_version_is_spoken(declared: str, spoken: str) -> None:
    assert spoken_with(declared) == spoken


def test_the_configuration_refuses_a_version_that_has_no_row() -> None:
    with pytest.raises(ValidationError, match=r"must be '1\.0', '0\.3', '0\.2' or '0\.1'"):
        AgentConfig(name="a", url=URL, version="1.1")


def test_no_two_rows_are_of_one_version_and_binding() -> None:
    names = [(row.version, row.binding) for row in table.DIALECTS]
    assert len({*names}) == len(names)


@pytest.mark.parametrize(
    ("word", "binding"),
    [
        ("JSONRPC", "JSONRPC"),
        ("JSON-RPC", "JSONRPC"),
        ("jsonrpc", "JSONRPC"),
        ("HTTP+JSON", "HTTP+JSON"),
        ("HTTP_JSON", "HTTP+JSON"),
        ("http", "HTTP+JSON"),
        ("REST", "HTTP+JSON"),
        ("gRPC", "GRPC"),
        ("https://bindings.example/mqtt", None),
        ("websocket", None),
        ("", None),
    ],
)
def test_a_binding_is_read_in_every_spelling(word: str, binding: str | None) -> None:
    assert binding_of(word) == binding


@pytest.mark.parametrize(
    ("word", "version"),
    [
        ("1.0", "1.0"),
        ("1.0.0", "1.0"),
        ("1.1", "1.0"),
        ("1", "1.0"),
        ("v1", "1.0"),
        ("V1.0", "1.0"),
        (" 1.0 ", "1.0"),
        ("0.3", "0.3"),
        ("0.3.0", "0.3"),
        ("0.2.6", "0.2"),
        ("0.2", "0.2"),
        ("0.1", "0.3"),
        ("0", "0.3"),
        ("", "0.3"),
        ("0.4", "0.3"),
        ("1.0-beta", "1.0"),
        ("1." + "9" * 5000, "1.0"),
        ("9" * 5000, None),
        ("2.0", None),
        ("1x", None),
        ("latest", None),
    ],
)
def test_a_version_is_read_by_major_and_minor(word: str, version: str | None) -> None:
    assert version_of(word) == version
