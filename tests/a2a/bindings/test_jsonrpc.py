from typing import Any

import pytest

from a2a_mcp.a2a.bindings.jsonrpc import belongs, build
from a2a_mcp.a2a.bindings.rest import build as build_rest

URL = "https://agent.example/rpc?key=1"


def test_a_call_is_one_post_at_the_url_as_it_is() -> None:
    made = build(URL, "GetTask", {"id": "t"})
    assert (made.verb, made.url, dict(made.query)) == ("POST", URL, {})
    body = dict(made.body)
    assert isinstance(body.pop("id"), str)
    assert body == {"jsonrpc": "2.0", "method": "GetTask", "params": {"id": "t"}}


def test_every_call_has_its_own_id() -> None:
    ids = {build(URL, "GetTask", {}).body["id"] for _ in range(100)}
    assert len(ids) == 100


def test_a_tenant_is_one_of_the_params_and_the_callers_params_stay_as_they_were() -> None:
    params = {"id": "t"}
    assert build(URL, "GetTask", params, "acme").body["params"] == {"id": "t", "tenant": "acme"}
    assert params == {"id": "t"}


def test_no_tenant_is_no_param() -> None:
    assert "tenant" not in build(URL, "GetTask", {}, "").body["params"]


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ({"jsonrpc": "2.0", "id": "mine"}, True),
        ({"jsonrpc": "2.0", "id": None}, True),
        ({"jsonrpc": "2.0"}, True),
        ({"id": "a task without an envelope"}, True),
        ("<html>", True),
        ({"jsonrpc": "2.0", "id": "another"}, False),
        ({"jsonrpc": "2.0", "id": 1}, False),
    ],
)
def test_an_answer_to_another_call_is_told_by_its_id(answer: Any, right: bool) -> None:
    made = build(URL, "GetTask", {})
    made.body["id"] = "mine"
    assert belongs(answer, made) is right


def test_calls_over_http_json_have_no_ids_to_compare() -> None:
    made = build_rest(URL, "POST /message:send", {"id": "t"})
    assert belongs({"jsonrpc": "2.0", "id": "x"}, made)
