"""What is read from the lists of agents that catalogues, gateways and registries answer with."""

from typing import Any, Final

import pytest

from a2a_mcp.a2a.decoding.catalogue import (
    MOST_AGENTS,
    catalogue_urls,
    decode_catalogue,
    is_searched,
)

HOME: Final = "https://home.example/base"
CARD: Final = {
    "name": "Carded",
    "description": "By its card",
    "supportedInterfaces": [{"url": "https://x.example/rpc", "protocolBinding": "JSONRPC"}],
}
A2A: Final = {"type": "application/a2a-agent-card+json"}


@pytest.mark.parametrize(
    ("row", "where", "name", "url"),
    [
        (
            A2A | {"identifier": "urn:air:x.example:a2a:research", "url": "https://x.example/r"},
            "/.well-known/ai-catalog.json",
            "research",
            "https://x.example/r",
        ),
        (
            {"identifier": "urn:x:inline", "mediaType": A2A["type"], "data": CARD},
            "/.well-known/ai-catalog.json",
            "inline",
            "https://x.example/rpc",
        ),
        (
            {
                "agent_id": "1234/5",
                "agent_name": "my agent",
                "agent_card_params": {"name": "x", "url": "http://behind:9999"},
            },
            "/v1/agents",
            "my-agent",
            f"{HOME}/a2a/1234%2F5",
        ),
        (
            {"assistant_id": "fe09-1", "graph_id": "agent", "name": "Agent"},
            "/assistants/search",
            "Agent",
            f"{HOME}/.well-known/agent-card.json?assistant_id=fe09-1",
        ),
        (
            {
                "name": "projects/p/locations/l/agents/a",
                "displayName": "Expenses",
                "protocols": [
                    {"type": "A2A_AGENT", "interfaces": [{"url": "https://run.example/e"}]}
                ],
            },
            "/v1/projects/p/locations/l/agents",
            "Expenses",
            "https://run.example/e",
        ),
        (
            {"displayName": "E", "protocols": [], "card": {"type": "A2A", "content": CARD}},
            "/v1/projects/p/locations/l/agents",
            "E",
            "https://x.example/rpc",
        ),
        (
            {
                "name": "n",
                "url": "https://x.example/rpc",
                "wellKnownURI": "https://x.example/c.json",
            },
            "/api/agents",
            "n",
            "https://x.example/c.json",
        ),
        ({"agentCard": CARD}, "/agents", "Carded", "https://x.example/rpc"),
        (CARD, "/agents", "Carded", "https://x.example/rpc"),
        ({"name": "near", "url": "weather"}, "/list", "near", f"{HOME}/weather"),
        (
            {"name": ".. /n\u00e4m\u00e9 ", "url": "https://x.example"},
            "/a",
            "n-m",
            "https://x.example",
        ),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_each_form_names_an_agent_and_its_address(
    row: dict[str, Any], where: str, name: str, url: str, wrapped: bool
) -> None:
    value = {"agents": [row], "total": 1} if wrapped else [row]
    (found,) = decode_catalogue(value, HOME + where) or ()
    assert (found.name, found.url) == (name, url)


@pytest.mark.parametrize(
    "row",
    [
        None,
        7,
        {},
        {"name": "no address"},
        {"url": "https://no-name.example"},
        {"name": "///", "url": "https://x.example"},
        {"identifier": "urn:x:mcp", "type": "application/mcp-server-card+json", "url": "https://x"},
        {"name": ["a"], "url": {"b": 1}},
        {"displayName": "x", "protocols": [None, {"interfaces": 1}, {"interfaces": [None]}]},
    ],
)
def test_what_is_no_agent_is_passed_over(row: Any) -> None:
    assert decode_catalogue([row, CARD], HOME) == decode_catalogue([CARD], HOME)


@pytest.mark.parametrize("value", [None, 1, "x", {}, {"agents": {}}, CARD])
def test_what_is_no_list_is_told_apart_from_an_empty_one(value: Any) -> None:
    assert decode_catalogue(value, HOME) is None
    assert decode_catalogue([], HOME) == decode_catalogue({"entries": []}, HOME) == []


def test_a_list_is_read_up_to_a_bound() -> None:
    rows = [{"name": f"a{number}", "url": "https://x.example"} for number in range(2_000)]
    assert len(decode_catalogue(rows, HOME) or ()) == MOST_AGENTS


def test_an_origin_alone_has_its_catalogue_at_a_well_known_path() -> None:
    assert catalogue_urls("https://x.example/") == [
        "https://x.example/.well-known/ai-catalog.json",
        "https://x.example/.well-known/agent-catalog.json",
    ]
    assert catalogue_urls("https://x.example/v1/agents") == ["https://x.example/v1/agents"]
    assert is_searched("http://127.0.0.1:2024/assistants/search")
