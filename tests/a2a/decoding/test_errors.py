import json
from pathlib import Path
from typing import Any

import pytest
from captures import Payload, bodies, capture, payloads
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a_mcp.a2a.decoding.errors import decode_error, is_error
from a2a_mcp.a2a.errors import (
    LONGEST_MESSAGE,
    AgentError,
    AgentFailure,
    AuthenticationRequired,
    Delivery,
    InvalidRequest,
    TaskNotFound,
    VersionNotSupported,
)

# Capture -> [error, code, delivery] of every error that a real server sent.
ERRORS: dict[str, list[Any]] = json.loads(
    (Path(__file__).parent / "errors.json").read_text("utf-8")
)
SENTENCE = "A2A version '1.0' is not supported by this handler. Expected version '0.3'."


def failed(payload: Payload) -> bool:
    if payload.status is None:
        return isinstance(payload.body, dict) and payload.body.get("error") is not None
    return is_error(payload.body, payload.status)


def test_every_error_of_a_real_server_is_understood() -> None:
    found = {}
    for item, payload in payloads():
        if failed(payload):
            error = decode_error(payload.body, status=payload.status, url=None)
            found[item.name] = [type(error).__name__, error.code, error.delivery.value]
    assert found == ERRORS


@pytest.mark.parametrize(
    "name",
    [
        "orig-2025-05/method-not-found-message-send",
        "orig-2025-05/method-not-found-SendMessage",
        "a2a-sdk-0.2.16/method-not-found-SendMessage",
        "a2a-sdk-0.2.16/method-not-found-tasks-send",
        "a2a-sdk-0.3.26/method-not-found-SendMessage",
        "a2a-js-0.3.14/unknown-method-SendMessage",
        "praisonai-1.7.17/SendMessage",
        "a2a-sdk-1.3.0-jsonrpc/no-version-header",
        "a2a-sdk-1.3.0-jsonrpc/legacy-method-no-version",
        "a2a-js-1.3.0/no-version",
        "a2a-js-1.3.0-compat/no-version",
        "a2a-sdk-1.3.0-jsonrpc-compat/v03-send-with-1.0-header",
        "a2a-js-1.3.0-compat/v03-method-version-1.0",
        "a2a-sdk-1.3.0-rest/send-no-version",
        "a2a-sdk-0.3.26-rest/send-no-v1",
    ],
)
def test_a_send_in_the_wrong_dialect_is_known_to_have_done_nothing(name: str) -> None:
    (payload,) = capture(name).payloads()
    error = decode_error(payload.body, status=payload.status, url=None)
    assert error.delivery is Delivery.NEVER


@pytest.mark.parametrize(
    "name",
    [
        "orig-2025-05/part-with-kind-not-type",
        "orig-2025-05/executor-raises",
        "a2a-sdk-0.2.16/no-messageId",
        "a2a-sdk-0.2.16/send-raise",
        "a2a-sdk-1.3.0-jsonrpc/send-aerr",
        "a2a-sdk-1.3.0-rest/send-aerr",
        "fasta2a-2.1.1/unknown-method",
        "python-a2a-0.5.10/message-send-at-root",
    ],
)
def test_an_error_that_proves_nothing_leaves_delivery_unknown(name: str) -> None:
    (payload,) = capture(name).payloads()
    error = decode_error(payload.body, status=payload.status, url=None)
    assert error.delivery is Delivery.UNKNOWN


@pytest.mark.parametrize(
    ("body", "status", "kind", "code"),
    [
        ({"error": {"code": -32001, "message": "m"}}, 200, TaskNotFound, -32001),
        ({"code": -32001, "message": "m"}, 404, TaskNotFound, -32001),
        (
            {"error": {"code": 404, "message": "m", "details": [{"reason": "TASK_NOT_FOUND"}]}},
            404,
            TaskNotFound,
            -32001,
        ),
        (
            {"type": "https://a2a-protocol.org/errors/task-not-found", "title": "t", "detail": "m"},
            404,
            TaskNotFound,
            -32001,
        ),
        ({"type": "about:blank", "title": "m"}, 500, AgentError, None),
        ({"error": "m", "message": ""}, 500, AgentError, None),
        ({"detail": "m"}, 500, AgentError, None),
        ("m", 500, AgentError, None),
        ({"code": 401, "message": "m"}, 401, AuthenticationRequired, None),
        ({"error": {"code": 403, "message": "m"}}, 403, AuthenticationRequired, None),
        ({"error": {"code": -32000, "message": "m"}}, 401, AuthenticationRequired, -32000),
        ({"error": {"code": -32602, "message": "m"}}, 403, InvalidRequest, -32602),
        ({"error": {"code": True, "message": "m"}}, 500, AgentError, None),
        ({"error": {"code": "-32001", "message": "m"}}, 500, AgentError, None),
    ],
)
def test_an_error_is_found_in_every_shape(
    body: Any, status: int, kind: type[AgentError], code: int | None
) -> None:
    error = decode_error(body, status=status, url="https://agent.example")
    assert (type(error), error.code, error.message) == (kind, code, "m")
    assert (error.status, error.url) == (status, "https://agent.example")


