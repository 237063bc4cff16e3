"""How many calls a caller may make: a burst, then one by one."""

from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.server.rates import MINUTE, MOST_CALLERS, CallRates


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_allowed_then_the_rate_and_the_wait_is_told() -> None:
    clock = Clock()
    rates = CallRates(clock)
    burst = [rates.take("alice", 60, 5) for _ in range(6)]
    assert burst == [0.0] * 6
    assert rates.take("alice", 60, 5) == 1.0
    assert rates.take("bob", 60, 5) == 0.0, "another caller is not in the way"
    clock.now += 1
    assert rates.take("alice", 60, 5) == 0.0
    assert rates.take("alice", 60, 5) == 1.0


def test_callers_at_rest_are_forgotten() -> None:
    clock = Clock()
    rates = CallRates(clock)
    for number in range(MOST_CALLERS):
        rates.take(f"owner-{number}", 60, 5)
    clock.now += MINUTE
    rates.take("one more", 60, 5)
    assert len(rates._times) == 1


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(1, 600), st.floats(0.1, 30))
def test_in_no_span_are_there_more_calls_than_the_rate_and_the_burst_allow(
    pauses: list[float], per_minute: int, burst: float
) -> None:
    clock = Clock()
    rates = CallRates(clock)
    allowed = []
    for pause in pauses:
        clock.now += pause
        if rates.take("alice", per_minute, burst) == 0:
            allowed.append(clock.now)
    for first, begin in enumerate(allowed):
        for last in range(first, len(allowed)):
            span = allowed[last] - begin
            most = (span + burst) * per_minute / MINUTE + 2
            assert last - first + 1 <= most
