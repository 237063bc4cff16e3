"""Push configurations: where each version sends them, and how each version's answers are read."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from faults import Request, ok, serving
from test_client import ALL, NAMES, calling, replying

from a2a_mcp.a2a.client import A2AClient
from a2a_mcp.a2a.errors import (
    InvalidAgentResponse,
    PushNotificationNotSupported,
    UnsupportedOperation,
)
from a2a_mcp.a2a.requests import (
    CreatePushConfigRequest,
    DeletePushConfigRequest,
    GetPushConfigRequest,
    ListPushConfigsRequest,
    PushConfig,
    PushConfigPage,
)
from a2a_mcp.a2a.versions import v0_1, v1_0

pytestmark = pytest.mark.anyio

HOOK = PushConfig(
    url="https://hooks.example/a", id="p/1", token="t", scheme="Bearer", credentials="c"
)
NESTED = {
    "url": HOOK.url,
    "id": "p/1",
    "token": "t",
    "authentication": {"schemes": ["Bearer"], "credentials": "c"},
}
FLAT = {
    "taskId": "t/1",
    "url": HOOK.url,
    "id": "p/1",
    "token": "t",
    "authentication": {"scheme": "Bearer", "credentials": "c"},
}
RESOURCE = {"name": "tasks/t/1/pushNotificationConfigs/p/1", "pushNotificationConfig": NESTED}
ANSWERS: dict[str, Any] = {
    "1.0": FLAT,
    "0.3": {"taskId": "t/1", "pushNotificationConfig": NESTED},
    "0.3, a named resource": RESOURCE,
    "0.1": {"id": "t/1", "pushNotificationConfig": NESTED},
}

Call = Callable[[A2AClient], Any]
CALLS: dict[str, Call] = {
    "create": lambda it: it.create_push(CreatePushConfigRequest(task_id="t/1", config=HOOK)),
    "get": lambda it: it.get_push(GetPushConfigRequest(task_id="t/1", id="p/1")),
    "list": lambda it: it.list_push(ListPushConfigsRequest(task_id="t/1")),
    "delete": lambda it: it.delete_push(DeletePushConfigRequest(task_id="t/1", id="p/1")),
}
CONFIGS = "tasks/t%2F1/pushNotificationConfigs"
DIALLED = {
    ("1.0-jsonrpc", "create"): "POST /a2a CreateTaskPushNotificationConfig",
    ("1.0-jsonrpc", "get"): "POST /a2a GetTaskPushNotificationConfig",
    ("1.0-jsonrpc", "list"): "POST /a2a ListTaskPushNotificationConfigs",
    ("1.0-jsonrpc", "delete"): "POST /a2a DeleteTaskPushNotificationConfig",
    ("1.0-rest", "create"): f"POST /a2a/{CONFIGS}",
    ("1.0-rest", "get"): f"GET /a2a/{CONFIGS}/p%2F1",
    ("1.0-rest", "list"): f"GET /a2a/{CONFIGS}",
    ("1.0-rest", "delete"): f"DELETE /a2a/{CONFIGS}/p%2F1",
    ("0.3-jsonrpc", "create"): "POST /a2a tasks/pushNotificationConfig/set",
    ("0.3-jsonrpc", "get"): "POST /a2a tasks/pushNotificationConfig/get",
    ("0.3-jsonrpc", "list"): "POST /a2a tasks/pushNotificationConfig/list",
    ("0.3-jsonrpc", "delete"): "POST /a2a tasks/pushNotificationConfig/delete",
    ("0.2-jsonrpc", "create"): "POST /a2a tasks/pushNotificationConfig/set",
    ("0.3-rest", "create"): f"POST /a2a/v1/{CONFIGS}",
    ("0.3-rest", "get"): f"GET /a2a/v1/{CONFIGS}/p%2F1",
    ("0.3-rest", "delete"): f"DELETE /a2a/v1/{CONFIGS}/p%2F1",
}


@pytest.mark.parametrize(("name", "call"), DIALLED)
async def test_a_call_goes_where_its_version_says(name: str, call: str) -> None:
    dialect = ALL[NAMES.index(name)]
    result = {"configs": [FLAT]} if call == "list" else FLAT
    async with serving(replying(result)) as server, calling(server, dialect) as client:
        await CALLS[call](client)
        (request,) = server.requests
    body = json.loads(request.body) if request.body else {}
    dialled = f"{request.verb} {request.target} {body.get('method', '')}".strip()
    assert dialled == DIALLED[name, call]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_the_answer_of_each_version_is_read_alike(answer: Any) -> None:
    async with serving(replying(answer)) as server, calling(server) as client:
        assert await CALLS["get"](client) == HOOK


@pytest.mark.parametrize(
    ("answer", "page"),
    [
        (
            {"configs": [FLAT], "nextPageToken": "n"},
            PushConfigPage(configs=(HOOK,), next_page_token="n"),
        ),
        ([ANSWERS["0.3"]], PushConfigPage(configs=(HOOK,))),
        ({}, PushConfigPage()),
        ([], PushConfigPage()),
    ],
)
async def test_a_list_is_a_page_or_an_array(answer: Any, page: PushConfigPage) -> None:
    async with serving(replying(answer)) as server, calling(server) as client:
        assert await CALLS["list"](client) == page


async def test_a_resources_name_gives_the_id_that_the_configuration_leaves_out() -> None:
    bare = {key: value for key, value in NESTED.items() if key != "id"}
    named = {"name": "tasks/t1/pushNotificationConfigs/p1", "pushNotificationConfig": bare}
    async with serving(replying(named)) as server, calling(server) as client:
        assert (await CALLS["get"](client)).id == "p1"


async def test_a_created_configuration_keeps_scheme_and_credentials() -> None:
    async with serving(replying(FLAT)) as server, calling(server) as client:
        await CALLS["create"](client)
        (request,) = server.requests
    assert json.loads(request.body)["params"] == FLAT


def _empty(request: Request) -> bytes:
    asked = json.loads(request.body) if request.body else None
    return ok({"jsonrpc": "2.0", "id": asked["id"]}) if asked else ok({})


@pytest.mark.parametrize("name", NAMES)
async def test_a_removal_needs_no_result(name: str) -> None:
    # a2a-sdk 0.x answers without a result member at all
    async with serving(_empty) as server, calling(server, ALL[NAMES.index(name)]) as client:
        await CALLS["delete"](client)


async def test_an_answer_without_a_url_is_no_configuration() -> None:
    async with serving(replying({"id": "p1"})) as server, calling(server) as client:
        with pytest.raises(InvalidAgentResponse, match="expected a push configuration"):
            await CALLS["get"](client)


async def test_an_agent_without_push_is_told_apart() -> None:
    error = {"code": -32003, "message": "no push here"}

    def refuse(request: Request) -> bytes:
        return ok({"jsonrpc": "2.0", "id": json.loads(request.body)["id"], "error": error})

    async with serving(refuse) as server, calling(server, v1_0.JSONRPC) as client:
        with pytest.raises(PushNotificationNotSupported, match="no push here"):
            await CALLS["create"](client)


@pytest.mark.parametrize("call", ["list", "delete"])
async def test_the_first_version_cannot_list_or_remove(call: str) -> None:
    async with serving(replying({})) as server, calling(server, v0_1.JSONRPC) as client:
        with pytest.raises(UnsupportedOperation, match="has no"):
            await CALLS[call](client)
        assert not server.requests