@pytest.mark.parametrize("body", [None, {}, [], "", 0.5, {"error": []}, {"message": {"a": 1}}])
def test_an_error_without_words_names_the_status(body: Any) -> None:
    error = decode_error(body, status=502, url=None)
    assert error.message == "HTTP 502 without a reason"


@pytest.mark.parametrize("status", [401, 403, 404, 405, 415, 429, 501])
def test_a_refusal_at_the_door_reached_no_agent(status: int) -> None:
    assert decode_error("no", status=status, url=None).delivery is Delivery.NEVER


@pytest.mark.parametrize("status", [400, 408, 409, 422, 500, 502, 503, 504, None])
def test_other_statuses_prove_nothing(status: int | None) -> None:
    assert decode_error("no", status=status, url=None).delivery is Delivery.UNKNOWN


def test_a_missing_task_at_404_proves_nothing_about_a_send() -> None:
    body = {"jsonrpc": "2.0", "error": {"code": -32001, "message": "Task not found"}}
    assert decode_error(body, status=404, url=None).delivery is Delivery.UNKNOWN


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (SENTENCE, VersionNotSupported),
        (f"ValueError: {SENTENCE}", AgentFailure),
        (f"{SENTENCE} said my tool", AgentFailure),
        ("A2A version '1.0' is not supported by this handler", AgentFailure),
        ("A2A version 'x' did this: y ' is not supported by this handler.", AgentFailure),
    ],
)
def test_only_the_whole_sentence_about_the_version_proves_a_refusal(
    message: str, kind: type[AgentError]
) -> None:
    body = {"jsonrpc": "2.0", "error": {"code": -32603, "message": message}}
    error = decode_error(body, status=200, url=None)
    never = error.delivery is Delivery.NEVER
    assert (type(error), never) == (kind, kind is VersionNotSupported)


def test_one_alternative_that_knows_the_method_makes_it_a_known_method() -> None:
    (body,) = bodies("a2a-sdk-0.2.16/method-not-found-SendMessage") or [None]
    assert body is None  # an error has no result
    (payload,) = capture("a2a-sdk-0.2.16/method-not-found-SendMessage").payloads()
    faults = payload.body["error"]["data"]
    kept = [fault for fault in faults if fault["loc"] != ["SendMessageRequest", "method"]]
    answer = {"error": {"code": -32600, "message": "m", "data": kept}}
    assert decode_error(answer, status=200, url=None).delivery is Delivery.UNKNOWN


@pytest.mark.parametrize("data", [None, [], "method", [{}], [{"type": "literal_error"}]])
def test_an_invalid_request_without_such_faults_proves_nothing(data: Any) -> None:
    answer = {"error": {"code": -32600, "message": "m", "data": data}}
    assert decode_error(answer, status=200, url=None).delivery is Delivery.UNKNOWN


def test_an_agents_words_are_bounded() -> None:
    error = decode_error({"message": "x" * 100_000}, status=500, url=None)
    assert len(error.message) == LONGEST_MESSAGE


@pytest.mark.parametrize(
    ("body", "status", "wrong"),
    [
        ({"jsonrpc": "2.0", "error": {"code": -32001}}, 200, True),
        ({"jsonrpc": "2.0", "error": None, "result": {}}, 200, False),
        ({"jsonrpc": "2.0", "id": 1}, 200, False),
        ({"task": {}}, 200, False),
        ({"task": {}}, 400, True),
        ("<html>", 404, True),
        (None, 204, False),
    ],
)
def test_an_answer_is_an_error_by_its_body_first_and_its_status_then(
    body: Any, status: int, wrong: bool
) -> None:
    assert is_error(body, status) is wrong


ERROR_KEYS = st.sampled_from(
    ["error", "code", "message", "data", "details", "reason", "type", "title", "detail", "loc"]
)
ANY_ERROR = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["method", "literal_error", "union_tag_invalid", "TASK_NOT_FOUND", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ERROR_KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300)
@given(ANY_ERROR, st.sampled_from([None, 200, 401, 404, 500]))
def test_no_json_makes_the_reading_of_an_error_fail(body: Any, status: int | None) -> None:
    error = decode_error(body, status=status, url=None)
    assert isinstance(error, AgentError)
    assert error.message


def test_deep_nesting_in_an_error_is_passed_over() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    body = {"error": {"code": 500, "message": deep, "details": [{"reason": deep}]}}
    assert decode_error(body, status=500, url=None).message == "HTTP 500 without a reason"
