from a2a_mcp.a2a.decoding.json_values import integers


def test_numbers_beyond_what_a_float_holds_exactly_are_not_touched() -> None:
    assert integers(2.0**53) == 2**53
    assert integers(1e300) == 1e300
    assert isinstance(integers(1e300), float)
