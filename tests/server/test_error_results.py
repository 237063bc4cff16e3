"""What a model reads after an error: what happened, whether the message arrived, what to do."""

from __future__ import annotations

from typing import Any

import mcp.types as t
import pytest

from a2a_mcp.a2a import errors as wire
from a2a_mcp.a2a.errors import A2AError, AgentError, Delivery
from a2a_mcp.server.error_results import FailedCall, of_agent_error


def text_of(answer: t.CallToolResult) -> str:
    return "".join(block.text for block in answer.content if isinstance(block, t.TextContent))


def advice(failure: A2AError, **call: Any) -> str:
    answer = of_agent_error(failure, FailedCall("weather", **call), str)
    return str((answer.structured_content or {})["next_step"])


def test_a_message_that_was_not_delivered_may_be_sent_again() -> None:
    failure = wire.AgentUnreachable("no connection", delivery=Delivery.NEVER)
    said = advice(failure, task_id="t1", sent=True)
    assert "Try again later" in said
    assert "not send it again" not in said


def test_only_an_undelivered_message_makes_an_agent_unreachable() -> None:
    refused = wire.AgentUnreachable("no connection", delivery=Delivery.NEVER)
    broken = wire.AgentUnreachable("the connection broke before the answer was complete")
    errors = (of_agent_error(it, FailedCall("weather", sent=True), str) for it in (refused, broken))
    said = [str((answer.structured_content or {})["error"]) for answer in errors]
    assert said[0].startswith("The agent 'weather' could not be reached: no connection.")
    assert said[1].startswith("The agent 'weather' did not answer in full: the connection broke")


def test_a_failed_cancel_is_to_be_repeated() -> None:
    failure = wire.AgentUnreachable("no connection")
    assert "not cancelled" in advice(failure, task_id="t1", cancels=True)
    assert "cancel_task" in advice(failure, task_id="t1", cancels=True)
    assert "get_task" in advice(failure, task_id="t1")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_task_that_could_not_be_read_just_now_is_read_again_later(status: int) -> None:
    failure = wire.AgentError("busy", status=status)
    assert "call get_task with this task_id later" in advice(failure, task_id="t1")
    assert "cancel_task with this task_id again" in advice(failure, task_id="t1", cancels=True)


@pytest.mark.parametrize(
    "failure",
    [
        wire.InvalidAgentResponse("HTML"),
        wire.AgentFailure("boom"),
        wire.AgentError("no"),
        wire.InvalidRequest("no", code=-32600),
        wire.TaskNotCancelable("no", code=-32002),
        wire.ExtendedCardNotConfigured("no", code=-32007),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_message_of_unknown_delivery_is_not_sent_to_another_agent(
    failure: A2AError,
) -> None:
    assert "may have been carried out, and send it again only if" in advice(failure, sent=True)
    assert "another agent" not in advice(failure, sent=True)
    failure.handle = "pending-1"
    assert "find out by get_task with this task_id" in advice(failure, sent=True)


@pytest.mark.parametrize(
    ("named", "step"),
    [(120, "Try again in 120 s"), (None, "Try again later"), (float("inf"), "Try again later")],
)
def test_an_agent_that_wants_fewer_calls_is_tried_again_when_it_says(
    named: float | None, step: str
) -> None:
    failure = AgentError("slow down", status=429, delivery=Delivery.NEVER, retry_after=named)
    assert advice(failure, sent=True) == f"{step}, or use another agent."


ERRORS = [
    kind
    for kind in vars(wire).values()
    if isinstance(kind, type) and issubclass(kind, A2AError) and kind is not A2AError
]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("delivery", Delivery)
def test_each_kind_of_failure_names_the_agent_its_words_and_a_next_step(
    kind: type[A2AError], delivery: Delivery
) -> None:
    failure = kind("the agent's\x1b[31m words", delivery=delivery, url="https://a.example/x")
    answer = of_agent_error(failure, FailedCall("weather", sent=True), str)
    structure = answer.structured_content or {}
    assert answer.is_error
    assert structure["agent"] == "weather"
    assert structure["next_step"]
    assert "'weather'" in structure["error"]
    assert "\x1b" not in text_of(answer)
    assert ("not delivered" in text_of(answer)) == (delivery is Delivery.NEVER)


def test_the_agents_code_and_words_are_shown_and_cut() -> None:
    failure = AgentError("w" * 5_000, code=-32050, data={"trace": "stack"})
    answer = of_agent_error(failure, FailedCall("weather"), str)
    assert "(code -32050)" in text_of(answer)
    assert "stack" not in text_of(answer)
    assert len(text_of(answer)) < 1_200


@pytest.mark.parametrize("status", [404, 405])
def test_where_an_address_takes_no_calls_the_endpoint_is_named(status: int) -> None:
    failure = wire.AgentError("Method Not Allowed", status=status, delivery=Delivery.NEVER)
    said = advice(failure, sent=True)
    assert "comes from the agent's card" in said
    assert "set endpoint" in said


@pytest.mark.parametrize(
    ("challenge", "suggested"),
    [
        ('Bearer resource_metadata="https://a.example/.well-known/oauth-protected-resource"', True),
        ("Bearer", False),
        (None, False),
    ],
)
def test_a_challenge_that_names_an_authorization_server_is_a_suggestion(
    challenge: str | None, suggested: bool
) -> None:
    failure = wire.AuthenticationRequired("no", status=401, delivery=Delivery.NEVER)
    failure.challenge = challenge
    assert ("issuer" in advice(failure)) is suggested
    assert "auth" in advice(failure)
