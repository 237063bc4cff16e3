"""The library's errors."""

from a2a_mcp.a2a.errors import AuthenticationRequired, Delivery


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
