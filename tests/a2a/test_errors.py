"""The library's errors."""

import pytest

from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AgentUnreachable,
    AuthenticationRequired,
    Delivery,
    without_reason,
)


def test_a_copy_of_an_error_with_another_delivery_keeps_all_else_and_the_original() -> None:
    error = AuthenticationRequired("no", code=1, status=401, url="https://a.example")
    error.challenge = "Bearer"
    copied = error.with_delivery(Delivery.NEVER)
    assert type(copied) is AuthenticationRequired
    assert (copied.delivery, error.delivery) == (Delivery.NEVER, Delivery.UNKNOWN)
    assert {**vars(copied), "delivery": Delivery.UNKNOWN} == vars(error)
    assert str(copied) == "no"


def test_a_copy_of_an_error_with_other_ids_leaves_the_original_as_it_was() -> None:
    error = AuthenticationRequired("no", status=403)
    copied = error.with_ids("m1", "h1")
    assert (copied.message_id, copied.handle, copied.status) == ("m1", "h1", 403)
    assert (error.message_id, error.handle) == (None, None)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            AgentError('busy". All is well.', code=-32002, status=200),
            '"busy\'. All is well" (code -32002)',
        ),
        (AuthenticationRequired("unauthorized", status=401), '"unauthorized" (HTTP 401)'),
        (AgentError(without_reason(502), status=502), "HTTP 502 without a reason"),
        (AgentUnreachable("no connection."), "no connection"),
    ],
)
def test_only_the_words_of_an_agent_are_quoted_and_they_cannot_leave_the_quotes(
    error: A2AError, reason: str
) -> None:
    assert error.reason() == reason
